#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: dumps.sh SERVER EVPROF
# The flight recorder writes itself to a folder when a request took long, and
# when a signal comes, at most so often, and never more than the folder may hold;
# in a forked child too.
set -euo pipefail
server=$1 evprof=$2
. "$(dirname "$0")/../../begin.sh"
cd "$work"
shown=log

start() { # start DIRECTIVES [fork]
    rm -rf out dumps log
    echo "pprof { log log info; profile trace { flight_recorder 30s 16m; $1 } }" >conf
    mkfifo out
    "$server" conf ${2+"$2"} >out &
    pid=$! running=$!
    read -r port worker <out
    base=http://127.0.0.1:$port
}
stop() {
    kill "$pid"
    wait "$pid" 2>/dev/null || true
    running=
}
files() {
    find dumps -name 'evprof-trace-*.trace' 2>/dev/null | wc -l
}
# wait_for N: until there are so many files, for ten seconds of polling.
wait_for() {
    local end=$((SECONDS + 10))
    until [ "$(files)" -ge "$1" ]; do
        [ "$SECONDS" -lt "$end" ] || fail "$(files) files, not $1"
        curl -sS -o body "$base/other/poll"
    done
}

name=latency
start 'dump_latency 15ms; dump_every 1ms; dump_dir dumps 4m;'
curl -sS -o body "$base/other/quick"
curl -sS -o body "$base/slow"
wait_for 1
"$evprof" -trace "$(find dumps -name '*.trace' | sort | head -1)" >text
grep -q 'task GET /slow' text || fail "the slow request is not in it: $(cat text)"
curl -sS "$base/debug/pprof/status" >status
grep -qE 'dumps: [1-9]' status || fail "status does not tell"
stop

# A profile takes as long as it was asked to: no request of the application's.
name=own
start 'dump_latency 500ms; dump_every 1ms; dump_dir dumps 4m;'
curl -sS -o body "$base/debug/pprof/mutex?seconds=2"
curl -sS -o body "$base/debug/pprof/mutex?seconds=2"
curl -sS -o flight.out "$base/debug/pprof/trace?flight=1"
[ "$(files)" -eq 0 ] || fail "requests for profiles count as slow ones"
stop

name=signal
start 'dump_signal USR2; dump_every 1ms; dump_dir dumps 4m;'
curl -sS -o body "$base/slow"
[ "$(files)" -eq 0 ] || fail "a file without a signal"
for n in 1 2 3; do
    kill -USR2 "$pid"
    wait_for "$n"
done
"$evprof" -trace "$(find dumps -name '*.trace' | sort | tail -1)" >text
grep -q 'task GET /slow' text || fail "the request is not in it"
stop

name=often
start 'dump_signal USR2; dump_every 1h; dump_dir dumps 4m;'
for _ in 1 2 3 4 5; do
    kill -USR2 "$pid"
    curl -sS -o body "$base/other/poll"
done
wait_for 1
stop
[ "$(files)" -eq 1 ] || fail "$(files) files in an hour"

# A server that forks after it has set up its profiler: the recorder, the watch for
# slow requests and the signal live in the child that serves.
name=fork
start 'dump_latency 15ms; dump_signal USR2; dump_every 1ms; dump_dir dumps 4m;' fork
recording() {
    curl -sS "$base/debug/pprof/status" | grep -q 'trace\.recording: yes'
}
end=$((SECONDS + 20))
until recording; do
    [ "$SECONDS" -lt "$end" ] || fail "the worker records nothing"
done
curl -sS -o body "$base/slow"
wait_for 1
"$evprof" -trace "$(find dumps -name "*-$worker-*.trace" | sort | head -1)" >text
grep -q 'task GET /slow' text || fail "the slow request is not in it: $(cat text)"
before=$(files)
kill -USR2 "$worker"
wait_for "$((before + 1))"
curl -sS -o flight.out "$base/debug/pprof/trace?flight=1"
"$evprof" -trace flight.out >text
grep -q 'task GET /slow' text || fail "?flight=1 has no request: $(cat text)"
stop

name=bound
start 'dump_signal USR2; dump_every 1ms; dump_dir dumps 1m;'
curl -sS -Z -o /dev/null "$base/other/[1-400]" 2>/dev/null || true
kill -USR2 "$pid"
wait_for 1
first=$(find dumps -name '*.trace')
end=$((SECONDS + 30))
while [ -e "$first" ]; do
    [ "$SECONDS" -lt "$end" ] || fail "the oldest file stays: $(ls -l dumps)"
    kill -USR2 "$pid"
    curl -sS -o body "$base/other/poll"
    size=$(find dumps -name '*.trace' -printf '%s\n' |
        awk '{ sum += $1 } END { print sum + 0 }')
    [ "$size" -le 1048576 ] || fail "$size bytes in the folder"
done
stop

name=handler
echo 'pprof { profile trace { dump_signal FOO; } }' >conf
! "$evprof" -t conf 2>said || fail "no such signal, and it is taken"
grep -q 'must be HUP, USR1, USR2, WINCH or off' said || fail "$(cat said)"
echo ok
