#!/usr/bin/env bash
# What a change of the examples must pass. Takes the program from RATCHETD_BIN, or target/debug/ratchetd, and the browser from
# CHROMIUM. Their tests use those of the TypeScript client, and what they need is installed if its own check has not done so.
# web-chat runs what README.md says of two people and of the bot, which takes python3 with venv and pip.
set -euo pipefail
cd "$(dirname "$0")"
export RATCHETD_BIN=${RATCHETD_BIN:-$(realpath ..)/target/debug/ratchetd}

client=../clients/typescript
[[ -d $client/node_modules ]] || npm --prefix "$client" ci --no-audit --no-fund --loglevel=error

for example in waku-relay web-chat; do
  echo "-- $example"
  rm -rf "$example/build"
  npm --prefix "$example" ci --no-audit --no-fund --loglevel=error
  (cd "$example" && npm test --silent)
done
