#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh EVPROF MAKE_INPUT [--update]: runs the golden cases beside this script.
# Standard output and, below a line "--", standard error and the exit status are
# compared with expected/NAME.
set -u
evprof=$(realpath "$1") make_input=$(realpath "$2") update=${3:-}
[ -x "$evprof" ] && [ -x "$make_input" ] || exit 2
here=$(cd "$(dirname "$0")" && pwd)
. "$(dirname "$0")/../begin.sh"
export TZ=UTC HOME="$work" LC_ALL=C
unset XDG_CONFIG_HOME PPROF_TMPDIR PPROF_BINARY_PATH PPROF_TOOLS

"$make_input" server >"$work/S" || exit 1
"$make_input" server late >"$work/L" || exit 1
"$make_input" arena >"$work/A" || exit 1
head -c 20 "$work/S" >"$work/B"
cat "$work/S" "$work/S" >"$work/T"
printf 'main;a 1\nmain;b 1\n' >"$work/O"
{
    echo "heap profile: 9: 8176 [9: 8176] @ heapprofile"
    for size in 16 32 64 128 256 512 1024 2048 4096; do
        echo "1: $size [1: $size] @ 0x401000 0x402000"
    done
} >"$work/H"
printf 'prog 7 1.0: 1 cycles:\n\t401000 leaf+0x1 (/bin/prog)\n  tree.c:30\n\n' >"$work/P"
mkdir -p "$work/near/by"
# More than a pipe holds.
awk 'BEGIN { for (i = 0; i < 9000; i++) print "main;work" i, 1 }' >"$work/W"
i=1
while [ "$i" -le 70 ]; do
    echo "line $i of tree.c"
    i=$((i + 1))
done >"$work/tree.c"
cd "$work" || exit 1

failed=0 count=0
while IFS='|' read -r name flags; do
    name=$(echo "$name" | tr -d ' ')
    case $name in '' | '#'*) continue ;; esac
    # The rest of the line, in which a regular expression may have a bar.
    # What is typed into the shell, where that is asked for.
    typed=/dev/null
    [ -f "$here/typed/$name" ] && typed=$here/typed/$name
    # shellcheck disable=SC2086 # a list of words
    { set -f; "$evprof" -symbolize=none $flags; status=$?; set +f; } \
        >"$work/out" 2>"$work/err" <"$typed"
    # Of the usage text only the first lines matter here.
    { cat "$work/out"; echo "--"
        if [ "$typed" = /dev/null ]; then sed 3q "$work/err"
        else cat "$work/err"; fi
        echo "exit $status"; } >"$work/got"
    for file in made_*; do
        [ -f "$file" ] || continue
        { echo "-- $file"; cat "$file"; } >>"$work/got"
        rm -f "$file"
    done
    count=$((count + 1))
    if [ "$update" = --update ]; then
        cp "$work/got" "$here/expected/$name"
    elif ! diff -u "$here/expected/$name" "$work/got"; then
        echo "golden: $name differs: $flags"
        failed=$((failed + 1))
    fi
done <"$here/cases.txt"
echo "$count cases, $failed failed"
[ "$count" -gt 30 ] && [ "$failed" -eq 0 ]
