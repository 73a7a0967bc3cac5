#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: perfetto.sh EVPROF SCENE SOURCE VENV
# What -perfetto writes, read by Perfetto's own schema, which its Python package
# carries. Where that is not installed it is put into the folder VENV, once. The
# package has no trace processor in it: it would fetch one from the network.
set -euo pipefail
evprof=$1 scene=$2 source=$3 venv=$4
python=python3
if ! "$python" -c 'import perfetto' 2>/dev/null; then
    python=$venv/bin/python
    if ! "$python" -c 'import perfetto' 2>/dev/null; then
        { python3 -m venv "$venv" &&
            timeout 120 "$python" -m pip install -q perfetto; } >/dev/null 2>&1 || {
            echo "skipped: the Python package perfetto cannot be had"
            exit 0
        }
    fi
fi
. "$(dirname "$0")/../../begin.sh"
cd "$work"

# convert FLAG...: the trace of the scene, and what the schema finds in it.
convert() {
    "$evprof" -trace trace.out -perfetto -output=perfetto.out "$@" ||
        fail "it is not written"
    "$python" "$source/schema.py" perfetto.out >found 2>said ||
        fail "the schema refuses it: $(tail -1 said)"
}
# has COUNT WHAT: at least so many.
has() {
    awk -v least="$1" -v what="$2" '{ count = $1; sub(/^[0-9]+ /, "") }
        $0 == what && count >= least { found = 1 } END { exit !found }' found ||
        fail "not $1 of \"$2\" in $(cat found)"
}

for name in mutex cond several join threads tasks open; do
    "$scene" "$name" trace.out >/dev/null
    convert
    case $name in
    mutex | cond)
        has 15 "slice sync ($name)"
        has 15 arrows
        has 1 'thread main'
        ;;
    several) has 5 'instant evprof: waker' ;;
    join) has 15 arrows ;;
    threads) has 200 threads ;;
    tasks)
        has 10 'slice GET /basket'
        has 10 'slice query'
        has 10 'note status=200'
        has 10 'thread second_half'
        has 20 'counter running'
        ;;
    esac
done

# A part is whole by itself, wherever it is cut out.
name=mutex
"$scene" mutex trace.out >/dev/null
for from in 0.05 0.0731 0.1; do
    convert -from="$from" -to=0.12
    has 1 'slice sync (mutex)'
done

name=refusals
! "$evprof" -trace trace.out -perfetto -pprof=sync 2>said || fail "two formats"
grep -q 'are two formats' said || fail "it says $(cat said)"
! "$evprof" -perfetto 2>said || fail "no trace"
grep -q -- '-perfetto needs a trace' said || fail "it says $(cat said)"
echo ok
