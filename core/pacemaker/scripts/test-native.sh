#!/usr/bin/env bash
# `npm run test:native --workspace @mainstay/pacemaker`: the C of the pacemaker thread without Node, as root. A stress test under
# the thread sanitizer and under the address sanitizer (which also looks for leaks), and a fuzzer of all that reads what strangers
# send. Arguments: executions of the fuzzer (default 10,000,000), seconds of stress (default 5), seed (default 1).
set -euo pipefail
cd "$(dirname "$0")/.."
executions=${1:-10000000}
seconds=${2:-5}
seed=${3:-1}
out=build/Native
mkdir -p "$out"
flags=(-std=c11 -g -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -fno-omit-frame-pointer)
core=()
for file in native/*.c; do
  # What includes Node-API directly or through a header of the addon is not part of the core.
  grep -qE '#include ("(api|entries|socket|values)\.h"|<node_api\.h>)' "$file" || core+=("$file")
done

gcc "${flags[@]}" -O1 -fsanitize=thread native/test/stress.c "${core[@]}" -pthread -o "$out/stress-tsan"
gcc "${flags[@]}" -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined \
  native/test/stress.c "${core[@]}" -pthread -o "$out/stress-asan"
gcc "${flags[@]}" -O2 -fsanitize=address,undefined -fno-sanitize-recover=undefined \
  native/test/fuzz.c native/decode.c native/match.c native/memory.c native/ring.c native/schedule.c -o "$out/fuzz"

# gcc's thread sanitizer does not know the memory layout of kernels that randomize more of it.
plain=()
setarch -R true 2> /dev/null && plain=(setarch -R)
TSAN_OPTIONS=halt_on_error=1 "${plain[@]}" "$out/stress-tsan" "$seconds" "$seed"
ASAN_OPTIONS=detect_leaks=1 "$out/stress-asan" "$seconds" "$seed"
ASAN_OPTIONS=quarantine_size_mb=16 "$out/fuzz" "$executions" "$seed"
