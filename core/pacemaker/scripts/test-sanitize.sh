#!/usr/bin/env bash
# `npm run test:sanitize --workspace @mainstay/pacemaker`: builds the addon with the address and undefined-behaviour sanitizers
# of gcc and runs the tests that use it. Needs root, gcc and its sanitizer libraries, and a built test package (`npx tsc -b`).
# Leaks are not looked for: Node keeps memory until its end by design.
set -euo pipefail
cd "$(dirname "$0")/.."
headers="$(node -p 'require("node:path").join(process.execPath, "../../include/node")')"
mkdir -p build/Sanitize
gcc -std=c11 -g -O1 -shared -fPIC -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined \
  -Wall -Wextra -Werror -DNODE_GYP_MODULE_NAME=pacemaker -DNAPI_VERSION=8 -D_GNU_SOURCE -I"$headers" \
  native/*.c -o build/Sanitize/pacemaker.node
cd ../..
# raw-socket gives its poll handle back through a pointer to a smaller type, which the C library does not mind.
export ASAN_OPTIONS="detect_leaks=0:new_delete_type_mismatch=0:log_path=$PWD/core/pacemaker/build/Sanitize/report"
export UBSAN_OPTIONS="print_stacktrace=1"
export NODE_OPTIONS="--require $PWD/core/pacemaker/scripts/redirect-addon.cjs"
rm -f core/pacemaker/build/Sanitize/report.*
[ $# -gt 0 ] || set -- 'test/dist/unit/ports/pacemaker*.test.js' 'test/dist/contract/*.test.js'
LD_PRELOAD="$(gcc -print-file-name=libasan.so)" node node_modules/mocha/bin/mocha.js --timeout 30000 "$@"
if ls core/pacemaker/build/Sanitize/report.* 2> /dev/null; then
  echo 'the sanitizer reported: see the files above' >&2
  exit 1
fi
