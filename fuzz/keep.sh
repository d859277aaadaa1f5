#!/bin/sh
# Packs into fuzz/corpus/TARGET.tar the fewest inputs that reach, together with the named ones in
# fuzz/corpus/TARGET, all that they, the packed ones and those of fuzz/work reach together.
#
#   fuzz/keep.sh            every target
#   fuzz/keep.sh wire       this one
set -eu
cd "$(dirname "$0")"

[ $# -gt 0 ] || set -- $(cd corpus && ls -d */ | tr -d /)
nice -n 19 cargo +nightly fuzz build -s none
host=$(rustc -vV | sed -n 's/^host: //p')

for target in "$@"; do
    mkdir -p "work/$target"
    [ ! -e "corpus/$target.tar" ] || tar -xf "corpus/$target.tar" -C "work/$target"
    kept=$(mktemp -d)
    cp "corpus/$target"/* "$kept"
    nice -n 19 "target/$host/release/$target" -set_cover_merge=1 -max_len=4096 \
        "$kept" "work/$target" >"work/$target.keep.log" 2>&1
    (cd "corpus/$target" && ls) | (cd "$kept" && xargs -d '\n' rm)
    tar --sort=name --format=ustar --mtime=@0 --mode=0644 --owner=0 --group=0 --numeric-owner \
        -cf "corpus/$target.tar" -C "$kept" .
    printf '%-14s %5s inputs packed, %8s bytes\n' "$target" \
        "$(find "$kept" -type f | wc -l)" "$(wc -c <"corpus/$target.tar")"
    rm -r "$kept"
done
