#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: switches.sh SCENE GO STRICT
# Where the kernel tells of its switches of threads, a thread that lost its
# processor is preempted as often as the kernel counted it itself, and one that
# sleeps in a call without a wrapper is off it. Where it does not, or is not to be
# asked, the trace says so.
set -euo pipefail
scene=$1 go=$2 source=$3
. "$(dirname "$0")/../../begin.sh"
. "$(dirname "$0")/read_strictly.sh"
build_strict "$go" "$source"

record() { # record [CONF]
    "$scene" "$name" trace.out "$@" >printed
    read_trace trace.out
}
says() {
    grep -q "^said 1 evprof: states | .*$1" found || fail "it says $(cat found)"
}

name=unseen
echo 'pprof { profile trace { switches off; } }' >conf
record conf
says '(switches off)'
[ "$(number preempted)" -eq 0 ] && [ "$(number off)" -eq 0 ] ||
    fail "switches that nobody wanted: $(cat found)"

# A filter may end the program for the call, so nothing is tried under one.
SCENE_FILTER=1 record
says '(a seccomp filter is in force: write "switches window;"'
[ "$(number off)" -eq 0 ] || fail "it was tried under a filter: $(cat found)"

record
if grep -q 'perf_event_open' found; then
    echo "skipped: $(sed -n 's/^said .*evprof: states | //p' found)"
    exit 0
fi
says 'until the kernel gives it a CPU'

echo 'pprof { profile trace { switches window; } }' >conf
SCENE_FILTER=1 record conf
says 'until the kernel gives it a CPU'
record

# The collector meets a thread some time after its beginning, on a busy machine
# later, so a scene is played up to three times.
for attempt in 1 2 3; do
    [ "$(number off)" -lt 10 ] || break
    [ "$attempt" -lt 3 ] || fail "20 reads slept: $(cat found)"
    record
done

name=preempt
for attempt in 1 2 3; do
    record
    counted=$(awk '$1 == "preempted" { print $2 }' printed)
    seen=$(number preempted)
    difference=$((seen > counted ? seen - counted : counted - seen))
    [ "$counted" -lt 20 ] || [ "$difference" -gt "$((5 + counted / 10))" ] ||
        break
    [ "$attempt" -lt 3 ] || fail "the kernel counted $counted: $(cat found)"
done
echo "ok: $seen of $counted preemptions"
