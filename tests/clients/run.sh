#!/usr/bin/env bash
# Ordinary clients of other languages against a daemon: JSON-RPC over HTTP and WebSocket, server-sent
# events, also through nginx as it is by default, clients that connect again after a restart, requests
# that are refused, half-closed connections, and what generators make of the OpenRPC document.
#
#   tests/clients/run.sh [path/to/ratchetd]
#
# What a runtime is missing for is passed over with a line that says so. Packages are installed into
# a directory of their own (RATCHETD_CLIENTS, a temporary one by default).
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
# shellcheck source=nginx.sh
. "$here/nginx.sh"
daemon=$(realpath "${1:-../../target/debug/ratchetd}")
work=$(mktemp -d)
packages=${RATCHETD_CLIENTS:-$work/packages}
mkdir -p "$packages"
data=$work/data
address=127.0.0.1:18645
proxy=127.0.0.1:18646
pid=
proxy_pid=

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
stop_proxy() { if [[ -n $proxy_pid ]]; then kill "$proxy_pid" 2>/dev/null && wait "$proxy_pid" || true; proxy_pid=; fi; }
trap 'stop_proxy; stop; rm -rf "$work"' EXIT

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

# The status and the body of a call that is one mebibyte too large.
too_large() {
  curl -s -w '%{http_code}' -H 'content-type: application/json' \
    -H "authorization: Bearer $RATCHETD_TOKEN" --data-binary "@$work/large" "$@"
}

# curl asks before it sends so much, unless it is told not to.
refused_for_its_size() {
  head -c 11534336 /dev/zero | tr '\0' ' ' >"$work/large"
  local how answer
  for how in "$RATCHETD_URL/" "$RATCHETD_URL/ -H expect:" \
    "$RATCHETD_URL/ -H expect: -H transfer-encoding:chunked" \
    "http://localhost/ --unix-socket $work/s -H expect:"; do
    # shellcheck disable=SC2086
    answer=$(too_large $how) || return 1
    [[ $answer == *'larger than 10 MiB'*413 ]] || { echo "$how: $answer"; return 1; }
  done
}

# What each path takes is told by OPTIONS, by a method that it does not take, and HEAD is as GET.
methods_are_told() {
  local bearer="authorization: Bearer $RATCHETD_TOKEN"
  curl -sI "$RATCHETD_URL/livez" | grep -q '^HTTP/1.1 200' &&
    curl -sI "$RATCHETD_URL/events?account=*" -H "$bearer" | grep -qi '^content-type: text/event-stream' &&
    curl -si -X DELETE "$RATCHETD_URL/" -H "$bearer" | grep -qi '^allow: OPTIONS, POST' &&
    curl -si -X DELETE "$RATCHETD_URL/livez" -H "$bearer" | grep -qi '^allow: GET, HEAD, OPTIONS' &&
    curl -si -X OPTIONS "$RATCHETD_URL/" | grep -qi '^allow: OPTIONS, POST' &&
    curl -si "$RATCHETD_URL/" -d '{}' | grep -qi '^www-authenticate: Bearer'
}

if command -v curl >/dev/null; then
  run "curl" with_curl
  run "curl, with more than may be" refused_for_its_size
  run "curl -I, -X DELETE, -X OPTIONS" methods_are_told
else
  echo "passed over: no curl"
fi

# A call that waits, and then the word that nothing more comes: socat says so at the end of its input.
half_closed_and_slow() {
  local call='{"jsonrpc":"2.0","id":1,"method":"event_list","params":{"account":"*","after":1000000,"waitMs":300}}'
  local number answered=0 asking=()
  for number in {1..30}; do
    {
      printf 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s' \
        "${#call}" "$call" | socat -t 10 - "UNIX-CONNECT:$work/s" >"$work/answer.$number"
    } &
    asking+=($!)
  done
  wait "${asking[@]}" || true
  for number in {1..30}; do
    grep -q '^HTTP/1.1 200' "$work/answer.$number" && grep -q '"result"' "$work/answer.$number" &&
      answered=$((answered + 1))
  done
  [[ $answered == 30 ]] || { echo "$answered of 30 were answered"; return 1; }
}
if command -v socat >/dev/null; then
  run "socat, half-closed, 30 of 30 slow calls" half_closed_and_slow
else
  echo "passed over: no socat"
fi

# nginx with nothing but the address of the daemon.
start_proxy() {
  nginx_conf "$work" >"$work/nginx.conf" <<CONF
  server {
    listen $proxy;
    location / { proxy_pass http://$address; }
  }
CONF
  nginx -c "$work/nginx.conf" -e "$work/nginx.log" &
  proxy_pid=$!
  until curl -s "http://$proxy/livez" >/dev/null; do
    kill -0 "$proxy_pid" 2>/dev/null || { cat "$work/nginx.log"; return 1; }
    sleep 0.05
  done
}

# Each line comes when it is written: the first before anything has happened.
events_through_nginx() {
  local line seen=
  exec 4< <(exec curl -sN --max-time 20 "http://$proxy/events?account=*" -H "authorization: Bearer $RATCHETD_TOKEN")
  read -r -t 5 line <&4 && [[ $line == ": here" ]] || return 1
  rpc account_create '{"account":"nginx-a"}' >/dev/null
  rpc account_create '{"account":"nginx-b"}' >/dev/null
  bundle=$(rpc bundle_get '{"account":"nginx-b"}' | sed 's/.*"bundle":"\([^"]*\)".*/\1/')
  rpc bundle_import '{"account":"nginx-a","bundle":"'"$bundle"'"}' >/dev/null
  while read -r -t 5 line <&4; do
    [[ $line == data:* ]] && { seen=yes; break; }
  done
  exec 4<&-
  [[ -n $seen ]]
}
rpc() {
  curl -sf --unix-socket "$work/s" http://localhost/ -H 'content-type: application/json' \
    -d '{"jsonrpc":"2.0","id":1,"method":"'"$1"'","params":'"$2"'}'
}
if command -v nginx >/dev/null && command -v curl >/dev/null && start_proxy; then
  run "nginx: events as they come" events_through_nginx
  RATCHETD_EVENTS=http://$proxy
  export RATCHETD_EVENTS
else
  echo "passed over: no nginx (apt-get install nginx-light)"
fi

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
    cp "$here/client.mjs" "$here/events.mjs" "$here/reconnect.mjs" "$packages/node/"
    run "Node: fetch, json-rpc-2.0, rpc-websockets, eventsource" node "$packages/node/client.mjs"
    # Each tells when it is connected, and waits for the daemon to come back.
    mkfifo "$work/told"
    node "$packages/node/reconnect.mjs" >"$work/told" &
    client=$!
    exec 3<"$work/told"
    read -r _ <&3
    stop
    start
    run "Node: reconnecting-websocket, across a clean restart" wait "$client"
    node "$packages/node/events.mjs" >"$work/told" &
    client=$!
    exec 3<"$work/told"
    if read -r _ <&3; then
      stop
      start
      # Somebody whom this account has not met.
      rpc account_create '{"account":"events-c"}' >/dev/null
      bundle=$(rpc bundle_get '{"account":"events-c"}' | sed 's/.*"bundle":"\([^"]*\)".*/\1/')
      rpc bundle_import '{"account":"events-a","bundle":"'"$bundle"'"}' >/dev/null
    fi
    run "Node: eventsource with tickets, across a clean restart" wait "$client"
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
