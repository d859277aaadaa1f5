#!/bin/sh
# Runs fuzz targets one after another and prints what each did.
#
#   fuzz/run.sh                    every target, 30 minutes each
#   fuzz/run.sh 5 wire bundle      these two, 5 minutes each
#
# Needs a nightly toolchain and cargo-fuzz. Begins with the named inputs of fuzz/corpus and with the
# packed ones, which it unpacks into fuzz/work/. New inputs go there too; keep.sh packs them. What
# makes a target fail goes to fuzz/artifacts/. Ends with an error if there is any of the latter.
set -eu
cd "$(dirname "$0")"

minutes=${1:-30}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- wire bundle sequences receive keystore parameters config contact_code keys phrase envelope group group_key link mlkem

# All of our code forbids unsafe code: the address sanitizer would find nothing in it, and takes half the speed.
nice -n 19 cargo +nightly fuzz build -s none
host=$(rustc -vV | sed -n 's/^host: //p')

printf '%-14s %8s %12s %9s %9s %8s\n' target minutes executions edges features failures
failed=0
for target in "$@"; do
    mkdir -p "work/$target" "artifacts/$target"
    [ ! -e "corpus/$target.tar" ] || tar -xf "corpus/$target.tar" -C "work/$target"
    log="work/$target.log"
    nice -n 19 "target/$host/release/$target" "work/$target" "corpus/$target" \
        -max_total_time=$((minutes * 60)) -max_len=4096 -timeout=20 -rss_limit_mb=2048 \
        -artifact_prefix="artifacts/$target/" -print_final_stats=1 >"$log" 2>&1 || true
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    features=$(sed -n 's/.* ft: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    failures=$(find "artifacts/$target" -type f | wc -l)
    failed=$((failed + failures))
    printf '%-14s %8s %12s %9s %9s %8s\n' \
        "$target" "$minutes" "${executions:--}" "${edges:--}" "${features:--}" "$failures"
done
[ "$failed" -eq 0 ]
