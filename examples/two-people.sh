#!/usr/bin/env bash
# Two people on this machine who chat in a page, over a Waku network: for each a daemon and a node of the network, and the page for
# both. Prints a link for each. What they have stays in ~/.local/share/two-people, and is there when this is started again.
#
# It takes the ports 8645 to 8650, or six from PORT on; and ratchetd from the PATH, or RATCHETD_BIN.
set -euo pipefail
cd "$(dirname "$0")"
port=${PORT:-8645} ratchetd=${RATCHETD_BIN:-ratchetd}
home=${XDG_DATA_HOME:-$HOME/.local/share}/two-people

fail() { echo "$*" >&2; exit 1; }
command -v "$ratchetd" >/dev/null || fail "there is no $ratchetd in the PATH: README.md says how to install it; or name it: RATCHETD_BIN=…"
command -v npm >/dev/null || fail "npm is needed, and Node 20 or later"
node=$(node -p 'process.versions.node')
((${node%%.*} >= 20)) || fail "Node $node is too old: install 20 or later"

mkdir -p -m 700 "$home"
exec {lock}>"$home/lock"
flock -n "$lock" || fail "this runs already, in another terminal: its links are there"

echo "installing and building the page and the nodes …"
for example in web-chat waku-relay; do
  [[ -d $example/node_modules ]] || npm --prefix "$example" ci --no-audit --no-fund --loglevel=error
  npm --prefix "$example" run --silent build
done

declare -A running=()
trap 'kill "${!running[@]}" 2>/dev/null; wait' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start NAME READY COMMAND…: waits until the command has printed what READY matches. All that it prints is in NAME.log.
start() {
  local name=$1 ready=$2 log=$home/$1.log
  "${@:3}" >"$log" 2>&1 {lock}>&- &
  running[$!]=$name
  until grep -qsE "$ready" "$log"; do
    kill -0 $! 2>/dev/null || fail "$name did not start:"$'\n'"$(cat "$log")"
    sleep 0.05
  done
}

# person NAME PORT NODE…: a daemon at the port, and a node whose relay for the page is at the next one.
person() {
  local name=$1 at=$2 relay=$(($2 + 1))
  start "$name-daemon" '^listening on http' "$ratchetd" serve --data-dir "$home/$name" --socket "$home/$name.sock" \
    --http "127.0.0.1:$at" --allow-origin "http://localhost:$((port + 5))"
  start "$name-node" '^another node dials' node waku-relay/build/examples/waku-relay/main.js "${@:3}"
  link="http://localhost:$((port + 5))/#daemon=ws://127.0.0.1:$at&token=$(cat "$home/$name/rpc.token")&relay=http://127.0.0.1:$relay"
  links+=$(printf '\n  %-6s%s' "$name" "$link")
}

links=
person alice "$port" --listen $((port + 4)) $((port + 1))
person bob $((port + 2)) $((port + 3)) "127.0.0.1:$((port + 4))"
start page '^the page is at' node web-chat/build/examples/web-chat/server.js $((port + 5)) "http://127.0.0.1:$((port + 1))"

echo "
Open one link in your browser, and the other one in a private window:
$links

Each link holds a token, which opens all that its daemon has: show it to nobody. Ctrl-C ends all of it."
while ((${#running[@]})); do
  wait -n -p ended "${!running[@]}" 2>/dev/null || true
  echo "${running[$ended]} has ended; what it said is in $home/${running[$ended]}.log. To go on, press Ctrl-C, and start this again."
  unset "running[$ended]"
done
