#!/bin/sh
# Alice and Bob, each with a daemon of their own. At first this script is the network between them: it carries bytes, tries to change
# them, and brings them again. Then a relay is, which sees sealed envelopes and content topics alone. ALICE and BOB name the daemons'
# sockets, RELAY the directory of relay.sh. Ends with 0 if everything went as it should.
set -eu
: "${ALICE:?the socket of the daemon of Alice}" "${BOB:?the socket of the daemon of Bob}" "${RELAY:?the directory of the relay}"

step() { printf '\n%s\n' "$*"; }
told() { printf '  %s\n' "$*"; }
wrong() { printf '  WRONG: %s\n' "$*" >&2; exit 1; }

# alice METHOD [name=value …]: the result, a member a line.
alice() { ratchetd call --json --socket "$ALICE" "$@"; }
bob() { ratchetd call --json --socket "$BOB" "$@"; }

# The first member of this name, a text or another value.
member() { sed -n 's/^ *"'"$1"'": "\{0,1\}\([^",]*\)"\{0,1\},\{0,1\}$/\1/p' | head -n 1; }

# expect RESULT NAME VALUE
expect() {
  found=$(printf '%s\n' "$1" | member "$2")
  [ "$found" = "$3" ] || wrong "$2 is \"$found\" and should be \"$3\""
}

step "Each makes an identity, or has one from the last time."
alice account_create account=alice >/dev/null 2>&1 || told "Alice had one."
bob account_create account=bob >/dev/null 2>&1 || told "Bob had one."
ALICE_KEY=$(alice account_get account=alice | member publicKey)
BOB_KEY=$(bob account_get account=bob | member publicKey)
[ -n "$ALICE_KEY" ] && [ -n "$BOB_KEY" ] || wrong "an identity is missing"

step "Bob shows Alice his contact code, so that her first message has forward secrecy."
alice bundle_import account=alice bundle="$(bob bundle_get account=bob | member contactCode)" >/dev/null

# alice_to_bob TEXT: what Bob's daemon says of the message.
alice_to_bob() {
  sent=$(alice message_encrypt account=alice recipient="$BOB_KEY" text="$1")
  expect "$sent" forwardSecrecy true
  BYTES=$(printf '%s\n' "$sent" | member message)
  read=$(bob message_decrypt account=bob sender="$ALICE_KEY" message="$BYTES")
  expect "$read" outcome decrypted
  expect "$read" text "$1"
  expect "$read" authenticated true
}

bob_to_alice() {
  sent=$(bob message_encrypt account=bob recipient="$ALICE_KEY" text="$1")
  BYTES=$(printf '%s\n' "$sent" | member message)
  read=$(alice message_decrypt account=alice sender="$BOB_KEY" message="$BYTES" confirm=true)
  expect "$read" outcome decrypted
  expect "$read" text "$1"
}

step "Alice writes. On the wire there is:"
alice_to_bob "Are you there?"
told "$(printf '%s' "$BYTES" | cut -c 1-64)… ($((${#BYTES} / 2 - 1)) bytes)"
told "Bob reads: Are you there?"

step "Bob stores the text and confirms it: its key is erased. The same bytes come once more."
bob message_confirm account=bob messageIds="[\"$(printf '%s\n' "$read" | member messageId)\"]" >/dev/null
again=$(bob message_decrypt account=bob sender="$ALICE_KEY" message="$BYTES")
expect "$again" outcome undecryptable
expect "$again" reason already_read
told "Nobody opens them again: $(printf '%s\n' "$again" | member reason)"

step "Bob answers, and they talk."
bob_to_alice "I am."
for round in 1 2 3 4 5; do
  alice_to_bob "Question $round"
  bob_to_alice "Answer $round"
done
told "11 more messages, each under a key of its own."

step "The network changes the last byte of a message."
BYTES=$(alice message_encrypt account=alice recipient="$BOB_KEY" text=secret | member message)
case $BYTES in
  *0) forged=${BYTES%?}1 ;;
  *) forged=${BYTES%?}0 ;;
esac
changed=$(bob message_decrypt account=bob sender="$ALICE_KEY" message="$forged" || true)
[ "$(printf '%s\n' "$changed" | member outcome)" != decrypted ] || wrong "a changed message was read"
told "Bob's daemon: $(printf '%s\n' "$changed" | member reason)"
expect "$(bob message_decrypt account=bob sender="$ALICE_KEY" message="$BYTES")" text secret
told "The message as it was sent still opens."

step "Both compare the safety number by another way."
number=$(alice contact_get account=alice identity="$BOB_KEY" | member safetyNumber)
expect "$(bob contact_get account=bob identity="$ALICE_KEY")" safetyNumber "$number"
told "$number"

# post RESULT: what is sealed goes to the relay. ENVELOPE is what the relay then gives out.
post() {
  topic=$(printf '%s\n' "$1" | member contentTopic)
  place=$RELAY/out$topic
  number=1
  while [ -e "$place/$number" ]; do number=$((number + 1)); done
  printf '%s %s\n' "$topic" "$(printf '%s\n' "$1" | member sealed)" >"$RELAY/.letter"
  mv "$RELAY/.letter" "$RELAY/in/letter"
  tries=0
  until [ -e "$place/$number" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || wrong "the relay does not answer"
    sleep 0.1
  done
  ENVELOPE=$(cat "$place/$number")
}

# Whoever else listens on a partitioned topic can tell that it is in use, and not by whom.
step "From now on there is a relay between them. Both listen where only they can tell."
topic=$(alice topic_negotiated account=alice identity="$BOB_KEY" | member contentTopic)
expect "$(bob topic_negotiated account=bob identity="$ALICE_KEY")" contentTopic "$topic"
told "$topic"

step "Alice writes through it. Nobody tells Bob's daemon who did: the signature does."
sent=$(alice message_encrypt account=alice recipient="$BOB_KEY" text="Sealed." seal=true)
expect "$sent" contentTopic "$topic"
post "$sent"
read=$(bob message_decrypt account=bob sealed="$ENVELOPE" confirm=true)
expect "$read" outcome decrypted
expect "$read" text "Sealed."
expect "$read" sender "$ALICE_KEY"
told "Bob reads: Sealed. From $(printf '%s' "$ALICE_KEY" | cut -c 1-20)…"
post "$(bob message_encrypt account=bob recipient="$ALICE_KEY" text="And signed." seal=partitioned)"
read=$(alice message_decrypt account=alice sealed="$ENVELOPE" confirm=true)
expect "$read" text "And signed."
expect "$read" sender "$BOB_KEY"
told "Alice reads: And signed."

step "The relay makes a letter of its own, and brings an old one once more."
forged=$(bob envelope_seal account=bob recipient="$BOB_KEY" payload="$BYTES" sign=false | member envelope)
read=$(bob message_decrypt account=bob sealed="$forged")
expect "$read" outcome unopened
expect "$read" reason unauthenticated_sender
told "Bob's daemon of the one: unauthenticated_sender"
expect "$(alice message_decrypt account=alice sealed="$ENVELOPE")" reason message_key_gone
told "Alice's daemon of the other: message_key_gone"
for known in "$ALICE_KEY" "$BOB_KEY" "${ALICE_KEY#0x04}" "${BOB_KEY#0x04}"; do
  ! grep -rq "$known" "$RELAY/out" || wrong "the relay has seen who they are"
done
told "Nothing that it has seen names either of them."

step "Everything went as it should."
