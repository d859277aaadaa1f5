#!/usr/bin/env bash
# What a change of the examples must pass. Takes the program from RATCHETD_BIN, or target/debug/ratchetd, and the browser from
# CHROMIUM. They use the TypeScript client, which its own check has built, or which is built here.
set -euo pipefail
cd "$(dirname "$0")"
export RATCHETD_BIN=${RATCHETD_BIN:-$(realpath ..)/target/debug/ratchetd}

client=../clients/typescript
if [[ ! -d $client/node_modules || ! -d $client/dist ]]; then
  npm --prefix "$client" ci --no-audit --no-fund --loglevel=error
  npm --prefix "$client" run --silent build
fi

for example in waku-relay web-chat; do
  echo "-- $example"
  rm -rf "$example/build"
  npm --prefix "$example" ci --no-audit --no-fund --loglevel=error
  (cd "$example" && npm test --silent)
done
