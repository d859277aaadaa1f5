#!/usr/bin/env bash
# What somebody does who has the repository and a built ratchetd, and an hour: the session with curl,
# a chat in Python, one in a project of their own with the TypeScript client, a page in two tabs of a
# browser, a backup, and a directory that is broken. Commands and programs are those of the documents.
#
#   tests/first_day.sh [path/to/ratchetd]
#
# Needs curl, python3, Node and Chromium (CHROMIUM names it), and of the network no more than
# clients/typescript/check.sh, which leaves in npm's cache what is installed here.
set -euo pipefail
top=$(realpath "$(dirname "$0")/..")
daemon=$(realpath "${1:-$top/target/debug/ratchetd}")
work=$(mktemp -d)
processes=()
finish() {
  for process in "${processes[@]}"; do kill -- "$process" 2>/dev/null || true; done
  wait
  rm -rf "$work" || { sleep 1; rm -rf "$work"; }
}
trap finish EXIT

# Their home is empty; only what npm has fetched is there.
npm_config_cache=$(npm config get cache)
export npm_config_cache npm_config_prefer_offline=true npm_config_audit=false npm_config_loglevel=error npm_config_update_notifier=false
export HOME=$work/home PATH=$work/bin:$PATH
unset XDG_RUNTIME_DIR XDG_DATA_HOME XDG_CONFIG_HOME
mkdir -p "$HOME/.local/share/ratchetd" "$work/bin"
ln -s "$daemon" "$work/bin/ratchetd"
data=$HOME/.local/share/ratchetd
cd "$work"

fail() { echo "FAILED: $*" >&2; exit 1; }
# expect WHAT TEXT: that the text is there.
expect() { grep -qF -- "$1" <<<"$2" || fail "no \"$1\" in: $2"; }
# block DOCUMENT BEGINNING: the first block of the document that begins with this, or that this stands above.
block() {
  python3 - "$top/$1" "$2" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
for above, body in re.findall(r"([^\n]*)\n```\w+\n(.*?)```", text, re.S):
    if body.startswith(sys.argv[2]) or above == sys.argv[2]:
        print(body, end="")
        break
else:
    sys.exit(f"{sys.argv[1]} has no block {sys.argv[2]}")
PY
}
# Waits until a file has a line that matches, or its writer is gone.
wait_for() {
  local began=$SECONDS
  until grep -q "$1" "$2" 2>/dev/null; do
    kill -0 "$3" 2>/dev/null && ((SECONDS < began + 120)) || fail "$(cat "$2" "$work/log")"
    sleep 0.05
  done
}

echo "== a page's server"
cat >site.py <<'PY'
"""`python3 -m http.server` that also brings two pages together and prints what they tell."""
import http.server, sys, threading

together = threading.Barrier(2)

