#!/usr/bin/env bash
# `npm start`: sets up and shows a failover. In network namespaces as root, in the simulator otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh run
exec node examples/failover/dist/main.js "$@"
