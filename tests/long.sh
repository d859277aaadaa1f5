#!/usr/bin/env bash
# The tests that take minutes to hours, one after another, and what each of them counted.
#
#   tests/long.sh            all of them
#   tests/long.sh power      those whose name contains "power"
#
# How much each does: RATCHETD_KILLS (1000), RATCHETD_FAULTS (800), RATCHETD_CUTS (400),
# RATCHETD_SCHEDULES (10000 of each mix; 20000 mixed ones in all), RATCHETD_MESSAGES (1000000).
# RATCHETD_SEED repeats the choices of a run; they are new ones without.
set -uo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never
export RATCHETD_SEED=${RATCHETD_SEED:-$(od -An -N8 -tu8 /dev/urandom | tr -d ' ')}
echo "RATCHETD_SEED=$RATCHETD_SEED"

# Package and target, and a test in it.
tests=(
  "-p daemon --test faults|nothing_is_lost_forked_or_half_done_in_a_thousand_kills"
  "-p daemon --test faults|nothing_is_lost_forked_or_half_done_while_a_crowded_daemon_is_killed_a_thousand_times"
  "-p daemon --test faults|nothing_is_lost_forked_or_half_done_in_hundreds_of_faults"
  "-p daemon --test faults|nothing_is_lost_forked_or_half_done_in_hundreds_of_power_cuts"
  "-p daemon --test faults|every_single_write_fails_once"
  "-p daemon --test faults|the_power_is_cut_at_every_single_write"
  "-p engine --lib|many_schedules_keep_the_invariants"
  "-p engine --lib|many_mixed_schedules_read_what_status_go_would_have_read"
  "-p session-store --lib|a_peer_that_does_so_a_million_times_fills_nothing"
  "-p session-store --lib|what_messages_cost_around_a_gap"
)

# None is forgotten.
there=$(grep -rhE '^\s*#\[ignore' --include='*.rs' tests crates | wc -l)
if ((there != ${#tests[@]})); then
  echo "tests/long.sh knows ${#tests[@]} tests, the sources hold $there" >&2
  exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
summary=()
failed=0
for test in "${tests[@]}"; do
  target=${test%%|*} name=${test##*|}
  [[ $name == *"${1:-}"* ]] || continue
  echo "== $name"
  began=$SECONDS
  # shellcheck disable=SC2086 # the target is several words
  if cargo test --locked $target -- --ignored --nocapture "$name" 2>&1 | tee "$log" &&
    grep -q '^test result: ok. 1 passed' "$log"; then
    result=ok
  else
    result=FAILED
    failed=1
  fi
  summary+=("$result $((SECONDS - began)) s  $name")
  while read -r line; do
    summary+=("     $line")
  done < <(grep -hE 'violations; seed|messages: [0-9]+ read|calls of the system: ' "$log")
done

echo "== summary"
printf '%s\n' "${summary[@]}"
exit $failed