class Site(http.server.SimpleHTTPRequestHandler):
    def do_POST(self):
        told = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        if self.path == "/meet":
            together.wait(90)
        else:
            print(told, flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
print(f"http://localhost:{server.server_port}", flush=True)
server.serve_forever()
PY
python3 site.py >site.txt &
processes+=($!)
wait_for http: site.txt $!
origin=$(head -n 1 site.txt)

echo "== serve"
ratchetd serve --http 127.0.0.1:0 --allow-origin "$origin" >ready.txt 2>log &
serving=$!
processes+=($serving)
wait_for http: ready.txt $serving
url=$(sed -n 's/listening on \(http:.*\)/\1/p' ready.txt)
token=$(cat "$data/rpc.token")

echo "== a session with curl"
said=$(bash -euc "$(block README.md 'SOCKET=')")
expect '"text":"hello"' "$said"
expect '"text":"hi","forwardSecrecy":true' "$said"
expect '"confirmed":1' "$said"

echo "== a chat in Python"
cat >chat.py <<'PY'
import json, sys, urllib.request

url, token = sys.argv[1:]

def call(method, **params):
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    headers = {"authorization": "Bearer " + token, "content-type": "application/json"}
    answer = json.load(urllib.request.urlopen(urllib.request.Request(url, json.dumps(request).encode(), headers)))
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer["result"]

keys = {name: call("account_create", account=name)["publicKey"] for name in ("carol", "dave")}
for me, other, text in [("carol", "dave", "Are you there? 🐢"), ("dave", "carol", "I am."), ("carol", "dave", "Good.")]:
    sent = call("message_encrypt", account=me, recipient=keys[other], text=text, requestId=text, seal=True)
    for envelope in sent["envelopes"]:
        read = call("message_decrypt", account=other, sealed=envelope["sealed"])
        assert read["sender"] == keys[me] and read["text"] == text, read
        call("message_confirm", account=other, messageIds=[read["messageId"]])
        print(f"{other} reads {read['text']} forward secrecy: {read['forwardSecrecy']}")
try:
    call("message_encrypt", account="carol", recipient="dave", text="hello")
except RuntimeError as error:
    print(error.args[0]["data"]["hint"])
PY
said=$(python3 chat.py "$url" "$token")
expect "dave reads Good. forward secrecy: True" "$said"
expect "public key" "$said"

echo "== a project with the TypeScript client"
mkdir typescript
(cd "$top/clients/typescript" && tar -c --exclude ./node_modules --exclude ./dist --exclude ./build .) | tar -x -C typescript
(cd typescript && bash -euc "$(block clients/typescript/README.md 'npm ci')") >install.txt 2>&1 || fail "$(cat install.txt)"
block clients/typescript/README.md 'import { Client, unixSocket }' >hello/hello.mjs
said=$(cd hello && bash -euc "$(block clients/typescript/README.md 'node hello.mjs')")
expect "decrypted hello" "$said"

echo "== a page in two tabs"
block clients/typescript/README.md '<!doctype html>' | sed "s|http://127.0.0.1:8645|$url|" >hello/page.html
echo '<script type="module" src="person.js"></script>' >>hello/page.html
cp "$top/clients/typescript/test/person.js" hello/
# Without a screen Chromium opens one page, and that one others.
cat >hello/tabs.html <<HTML
<script>for (const who of ["me=alice&other=bob", "me=bob&other=alice"]) open("page.html#token=$token&" + who)</script>
HTML
setsid "${CHROMIUM:-chromium}" --headless --no-sandbox --no-first-run --disable-popup-blocking --disable-gpu --disable-quic \
  --disable-background-networking --disable-component-update --disable-sync --user-data-dir="$work/profile" \
  "$origin/hello/tabs.html" >/dev/null 2>&1 &
browser=$!
processes+=("-$browser")
for me in alice bob; do
  wait_for "{\"$me\"" site.txt $browser
  said=$(grep "{\"$me\"" site.txt)
  expect "alice: this is alice" "$said"
  expect "bob: this is bob" "$said"
  expect "installation.discovered" "$said"
done

echo "== a stream of server-sent events"
said=$(sed '/^data/q' < <(curl -sN "$url/events?account=alice&after=0" -H "authorization: Bearer $token"))
expect "event: topic.changed" "$said"

echo "== a backup, while it serves"
said=$(ratchetd backup - --with-key 2>>log | tee backup.tar | tar -t)
expect "alice.db" "$said"
ratchetd restore backup.tar --data-dir restored >>log 2>&1
ratchetd doctor --data-dir restored >doctor.txt || (($? == 1)) || fail "$(cat doctor.txt)"

echo "== a directory that is broken"
kill "$serving"
wait "$serving" || fail "$(cat log)"
rm "$data/store.key"
if said=$(ratchetd doctor); then fail "it found nothing: $said"; fi
expect "problem  store.key" "$said"
expect "restore store.key" "$said"
if said=$(ratchetd serve 2>&1); then fail "it served"; fi
expect "store.key" "$said"
echo "all of it works"
