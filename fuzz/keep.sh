#!/bin/sh
# Puts into fuzz/corpus the fewest inputs that reach all that fuzz/corpus and fuzz/work reach together.
#
#   fuzz/keep.sh            every target
#   fuzz/keep.sh wire       this one
#
# Inputs named regression-* are always kept: each failed once.
set -eu
cd "$(dirname "$0")"

[ $# -gt 0 ] || set -- $(ls corpus)
nice -n 19 cargo +nightly fuzz build -s none
host=$(rustc -vV | sed -n 's/^host: //p')

for target in "$@"; do
    mkdir -p "work/$target" "work/kept"
    kept=$(mktemp -d work/kept/XXXXXX)
    nice -n 19 "target/$host/release/$target" -merge=1 -max_len=4096 \
        "$kept" "corpus/$target" "work/$target" >"work/$target.keep.log" 2>&1
    find "corpus/$target" -type f ! -name 'regression-*' -delete
    find "$kept" -type f -exec mv {} "corpus/$target/" \;
    rmdir "$kept"
    printf '%-14s %5s inputs %8s bytes\n' "$target" \
        "$(find "corpus/$target" -type f | wc -l)" "$(cat corpus/"$target"/* | wc -c)"
done
