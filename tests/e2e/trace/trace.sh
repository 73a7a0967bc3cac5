#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: trace.sh SCENE GO
# Go's own tools read the trace of every scene without a complaint, and the time
# that it shows for a wait is what the scene measured, within 5 %.
set -euo pipefail
scene=$1 go=$2
. "$(dirname "$0")/../../begin.sh"
cd "$work"

# Every event is read; any inconsistency ends the reading with an error.
read_strictly() {
    "$go" tool trace -d=parsed trace.out >parsed 2>said ||
        fail "go tool trace does not read it: $(cat said)"
    [ ! -s said ] || fail "go tool trace says: $(cat said)"
}

# profile KIND: milliseconds of that kind of blocking below waits_here.
profile() {
    "$go" tool trace -pprof="$1" trace.out >"$1.pb" 2>said ||
        fail "no $1 profile: $(cat said)"
    "$go" tool pprof -unit=ms -focus='^waits_here$' -traces "$1.pb" 2>/dev/null |
        awk '$1 ~ /ms$/ { sub(/ms/, "", $1); sum += $1 } END { print sum + 0 }'
}

# What is measured is the wait, and the time from its end until the thread ran.
# On a busy machine a thread may be stopped between its clock and the event, so a
# scene is played up to three times.
check_wait() { # check_wait KIND
    local shown ready measured
    for _ in 1 2 3; do
        measured=$(awk '{ print $2 }' printed)
        shown=$(profile "$1")
        ready=$(profile sched)
        awk -v a="$shown" -v r="$ready" -v b="$measured" 'BEGIN {
            d = a + r - b; exit !(b > 100 && d < b * .05 && d > -b * .05) }' &&
            return
        "$scene" "$name" trace.out >printed
        read_strictly
    done
    fail "$shown ms of $1 and $ready ms until it ran below waits_here," \
        "which measured $measured ms"
}

count() { # count PATTERN
    grep -c -- "$1" parsed || true
}

for name in mutex rwlock cond semaphore barrier join network threads tasks \
    long open; do
    "$scene" "$name" trace.out >printed
    read_strictly
    case $name in
    mutex | rwlock | cond | semaphore | barrier | join)
        check_wait sync
        [ "$(count "Reason=\"sync ($name)\"")" -ge 15 ] ||
            fail "no waits named sync ($name)"
        ;;
    network) check_wait net ;;
    threads)
        [ "$(count 'GoID=[0-9]* NotExist->Runnable')" -ge 200 ] ||
            fail "$(count 'NotExist->Runnable') of 200 threads begin"
        [ "$(count 'Running->NotExist')" -ge 200 ] ||
            fail "not every thread ends"
        ;;
    tasks)
        [ "$(count ' TaskBegin ')" -eq 20 ] || fail "tasks are missing"
        [ "$(count ' TaskEnd ')" -eq 20 ] || fail "ends of tasks are missing"
        [ "$(count 'RegionBegin.*"second half"')" -eq 10 ] ||
            fail "regions are missing"
        [ "$(count 'RegionEnd.*"query"')" -eq 10 ] ||
            fail "a region that was passed over has no end"
        [ "$(count 'Category="status" Message="200"')" -eq 10 ] ||
            fail "log lines are missing"
        ;;
    long)
        [ "$(count ' Sync ')" -ge 3 ] || fail "it is one generation"
        # What is cut short is readable up to its last whole generation.
        head -c "$(($(wc -c <trace.out) * 2 / 3))" trace.out >cut
        "$go" tool trace -d=parsed cut >parsed 2>/dev/null || true
        [ "$(count RegionBegin)" -gt 1000 ] || fail "cut short, it is unreadable"
        ;;
    esac
done

# `cpu on` puts samples of who runs into the trace, 100 a second of CPU time; 2.5 s
# of work have some of it even on a crowded machine.
name=long
echo 'pprof { profile trace { cpu on; } }' >conf
"$scene" long trace.out conf >printed
read_strictly
samples=$(count ' StackSample ')
[ "$samples" -ge 20 ] || fail "$samples CPU samples of 2.5 s of work"
[ "$(grep -A12 ' StackSample ' parsed | grep -c '	work @')" -ge "$((samples / 2))" ] ||
    fail "samples have no stacks"
"$scene" long trace.out >printed
read_strictly
[ "$(count ' StackSample ')" -eq 0 ] || fail "samples that nobody wanted"

# What readers should know stands in the trace: how states are known, and what was
# dropped, as in a scene that writes more than its ring holds.
[ "$(count 'Category="evprof: states"')" -eq 1 ] || fail "it does not say how"
name=flood
"$scene" flood trace.out >printed
read_strictly
[ "$(count 'Category="evprof: dropped" Message="[1-9][0-9]* events')" -ge 1 ] ||
    fail "it does not say what was dropped"

# The waker of a wait is the thread that ended it: the mutex is given back by
# mutex_holder, the thread joined is worker.
name=mutex
"$scene" mutex trace.out >printed
read_strictly
awk '/Waiting->Runnable/ { w = !/ G=-1 /; next } /^M=/ { w = 0 }
     w && /mutex_holder/ { good++; w = 0 }
     END { exit good < 15 }' parsed ||
    fail "the unlocking thread's stack is not at the wakes"
echo ok
