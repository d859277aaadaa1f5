#!/usr/bin/env bash
# Ordinary clients of other languages against a daemon: JSON-RPC over HTTP and WebSocket, server-sent
# events, a client that connects again after a restart, half-closed connections, and what generators
# make of the OpenRPC document.
#
#   tests/clients/run.sh [path/to/ratchetd]
#
# What a runtime is missing for is passed over with a line that says so. Packages are installed into
# a directory of their own (RATCHETD_CLIENTS, a temporary one by default).
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
daemon=$(realpath "${1:-../../target/debug/ratchetd}")
work=$(mktemp -d)
packages=${RATCHETD_CLIENTS:-$work/packages}
mkdir -p "$packages"
data=$work/data
address=127.0.0.1:18645
pid=

start() {
  "$daemon" serve --data-dir "$data" --socket "$work/s" --http "$address" --log-filter warn \
    >"$work/out" 2>>"$work/log" &
  pid=$!
  until grep -q http "$work/out" 2>/dev/null; do
    kill -0 "$pid" 2>/dev/null || { cat "$work/log"; exit 1; }
    sleep 0.05
  done
}
stop() { if [[ -n $pid ]]; then kill "$pid" 2>/dev/null && wait "$pid" || true; pid=; fi; }
trap 'stop; rm -rf "$work"' EXIT

start
RATCHETD_URL=http://$address
RATCHETD_TOKEN=$(cat "$data/rpc.token")
export RATCHETD_URL RATCHETD_TOKEN
failed=0
run() {
  local name=$1
  shift
  if "$@"; then echo "passed: $name"; else echo "FAILED: $name"; failed=1; fi
}

# The request, and then the word that nothing more comes.
half_closed() {
  python3 - "$work/s" <<'PY'
import socket, sys
call = b'{"jsonrpc":"2.0","id":1,"method":"system_version"}'
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
          b"content-length: %d\r\n\r\n%s" % (len(call), call))
s.shutdown(socket.SHUT_WR)
answer = b""
while part := s.recv(4096):
    answer += part
assert answer.startswith(b"HTTP/1.1 200") and b'"result"' in answer, answer
PY
}

with_curl() {
  curl -sf "$RATCHETD_URL/" -H "authorization: Bearer $RATCHETD_TOKEN" \
    -H 'content-type: application/json' \
    -d '{"jsonrpc":"2.0","id":1,"method":"system_version"}' | grep -q '"result"'
}

# Types of Python, and a conversation with them.
generated_python() {
  local made=$work/generated.py
  mkdir "$made" &&
    "$daemon" openrpc |
    "$packages/python/bin/python" "$here/generated.py" schemas >"$made/schemas.json" &&
    "$packages/python/bin/datamodel-codegen" --input "$made/schemas.json" \
      --input-file-type openapi --output "$made/ratchetd_types.py" \
      --output-model-type pydantic_v2.BaseModel --formatters builtin &&
    PYTHONPATH=$made "$packages/python/bin/python" "$here/generated.py"
}

# A client of TypeScript, with newer versions of what it names itself, compiled and spoken with.
generated_typescript() {
  local made=$packages/generator/client/typescript
  "$daemon" openrpc >"$packages/generator/openrpc.json" &&
    npx --prefix "$packages/generator" open-rpc-generator generate -t client -l typescript \
      -n ratchetd -d "$packages/generator/openrpc.json" -o "$packages/generator" >/dev/null &&
    npm pkg delete --prefix "$made" dependencies devDependencies &&
    npm install --prefix "$made" --no-audit --no-fund --loglevel=error @open-rpc/client-js@1 \
      @open-rpc/meta-schema@1 @open-rpc/schema-utils-js@2 lodash @types/lodash @types/node \
      typescript@5 >/dev/null &&
    "$made/node_modules/.bin/tsc" --project "$made" --skipLibCheck &&
    node "$here/generated.cjs" "$made/build"
}

if command -v curl >/dev/null; then run "curl" with_curl; else echo "passed over: no curl"; fi

if command -v python3 >/dev/null; then
  run "a half-closed connection" half_closed
  if python3 -m venv "$packages/python" >/dev/null 2>&1 &&
    "$packages/python/bin/pip" -q install requests websockets jsonrpcclient sseclient-py; then
    run "Python: requests, websockets, jsonrpcclient, sseclient" \
      "$packages/python/bin/python" "$here/client.py"
    if "$packages/python/bin/pip" -q install datamodel-code-generator; then
      run "Python: types of datamodel-code-generator" generated_python
    else
      echo "passed over: datamodel-code-generator cannot be had here"
    fi
  else
    echo "passed over: Python's packages cannot be had here"
  fi
else
  echo "passed over: no Python"
fi

if command -v npm >/dev/null; then
  if npm install --prefix "$packages/node" --no-audit --no-fund --loglevel=error \
    ws rpc-websockets json-rpc-2.0 eventsource reconnecting-websocket >/dev/null; then
    cp "$here/client.mjs" "$here/reconnect.mjs" "$packages/node/"
    run "Node: fetch, json-rpc-2.0, rpc-websockets, eventsource" node "$packages/node/client.mjs"
    # It tells when it is connected, and waits for the daemon to come back.
    mkfifo "$work/told"
    node "$packages/node/reconnect.mjs" >"$work/told" &
    client=$!
    exec 3<"$work/told"
    read -r _ <&3
    stop
    start
    run "Node: reconnecting-websocket, across a clean restart" wait "$client"
  else
    echo "passed over: Node's packages cannot be had here"
  fi
  if npm install --prefix "$packages/generator" --no-audit --no-fund --loglevel=error \
    @open-rpc/generator >/dev/null; then
    run "Node: a client of @open-rpc/generator" generated_typescript
  else
    echo "passed over: @open-rpc/generator cannot be had here"
  fi
else
  echo "passed over: no Node"
fi
exit "$failed"
