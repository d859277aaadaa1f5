#!/usr/bin/env bash
# Accounts spread over two daemons behind contrib/nginx: each is served by its own daemon, over
# POST, WebSocket and the stream of events, and a daemon that stops takes no other's accounts with
# it.
#
#   tests/clients/hosting.sh [path/to/ratchetd]
#
# Needs nginx (apt-get install nginx-light), curl and python3.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=nginx.sh
. tests/clients/nginx.sh
daemon=$(realpath "${1:-target/debug/ratchetd}")
for tool in nginx curl python3; do
  command -v "$tool" >/dev/null || { echo "$tool is needed" >&2; exit 2; }
done
work=$(mktemp -d)
proxy=127.0.0.1:18640
addresses=(127.0.0.1:18641 127.0.0.1:18642)
token=0123456789abcdef0123456789abcdef
(umask 077 && echo "$token" >"$work/token")
pids=()
proxy_pid=
end() { if [[ -n ${1:-} ]]; then kill "$1" 2>/dev/null && wait "$1" || true; fi; }
finish() {
  end "$proxy_pid"
  for pid in "${pids[@]}"; do end "$pid"; done
  rm -rf "$work"
}
trap finish EXIT

for number in 0 1; do
  "$daemon" serve --data-dir "$work/data-$number" --socket "$work/s$number" \
    --http "${addresses[number]}" --token-file "$work/token" --log-filter warn \
    >"$work/out-$number" 2>>"$work/log" &
  pids[number]=$!
done
for number in 0 1; do
  until grep -q http "$work/out-$number"; do
    kill -0 "${pids[number]}" 2>/dev/null || { cat "$work/log"; exit 1; }
    sleep 0.05
  done
done

# The configuration as it is, at other addresses.
sed -e "s/127.0.0.1:8640/$proxy/" -e "s/127.0.0.1:8645/${addresses[0]}/" \
  -e "s/127.0.0.1:8646/${addresses[1]}/" contrib/nginx/ratchetd.conf >"$work/ratchetd.conf"
cp contrib/nginx/ratchetd-accounts.map "$work/"
nginx_conf "$work" >"$work/nginx.conf" <<CONF
  include $work/ratchetd.conf;
CONF
nginx -t -q -c "$work/nginx.conf" -e "$work/nginx.log"
nginx -c "$work/nginx.conf" -e "$work/nginx.log" &
proxy_pid=$!
until curl -s "http://$proxy/" >/dev/null; do
  kill -0 "$proxy_pid" 2>/dev/null || { cat "$work/nginx.log"; exit 1; }
  sleep 0.05
done

failed=0
run() {
  local name=$1
  shift
  if "$@"; then echo "passed: $name"; else echo "FAILED: $name"; failed=1; fi
}
bearer="authorization: Bearer $token"
# rpc ACCOUNT METHOD PARAMS: a call by the path of an account.
rpc() {
  curl -sf "http://$proxy/accounts/$1/" -H "$bearer" -H 'content-type: application/json' \
    -d '{"jsonrpc":"2.0","id":1,"method":"'"$2"'","params":'"$3"'}'
}
member() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'; }
# status URL [argument …]: the HTTP status of an answer.
status() { curl -s -o /dev/null -w '%{http_code}' "http://$proxy$1" "${@:2}"; }
# accounts_of NUMBER: what the daemon of this number has.
accounts_of() {
  "$daemon" call --json --socket "$work/s$1" account_list | grep -o '"account": "[^"]*"'
}

each_is_made_at_its_daemon() {
  alice=$(rpc alice account_create '{"account":"alice"}' | member publicKey) &&
    bob=$(rpc bob account_create '{"account":"bob"}' | member publicKey) &&
    [[ $(accounts_of 0) == '"account": "alice"' && $(accounts_of 1) == '"account": "bob"' ]]
}
run "each account is made at its daemon" each_is_made_at_its_daemon

