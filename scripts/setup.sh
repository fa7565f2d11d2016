#!/usr/bin/env bash
# Makes a fresh clone ready: system packages, npm packages, node headers, build. Quick when nothing is missing.
# Called by start.sh (setup.sh run), test.sh (setup.sh test) and bench.sh (setup.sh bench); the latter two also install the peers.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-run}

say() { printf '==> %s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' ||
  { say "Mainstay needs Node.js 20.19 or newer; this is $(node --version)"; exit 1; }

# Debian packages: each a command and the package that brings it.
wanted=(g++:g++ make:make python3:python3 ip:iproute2)
[ "$purpose" = bench ] && wanted+=(keepalived:keepalived /usr/lib/frr/vrrpd:frr gcc:gcc sysctl:procps)
[ "$purpose" = test ] && wanted+=(keepalived:keepalived tshark:tshark tcpdump:tcpdump nft:nftables dnsmasq:dnsmasq-base
  socat:socat redis-server:redis-server nginx:nginx aiosmtpd:python3-aiosmtpd perl:perl-base
  /usr/lib/frr/bfdd:frr /usr/sbin/bird:bird2)
missing=()
for pair in "${wanted[@]}"; do has "${pair%%:*}" || missing+=("${pair##*:}"); done

# Installs packages without letting a service of theirs start.
install_packages() {
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    trap "rm -f $policy" EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -qq -y --no-install-recommends "$@" >/dev/null
  [ -n "$(trap -p EXIT)" ] && { rm -f $policy; trap - EXIT; }
  # The tests start servers of their own; those that came with the packages are not to come up with the host either.
  local service
  for service in nginx redis-server; do
    case " $* " in *" $service "*) has systemctl && systemctl --quiet disable $service 2>/dev/null || true ;; esac
  done
  return 0
}

if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && has apt-get; then
    say "installing ${missing[*]}"
    install_packages "${missing[@]}"
  else
    say "not installed, and only root can: ${missing[*]}"
  fi
fi

can_compile=yes
for tool in g++ make python3; do has $tool || can_compile=no; done
if [ $can_compile = yes ]; then
  headers=$(bash scripts/node-headers.sh)
  export npm_config_nodedir=$headers
fi

version=$(node -p process.versions.node)
# npm packages: again only when the lock file or node changed.
stamp="$version $can_compile $(sha256sum package-lock.json | cut -d' ' -f1)"
if [ "$(cat node_modules/.mainstay-stamp 2>/dev/null)" != "$stamp" ]; then
  say "installing npm packages"
  if [ $can_compile = yes ]; then npm ci --no-audit --no-fund --loglevel=error >&2
  else npm ci --no-audit --no-fund --loglevel=error --ignore-scripts >&2; fi
  echo "$stamp" >node_modules/.mainstay-stamp
fi

say "building"
npx --no-install tsc -b >&2
if [ $can_compile = yes ]; then npm run --silent build --workspace @mainstay/pacemaker >/dev/null
else say "no compiler: only the simulator will work"; fi
