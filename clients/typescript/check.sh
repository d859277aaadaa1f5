#!/usr/bin/env bash
# What a change of the client must pass. Takes the program from RATCHETD_BIN, or target/debug/ratchetd.
set -euo pipefail
cd "$(dirname "$0")"

command -v node >/dev/null || { echo "node is needed, 20 or later" >&2; exit 1; }
rm -rf build dist
npm ci --no-audit --no-fund --loglevel=error
npm run build:ui -- --check
npm test