they_talk() {
  local message
  message=$(rpc alice message_encrypt \
    '{"account":"alice","recipient":"'"$bob"'","text":"over two daemons"}' | member message) &&
    rpc bob message_decrypt \
      '{"account":"bob","sender":"'"$alice"'","message":"'"$message"'"}' |
    grep -q '"text":"over two daemons"'
}
run "accounts of two daemons talk" they_talk

only_what_is_for_frontends_passes() {
  [[ $(status /accounts/carol/ -H "$bearer") == 404 ]] &&
    [[ $(status /accounts/alice/metrics -H "$bearer") == 404 ]] &&
    [[ $(status /accounts/alice/auth) == 404 && $(status /auth) == 404 ]] &&
    [[ $(status /accounts/alice/events%2f..%2fauth) == 404 ]] &&
    [[ $(status /accounts/alice/ -d '{}' -H 'content-type: application/json') == 401 ]] &&
    [[ $(status /accounts/alice/events) == 401 && $(status /accounts/alice/livez) == 200 ]]
}
run "nothing but calls and events passes, and with the token alone" \
  only_what_is_for_frontends_passes

# A body may be as large as the daemon takes, which itself says what is too large.
large_bodies_reach_the_daemon() {
  head -c 10485761 /dev/zero | tr '\0' ' ' >"$work/large"
  curl -s "http://$proxy/accounts/alice/" -H "$bearer" -H 'content-type: application/json' \
    -H 'expect:' --data-binary "@$work/large" | grep -q 'larger than 10 MiB'
}
run "a body that is too large is refused by the daemon" large_bodies_reach_the_daemon

events_come() {
  local line seen=
  exec 4< <(exec curl -sN --max-time 20 "http://$proxy/accounts/bob/events?account=bob" \
    -H "$bearer")
  read -r -t 5 line <&4 && [[ $line == ": here" ]] || return 1
  # Somebody whom Bob has not met.
  "$daemon" call --socket "$work/s0" account_create account=carol >/dev/null
  bundle=$("$daemon" call --json --socket "$work/s0" bundle_get account=carol |
    sed -n 's/^ *"bundle": "\([^"]*\)".*/\1/p')
  rpc bob bundle_import '{"account":"bob","bundle":"'"$bundle"'"}' >/dev/null
  while read -r -t 5 line <&4; do
    [[ $line == data:* ]] && { seen=$line; break; }
  done
  exec 4<&-
  [[ $seen == *'"account":"bob"'* ]]
}
run "events come by the path of their account" events_come

over_a_websocket() {
  python3 - "$proxy" "$token" <<'PY'
import base64, os, socket, struct, sys
address, token = sys.argv[1:]
host, port = address.split(":")
s = socket.create_connection((host, int(port)), timeout=10)
key = base64.b64encode(os.urandom(16)).decode()
s.sendall((f"GET /accounts/bob/ HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n"
           f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
           f"Authorization: Bearer {token}\r\n\r\n").encode())
answers = s.makefile("rb")
assert b" 101 " in answers.readline()
while answers.readline() != b"\r\n":
    pass
call = b'{"jsonrpc":"2.0","id":1,"method":"account_get","params":{"account":"bob"}}'
mask = os.urandom(4)
s.sendall(struct.pack("!BB", 0x81, 0x80 | len(call)) + mask
          + bytes(byte ^ mask[at % 4] for at, byte in enumerate(call)))
# The daemon may ping before it answers.
kind = 0x89
while kind == 0x89:
    kind, length = answers.read(2)
    if length == 126:
        length = struct.unpack("!H", answers.read(2))[0]
    text = answers.read(length)
assert kind == 0x81 and b'"account":"bob"' in text, (kind, text)
PY
}
run "a WebSocket is passed on" over_a_websocket

one_stops_and_the_other_serves() {
  end "${pids[1]}"
  [[ $(status /accounts/bob/ -H "$bearer") == 502 ]] &&
    rpc alice account_get '{"account":"alice"}' | grep -q '"result"'
}
run "a daemon that stops takes no other's accounts with it" one_stops_and_the_other_serves
exit "$failed"
