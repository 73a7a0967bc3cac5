#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: deadlock.sh STUCK EVPROF
# Threads that are stuck are found, with who holds what they wait for, whether
# waits are recorded or not; threads that work or idle are not.
set -euo pipefail
stuck=$1 evprof=$2
. "$(dirname "$0")/../../begin.sh"
cd "$work"
has() { # has FILE PATTERN [COUNT]
    [ "$(grep -cE -- "$2" "$1")" -ge "${3:-1}" ] ||
        fail "no ${3:-1} \"$2\" in $1: $(head -60 "$1")"
}
has_not() { # has_not FILE PATTERN
    ! grep -qE -- "$2" "$1" || fail "\"$2\" in $1: $(head -60 "$1")"
}

plain='profile deadlock { stuck_after 300ms; }'
recorded="$plain profile block { rate 1; } profile mutex { fraction 1; }"
for mode in plain recorded; do
    echo "pprof { ${!mode} }" >conf

    name="cycle, $mode"
    "$stuck" cycle conf 'threads_in_cycles: 3' >count
    has text '^cycles: 1$'
    has text '^threads_in_cycles: 3$'
    has text '^thread [0-9]+ \(.*\) waits for mutex 0x[0-9a-f]+ held by thread [0-9]+ \(' 3
    has text 'philosopher' 3
    [ "$(cat count)" -ge 3 ] || fail "it counts $(cat count)"
    jq -e '[.waits[] | select(.why == "cycle" and .kind == "mutex" and
        .cycle == 1 and (.holder.stack | index("philosopher")) and
        (.thread.stack | index("philosopher")))] | length == 3' json >/dev/null ||
        fail "the JSON is $(head -c 600 json)"
    # Whoever holds a lock waits for another: the circle closes.
    jq -e '([.waits[].thread.tid] | sort) == ([.waits[].holder.tid] | sort)' \
        json >/dev/null || fail "the circle is open: $(head -c 600 json)"
    "$evprof" -tags profile >tags 2>said || fail "no profile: $(cat said)"
    has tags 'cycle'
    has tags 'waiter'
    has tags 'holder'

    name="behind, $mode"
    "$stuck" behind conf 'threads_in_cycles: 3' >count
    has text '^cycles: 1$'
    has text '^threads_in_cycles: 3$'
    has all 'wants_mutex'

    name="ended, $mode"
    "$stuck" ended conf 'waits_for_ended_threads: 1' >count
    has text '^waits_for_ended_threads: 1$'
    has text 'held by thread [0-9]+, which has ended'
    has text 'wants_mutex'

    name="long, $mode"
    "$stuck" long conf 'long_waits: 1' >count
    has text '^long_waits: 1$'
    has text '^cycles: 0$'
    has text 'keeps_mutex'
    has text 'wants_mutex'
    [ "$mode" = plain ] || has text ', for [0-9]+[.][0-9]+s'
    [ "$mode" = recorded ] || has text ', for at least [0-9]+[.][0-9]+s'

    name="join, $mode"
    "$stuck" join conf 'threads_in_cycles: 2' >count
    has text '^cycles: 1$'
    has text 'waits for the end of thread [0-9]+'
    has text 'waits for rwlock 0x[0-9a-f]+ held by thread [0-9]+'

    name="loading, $mode"
    timeout 30 "$stuck" loading conf 'threads_in_cycles: 1' >count ||
        fail "it ends with $?"
    has text '^cycles: 1$'
    has text 'waits for mutex 0x[0-9a-f]+ held by'
    has text 'wait_for_itself'

    name="busy, $mode"
    "$stuck" busy conf 'cycles: 0' >count
    has text '^cycles: 0$'
    has text '^threads_in_cycles: 0$'
    has text '^waits_for_ended_threads: 0$'
    has_not text 'wait for each other'
done

name=log
echo "pprof { log log; profile deadlock { check_every 1s; } }" >conf
LOG=1 "$stuck" cycle conf 'threads_in_cycles: 3' >count
has log 'deadlock: thread [0-9]+ .* waits for mutex .*, in a circle; thread'
[ "$(grep -c deadlock: log)" -eq 1 ] || fail "it is told more than once"
echo ok
