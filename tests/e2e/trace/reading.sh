#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: reading.sh EVPROF SCENE GO SOURCE
# evprof reads what our recorder and what programs in Go write as Go's own tool
# does: profiles are equal, and the traces that Go tests its reader with are
# taken or refused as there. SOURCE is this folder.
set -euo pipefail
evprof=$1 scene=$2 go=$3 source=$4
. "$(dirname "$0")/../../begin.sh"
cd "$work"

# Samples of a profile, one a line, in an order of their own.
samples() {
    "$evprof" -traces -unit=ns -symbolize=none -sample_index="$2" "$1" 2>/dev/null |
        awk '/^-+\+/ { if (seen++) print block; block = ""; next }
             { block = block "|" $0 } END { print block }' | LC_ALL=C sort
}

# check_equal FILE KIND...: the same samples, and at least one in all; threads of
# the scene "long" never wait.
check_equal() {
    local file=$1 kind column count=0
    shift
    for kind in "$@"; do
        "$go" tool trace -pprof="$kind" "$file" >theirs.pb
        "$evprof" -trace "$file" -pprof="$kind" -proto -output=ours.pb 2>said ||
            fail "no $kind profile: $(cat said)"
        for column in delay contentions; do
            samples theirs.pb $column >theirs
            samples ours.pb $column >ours
            cmp -s theirs ours ||
                fail "$kind differs in $column: $(diff theirs ours | head -20)"
        done
        count=$((count + $(wc -l <theirs)))
    done
    [ "$count" -gt "$#" ] || [ "$name" = long ] || fail "there is nothing to compare"
}

for name in mutex rwlock cond semaphore barrier join network threads tasks \
    long open; do
    "$scene" "$name" "$name.out" >/dev/null
    check_equal "$name.out" net sync syscall sched
done

name=served
"$go" build -o served "$source/served.go"
./served served.out
check_equal served.out net sync syscall sched

# The views name what happened.
name=views
shows() { # shows FILE TEXT
    grep -qF -- "$2" "$1" || fail "no \"$2\" in $(head -40 "$1")"
}
"$evprof" -trace mutex.out >text
shows text 'mutex_holder ('
shows text 'sync (mutex), by mutex_holder in '
"$scene" several several.out >/dev/null
"$evprof" -trace several.out >text
shows text ' perhaps by others: several waited)'
"$evprof" -trace tasks.out >text
shows text ' task GET /basket ('
shows text ', status=200'
shows text ' region second half'
"$evprof" -trace served.out >text
shows text ' task request /page1'
shows text ' goroutine'
"$evprof" -trace served.out -from 100ms -to 0.2s >text
shows text 'Shown from 0.100000s to 0.200000s'
gzip -k tasks.out
"$evprof" -trace tasks.out.gz -pprof=region -top 2>/dev/null >text
shows text 'Type: time'
shows text 'second_half'

# What is limited to parts adds up to the whole.
name=parts
total() {
    "$evprof" -trace mutex.out -pprof=sync "$@" -raw 2>/dev/null |
        awk '/^Samples/ { on = 1; next } /^Locations/ { on = 0 }
             on && $2 ~ /^[0-9]+:$/ { sum += $2 } END { print sum + 0 }'
}
[ "$(($(total -to 0.1s) + $(total -from 0.1s)))" -eq "$(total)" ] ||
    fail "$(total -to 0.1s) and $(total -from 0.1s) are not $(total)"

# A file that was cut is read to its last whole generation.
name=cut
head -c "$(($(wc -c <long.out) * 2 / 3))" long.out >cut.out
"$evprof" -trace cut.out >text 2>said
shows said 'cut.out: it ends within a part of the trace, which is left out'
shows text ' region '

# refuses WORD ARG...: one line that has the word.
name=refusals
refuses() {
    local word=$1
    shift
    ! "$evprof" "$@" >text 2>said || fail "$* is taken"
    [ "$(wc -l <said)" -le 2 ] || fail "$* says $(cat said)"
    shows said "$word"
}
printf 'go 1.23 trace\0\0\0\1\1\377' >bad.out
refuses 'bad.out: it ends within its first generation' -trace bad.out
printf 'a text of more than sixteen bytes' >bad.out
refuses 'bad.out: it is no execution trace' -trace bad.out
printf 'go 1.11 trace\0\0\0' >bad.out
refuses 'bad.out: it is an execution trace of format 1.11' -trace bad.out
refuses '-trace is read by itself: leave out other' -trace mutex.out other
refuses '-pprof needs a trace' -pprof=sync
refuses 'makes one of the trace' -trace mutex.out -top
refuses 'it is net, sync, syscall, sched, region or task' \
    -trace mutex.out -pprof=tea -top
refuses 'is no time such as' -trace mutex.out -from=noon
refuses 'leave nothing of the trace' -trace mutex.out -from 1h

# What Go tests its own reader with.
name=strict
tests=$("$go" env GOROOT)/src/internal/trace/testdata/tests
count=0
for text in "$tests"/*.test; do
    [ -e "$text" ] || break
    expected=$(python3 "$source/go_text.py" "$text" go.out)
    got=SUCCESS
    "$evprof" -trace go.out >/dev/null 2>said || got=FAILURE
    [ "$got" = "$expected" ] ||
        fail "$(basename "$text"): $got, not $expected: $(cat said)"
    count=$((count + 1))
done
echo "ok, with $count traces of Go's own tests"
