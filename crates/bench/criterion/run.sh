#!/bin/sh
# Runs the benchmarks and shows the table of ratios, all of one run. With arguments, runs those alone:
#
#   crates/bench/criterion/run.sh                  everything
#   crates/bench/criterion/run.sh crypto_core      the cryptography; others are session_store and engine
#
# What was measured stays in target/criterion-runs, one directory for each run.
set -eu
cd "$(dirname "$0")/../../.."
CRITERION_HOME="${CARGO_TARGET_DIR:-$PWD/target}/criterion-runs/$(date +%Y-%m-%dT%H-%M-%S)"
export CRITERION_HOME
[ $# -gt 0 ] || set -- crypto_core session_store engine
for bench in "$@"; do
  cargo bench --quiet --locked -p criterion-benches --bench "$bench"
done
echo
cargo bench --quiet --locked -p criterion-benches --bench bars
