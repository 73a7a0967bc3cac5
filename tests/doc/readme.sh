#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# README's examples are programs: each is compiled as a reader would, and the one
# that profiles a region is run and its profile read.
# usage: readme.sh README.md BIN_DIR LIB_DIR CFLAGS...
set -eu
readme=$(realpath "$1") bin=$2 lib=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
awk '/^```c$/ { n++; out = "example" n ".c"; inside = 1; next }
     /^```$/ { inside = 0 }
     inside { print > out }' "$readme"
for source in example*.c; do
    # shellcheck disable=SC2046 # a list of words
    cc -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror "$@" \
        -o "${source%.c}" "$source" \
        -L"$lib" -Wl,-rpath,"$lib" -levprof_testing -levprof_evhttp -levprof \
        $(pkg-config --cflags --libs libevent)
done
ls example1 example2 example3 >/dev/null

lines=$(awk '/cpu_start/ { found = 1 } END { print found ? NR : 0 }' example2.c)
if [ "$lines" -eq 0 ]; then
    echo "README's second example no longer profiles a region"
    exit 1
fi
./example2
"$bin/evprof" -top cpu.pb.gz >top
if ! awk '$NF == "work" || $NF == "main" { found = 1 } END { exit !found }' top
then
    echo "the profile of the region does not show its function:"
    cat top
    exit 1
fi

./example3 -bench=. -benchtime=1ms >out
grep -q '^BenchmarkAdd.* ns/op$' out
echo ok
