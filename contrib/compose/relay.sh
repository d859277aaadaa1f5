#!/bin/sh
# The relay between Alice and Bob: it takes envelopes, and gives them out under the content topic that they came with. It has no keys and knows nobody.
#
#   relay.sh DIRECTORY
#
# A letter is a file in DIRECTORY/in, of one line: the content topic, a space, and the envelope as 0x and hex digits. It is given out as
# DIRECTORY/out/waku/1/0x…/rfc26/N, the envelope alone, N counting up from 1. A real relay is a network; this one is for trying things out.
set -eu
relay=${1:?the directory of the relay}
mkdir -p "$relay/in" "$relay/out"
trap 'exit 0' TERM INT
echo "relaying in $relay"

take() {
  read -r topic envelope rest <"$1" || true
  rm -f "$1"
  case $topic in
    /waku/1/0x[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]/rfc26) ;;
    *) echo "refused a letter without a content topic"; return ;;
  esac
  case ${rest:+more}${envelope#0x} in
    "" | *[!0-9a-f]*) echo "refused what is no envelope"; return ;;
  esac
  place=$relay/out$topic
  mkdir -p "$place"
  number=1
  while [ -e "$place/$number" ]; do number=$((number + 1)); done
  # Whoever looks sees whole envelopes.
  printf '%s\n' "$envelope" >"$place/.new"
  mv "$place/.new" "$place/$number"
  echo "$topic: an envelope of $(((${#envelope} - 2) / 2)) bytes"
}

while :; do
  for letter in "$relay"/in/*; do
    [ ! -f "$letter" ] || take "$letter"
  done
  sleep 0.1
done
