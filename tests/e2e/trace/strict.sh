#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: strict.sh SCENE SERVER GO STRICT
# golang.org/x/exp/trace, the strictest reader there is, takes the trace of every
# scene and of a server under load. A wait is as long as the scene measured,
# within 5 %, and was ended by the thread that ended it.
set -euo pipefail
scene=$1 server=$2 go=$3 source=$4
. "$(dirname "$0")/../../begin.sh"
. "$(dirname "$0")/read_strictly.sh"
build_strict "$go" "$source"

# check_waits REASON WAKER: on a busy machine a thread may be stopped between its
# clock and the event, so a scene is played up to three times. A thread that has
# ended already can wake nobody: who joins it then waits for a tenth of a
# millisecond at most, until the kernel is done with it.
check_waits() {
    local attempt
    for attempt in 1 2 3; do
        "$scene" "$name" trace.out >printed
        read_trace trace.out
        awk -F' [|] ' -v reason="wait $1" -v waker="$2" '
            FNR == NR { split($0, w, " "); measured = w[2]; next }
            $1 == reason { split($3, v, " "); total += v[2]; count += v[1]
                           if ($2 == waker || (reason ~ /join/ && $2 == "-" &&
                                               v[2] < .1 * v[1])) right += v[1] }
            END { d = total - measured
                  exit !(count >= 15 && right == count &&
                         d < .05 * measured && d > -.05 * measured) }' \
            printed found && return
    done
    fail "it measured $(cat printed), and waits are $(cat found)"
}

for row in 'mutex mutex_holder' 'pingpong ping' 'rwlock rwlock_reader' \
    'cond producer' 'semaphore poster' 'barrier late_arrival' 'join worker' \
    'forkjoin forked'; do
    read -r name waker <<<"$row"
    case $name in
    pingpong) check_waits 'sync (mutex)' "$waker" ;;
    forkjoin) check_waits 'sync (join)' "$waker" ;;
    *) check_waits "sync ($name)" "$waker" ;;
    esac
done
name=network
check_waits network -

# A signal is of the last who signalled; that it may be another's is said, where
# several waited.
name=cond
"$scene" cond trace.out >printed
read_trace trace.out
! grep -q '^said .* evprof: waker' found || fail "one waited: $(cat found)"
name=several
"$scene" several trace.out >printed
read_trace trace.out
marks=$(awk '/^said .* evprof: waker [|] [23] threads waited: / { n += $2 }
    END { print n + 0 }' found)
[ "$marks" -ge 5 ] || fail "three waited: $(cat found)"

for name in threads tasks long open; do
    "$scene" "$name" trace.out >printed
    read_trace trace.out
    case $name in
    threads) [ "$(number goroutines)" -ge 200 ] || fail "$(cat found)" ;;
    tasks) [ "$(number tasks)" -eq 20 ] || fail "$(cat found)" ;;
    long) [ "$(number generations)" -ge 3 ] || fail "$(cat found)" ;;
    esac
done

name=server
echo 'pprof { profile trace { flight_recorder 30s 16m; } }' >conf
mkfifo out
"$server" conf >out &
pid=$! running=$!
read -r port <out
base=http://127.0.0.1:$port
# Nothing happens: it is as long as it was asked for all the same, no wait is left
# without an end, and it says what its states are worth.
curl -sS -o trace.out "$base/debug/pprof/trace?seconds=2"
read_trace trace.out
[ "$(number covered)" -ge 2000 ] || fail "of 2 s, it has $(cat found)"
[ "$(number open)" -eq 0 ] || fail "waits do not end: $(cat found)"
[ "$(grep -c '^said 1 evprof: states' found)" -eq 1 ] || fail "$(cat found)"
# As many requests as there is time for; the first few may come before the window
# is open. The recorder has all of them.
curl -sS -o trace.out "$base/debug/pprof/trace?seconds=2" &
window=$!
sent=0
while kill -0 "$window" 2>/dev/null; do
    curl -sS -Z -o /dev/null "$base/other/[1-50]" 2>/dev/null || true
    sent=$((sent + 50))
done
wait "$window"
curl -sS -o flight.out "$base/debug/pprof/trace?flight=1"
read_trace trace.out
[ "$(number tasks)" -ge $((sent - 500)) ] ||
    fail "of $sent requests, many are missing: $(cat found)"
read_trace flight.out
[ "$(number tasks)" -ge "$sent" ] ||
    fail "of $sent requests, some are missing: $(cat found)"
echo ok
