#!/usr/bin/env bash
# A chat of two in a terminal: chat.sh ME [CONTACT_CODE]. ../README.md says more.
set -euo pipefail
me=${1:?chat.sh ME [CONTACT_CODE]} relay=${RELAY:-http://127.0.0.1:8646}
socket=${RATCHETD_SOCKET:-${XDG_RUNTIME_DIR:-$HOME/.local/share/ratchetd}/ratchetd.sock}
state=${CHAT_STATE:-$HOME/.local/state/bash-chat}/$me
mkdir -p "$state"

# rpc METHOD [JQ_OPTION…] PARAMETERS: the result of a call.
rpc() {
  jq -nc --arg me "$me" --arg method "$1" "${@:2:$#-2}" \
    "{jsonrpc: \"2.0\", id: 1, \$method, params: ({account: \$me} + ${*: -1})}" |
    curl -sS --unix-socket "$socket" http://localhost/ -H 'content-type: application/json' -d @- |
    jq -c 'if .error then .error | "\(.message) (hint: \(.data.hint))\n" | halt_error else .result end'
}

# post FILTER: takes the envelopes that the filter finds in a result to the relay.
post() {
  jq -r "$1 | \"\(.contentTopic) \(.sealed[2:] | ascii_upcase)\"" | while read -r topic sealed; do
    basenc --base16 -d <<<"$sealed" | curl -sSf "$relay$topic" --data-binary @-
  done
}

# Reads what has come. What could not be read, kept, confirmed and replied to is read again.
look() {
  while read -r topic key; do
    at=$state/${topic//\//_} came=$state/came
    curl -sSf "$relay$topic?after=$(cat "$at" 2>/dev/null || echo 0)" >"$came" || return
    for n in $(jq '.envelopes | keys[]' "$came"); do
      said=$(rpc message_decrypt --slurpfile came "$came" --argjson n "$n" --arg key "$key" \
        '{sealed: $came[0].envelopes[$n]} + if $key == "" then {} else {symKey: $key} end') || return
      read -r id text < <(jq -r 'select(.outcome == "decrypted" or .outcome == "contact") | "\(.messageId) \(.text // ""
        | (try (fromjson | .text | strings) catch null) // . | gsub("[[:cntrl:]]"; " "))"' <<<"$said") || true
      # Kept before it is confirmed, since nobody reads it after that; and shown once.
      [[ -z $text ]] || grep -qs "^$id" "$state/history" ||
        echo "$id $text" | tee -a "$state/history" | sed 's/^[^ ]* /> /'
      [[ -z $id ]] || rpc message_confirm --arg id "$id" '{messageIds: [$id]}' >/dev/null || return
      post '.reply // empty' <<<"$said" || return
    done
    jq .next "$came" >"$at"
  done < <(rpc topic_list '{}' | jq -r '.topics[] | "\(.contentTopic) \(.symKey // "")"')
}

rpc account_create '{}' >/dev/null 2>&1 || true
echo "your contact code: $(rpc bundle_get '{}' | jq -r .contactCode)"
other=$(rpc bundle_import --arg code "${2:-$(read -rp 'theirs: ' code && echo "$code")}" '{bundle: $code}' | jq -r .identity)
# A line that is typed is sent; in between, and once a second, what has come is shown.
while read -r -t 1 line || (($? > 128)); do
  if [[ -n ${line:-} ]]; then
    id=$(cat /proc/sys/kernel/random/uuid)
    # With the same id it is the same message, however often it takes.
    until rpc message_encrypt --arg to "$other" --arg id "$id" --arg text "$line" \
      '{recipient: $to, text: ({$id, $text} | tojson), requestId: $id, seal: true}' | post '.envelopes[]'; do sleep 1; done
  fi
  look || true
done
