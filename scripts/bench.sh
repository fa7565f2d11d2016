#!/usr/bin/env bash
# `npm run bench [-- NAME...]`: sets up, with the programs to compare to, and measures. docs/benchmarks.md explains the figures.
set -euo pipefail
cd "$(dirname "$0")/.."
case " $* " in *' --help '*) ;; *) bash scripts/setup.sh bench ;; esac
exec node test/dist/bench/main.js "$@"
