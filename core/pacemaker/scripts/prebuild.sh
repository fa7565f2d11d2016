#!/usr/bin/env bash
# Compiles the addon for the machines that a published package serves: `prebuild.sh [--all] [--to DIRECTORY] [TARGET...]`, by
# default every target into prebuilds/TARGET/pacemaker.node. Sources and flags are those of binding.gyp. A target whose compiler is
# missing is named and left out; with --all that is a failure. Debian packages: gcc libc6-dev musl-tools gcc-aarch64-linux-gnu
# libc6-dev-arm64-cross.
set -euo pipefail
cd "$(dirname "$0")/.."
exec >&2 # What is printed is for people; callers such as `npm pack` read standard output.

known=(linux-x64-glibc linux-x64-musl linux-arm64-glibc linux-arm64-musl)
glibc_floor=2.28
all=no to=prebuilds targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --all) all=yes ;;
    --to) to=$2; shift ;;
    *) targets+=("$1") ;;
  esac
  shift
done
[ ${#targets[@]} -gt 0 ] || targets=("${known[@]}")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say() { printf 'prebuild: %s\n' "$*"; }
has() { command -v "$1" > /dev/null 2>&1; }

# binding.gyp is JSON: one list of sources and flags for node-gyp and for here.
list() { node -p "JSON.parse(require('node:fs').readFileSync('binding.gyp', 'utf8')).targets[0].$1.join('\n')"; }
mapfile -t sources < <(list sources)
mapfile -t defines < <(list defines)
mapfile -t cflags < <(list cflags)
mapfile -t ldflags < <(list ldflags)
node_include=$(bash ../../scripts/node-headers.sh)/include/node
# What node-gyp adds by itself, as far as it matters to C; no debug information, and the same bytes wherever it is compiled.
common=(-O2 -fPIC -pthread -fno-omit-frame-pointer "-ffile-prefix-map=$PWD=." -DNODE_GYP_MODULE_NAME=pacemaker
  -D_FILE_OFFSET_BITS=64 -D_LARGEFILE_SOURCE -DBUILDING_NODE_EXTENSION "${defines[@]/#/-D}" "${cflags[@]}" -I"$node_include")

# The kernel's headers apart from those of glibc, for musl.
kernel_headers() {
  mkdir -p "$work/kernel-$1"
  ln -sfn "$2/linux" "$2/asm-generic" "$work/kernel-$1"
  ln -sfn "$3/asm" "$work/kernel-$1/asm"
}

# musl of another architecture, from Debian's package; asks for it in lists of its own, so that the system's stay as they are.
musl_arm64=
fetch_musl_arm64() {
  if [ -f /usr/include/aarch64-linux-musl/stdio.h ]; then return; fi
  has apt-get && has dpkg-deb || return 1
  local apt=$work/apt source=/etc/apt/sources.list.d/debian.sources
  [ -f $source ] || source=/etc/apt/sources.list
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  local options=(-q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=
    -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o Dir::Etc::SourceParts=/dev/null -o "Dir::Etc::SourceList=$source")
  (cd "$apt" && apt-get "${options[@]}" update && apt-get "${options[@]}" download musl-dev musl) > "$apt/log" 2>&1 || return 1
  local archive
  for archive in "$apt"/*.deb; do dpkg-deb -x "$archive" "$work/musl-arm64"; done
  musl_arm64=$work/musl-arm64
}

left_out=0
# Always answers 0, as `set -e` does not hold within a condition; says what is left out and why.
leave_out() {
  say "$1 left out: $2"
  left_out=$((left_out + 1))
}

compile() {
  local target=$1 out=$to/$1/pacemaker.node cc tools='' before=() after=()
  case $target in
    linux-x64-glibc) cc=gcc before=(-m64 -include scripts/glibc-floor.h) ;;
    linux-x64-musl) cc=musl-gcc ;;
    # Without outline atomics libgcc asks nothing of the C library.
    linux-arm64-*) cc=aarch64-linux-gnu-gcc tools=aarch64-linux-gnu- before=(-mno-outline-atomics) ;;
    *) say "there is no target $target: ${known[*]}"; exit 2 ;;
  esac
  case $target in *-x64-*) [ "$(uname -m)" = x86_64 ] || cc=x86_64-linux-gnu-gcc tools=x86_64-linux-gnu- ;; esac
  has $cc || { leave_out "$target" "$cc is not installed"; return 0; }
  # gcc for another architecture comes without headers, and would read those of this one.
  [ -z "$tools" ] || [ -d "/usr/${tools%-}/include/linux" ] || { leave_out "$target" "libc6-dev-*-cross is not installed"; return 0; }
  case $target in
    linux-arm64-glibc) before+=(-include scripts/glibc-floor.h) ;;
    linux-x64-musl)
      kernel_headers x64 /usr/include /usr/include/x86_64-linux-gnu
      before+=(-isystem "$work/kernel-x64") ;;
    linux-arm64-musl)
      fetch_musl_arm64 || { leave_out "$target" "Debian's musl-dev for arm64 cannot be fetched"; return 0; }
      kernel_headers arm64 /usr/aarch64-linux-gnu/include /usr/aarch64-linux-gnu/include
      before+=(-nostdinc -isystem "$musl_arm64/usr/include/aarch64-linux-musl" -isystem "$($cc -print-file-name=include)"
        -isystem "$work/kernel-arm64")
      before+=(-nostdlib)
      # By its file name: `-lc` would take libc.a, and a second C library into the process.
      after=("-L$musl_arm64/lib/aarch64-linux-musl" -l:libc.so -lgcc) ;;
  esac
  mkdir -p "$to/$target"
  $cc "${before[@]}" "${common[@]}" -shared "${sources[@]}" "${ldflags[@]}" -Wl,-soname=pacemaker.node "${after[@]}" -o "$out"
  ${tools}strip --strip-unneeded "$out"
  check "$target" "$out" "$tools"
}

# What the binary asks of the C library: glibc's no newer than the floor, musl's of no glibc at all. And it gives nothing but its door.
check() {
  local target=$1 out=$2 tools=$3 asks versions gives
  gives=$(${tools}objdump -T "$out" | awk '$2 ~ /^[gw]$/ && !/\*UND\*/ { print $NF }' | grep -vE '^(n[a-z_]*api_.*|_init|_fini)$' | paste -sd ' ' || true)
  [ -z "$gives" ] || { say "$target shows symbols to others: ${gives:0:200}"; exit 1; }
  asks=$(${tools}objdump -p "$out" | awk '$1 == "NEEDED" { print $2 }' | paste -sd ' ')
  versions=$(${tools}objdump -T "$out" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -uV || true)
  case $target in
    *-glibc)
      [ "$(printf '%s\n' "$versions" "$glibc_floor" | sort -V | tail -1)" = $glibc_floor ] ||
        { say "$target asks for glibc $(tail -1 <<< "$versions"): complete scripts/glibc-floor.h"; exit 1; } ;;
    *-musl)
      [ -z "$versions" ] && [[ "$asks" = libc.so ]] || { say "$target asks for glibc: $asks $versions"; exit 1; } ;;
  esac
  say "$target: $(stat -c %s "$out") bytes, needs ${asks:-nothing by name}${versions:+, glibc $(tail -1 <<< "$versions")}"
}

for target in "${targets[@]}"; do
  rm -rf "${to:?}/$target" # A binary of earlier sources is worse than none.
  compile "$target"
done
[ $all = no ] || [ $left_out = 0 ]
