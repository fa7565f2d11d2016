#!/usr/bin/env bash
# Prints a directory with include/node of the running node, for native parts: beside node, in /usr, or from npm's package of that
# very version, which it fetches. For setup.sh and core/pacemaker/scripts/prebuild.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(node -p process.versions.node)

headers_fit() {
  [ -f "$1/include/node/node_version.h" ] || return 1
  local found
  found=$(awk '/define NODE_(MAJOR|MINOR|PATCH)_VERSION/ { v = v "." $3 } END { print substr(v, 2) }' "$1/include/node/node_version.h")
  [ "$found" = "$version" ]
}

for dir in "$(node -p 'require("path").resolve(process.execPath, "../..")')" /usr /usr/local "$PWD/build/node-$version"; do
  if headers_fit "$dir"; then
    echo "$dir"
    exit 0
  fi
done
echo "==> fetching the headers of node $version" >&2
mkdir -p "$dir"
archive=$(cd build && npm pack --silent "node-$(node -p 'process.platform + "-" + process.arch')@$version")
tar -xzf "build/$archive" -C "$dir" --strip-components=1 package/include
rm "build/$archive"
echo "$dir"
