#!/usr/bin/env bash
# A chat of two in a terminal: chat.sh ME [CONTACT_CODE]. ../README.md says more.
set -euo pipefail
me=${1:?chat.sh ME [CONTACT_CODE]} relay=${RELAY:-http://127.0.0.1:8646}
socket=${RATCHETD_SOCKET:-${XDG_RUNTIME_DIR:-$HOME/.local/share/ratchetd}/ratchetd.sock}
state=${CHAT_STATE:-$HOME/.local/state/bash-chat}/$me && mkdir -p "$state"
rpc() { # METHOD PARAMETERS [JQ_OPTION…]: the result of a call, whose parameters jq makes of the input.
  jq -c --arg me "$me" "${@:3}" "{jsonrpc: \"2.0\", id: 1, method: \"$1\", params: ({account: \$me} + $2)}" |
    curl -sS --unix-socket "$socket" localhost -H content-type:application/json -d @- | jq -c '.result // (.error | halt_error)'
}
post() { # Takes the sealed envelopes in a result to the relay.
  jq -r '(.envelopes[]?, .reply // empty) | "\(.contentTopic) \(.sealed[2:] | ascii_upcase)"' |
    while read -r topic hex; do basenc --base16 -d <<<"$hex" | curl -sSf "$relay$topic" --data-binary @-; done
}
rpc account_create '{}' -n &>/dev/null || true
echo "your contact code: $(rpc bundle_get '{}' -n | jq -r .contactCode)"
other=$(rpc bundle_import '{bundle: .}' -R <<<"${2:-$(read -rp 'theirs: ' code && echo "$code")}" | jq -r .identity)
while id=$(cat /proc/sys/kernel/random/uuid) && read -r -t 1 line || (($? > 128)); do # A line, or a second without one.
  until [[ -z $line ]] || rpc message_encrypt '{$recipient, text: ({$id, text: .} | tojson), requestId: $id, seal: true}' \
    -R --arg recipient "$other" --arg id "$id" <<<"$line" | post; do sleep 1; done # With one id it is one message.
  rpc topic_list '{}' -n | jq -r '.topics[].contentTopic | "\(.) \(gsub("/"; "_"))"' | while read -r topic name; do
    for came in $(curl -sSf "$relay$topic?after=$(cat "$state/$name" 2>/dev/null || echo 0)" | jq -r '.envelopes[], .next'); do
      [[ $came == 0x* ]] || { echo "$came" >"$state/$name" && break; } # All is read. Here the next look goes on.
      said=$(rpc message_decrypt '{sealed: .}' -R <<<"$came") || ((${#came} > 10000000)) || break 2 # No message is as large.
      post <<<"$said" || break 2
      read -r message text < <(jq -r --arg other "$other" 'select(.outcome == "decrypted" and .sender == $other) | "\(.messageId) \(
        .text // "" | (fromjson | .text | strings)? // . | gsub("[[:cntrl:]]"; " "))"' <<<"$said") || continue
      grep -qs "^$message" "$state/history" || echo "$message $text" | tee -a "$state/history" | sed 's/^[^ ]* /> /'
      rpc message_confirm '{messageIds: [$id]}' -n --arg id "$message" >/dev/null || break 2 # It is kept: nobody reads it again.
    done; done || true; done
