#!/usr/bin/env bash
# `npm test`: sets up, with the peers to test against, and runs every test. Arguments name groups: `npm test -- unit fuzz`.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh test
exec node scripts/test.mjs "$@"
