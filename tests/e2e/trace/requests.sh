#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: requests.sh SERVER GO
# Requests of a server are tasks of its trace, from the first callback to the
# answer, and label its samples; the flight recorder has both afterwards.
set -euo pipefail
server=$1 go=$2
. "$(dirname "$0")/../../begin.sh"
cd "$work"

cat >conf <<CONF
pprof { label_requests on; profile trace { flight_recorder 30s 16m; } }
CONF
mkfifo out
count() { # count PATTERN
    grep -c -- "$1" parsed || true
}

# Three slow requests, and others for as long as the server's profile lasts.
play() {
    "$server" conf >out &
    pid=$! running=$!
    read -r port <out
    base=http://127.0.0.1:$port
    curl -sS -o trace.out "$base/debug/pprof/trace?seconds=0.5" &
    window=$!
    for _ in 1 2 3; do
        curl -sS -o body "$base/slow"
        [ "$(cat body)" = late ] || fail "the answer is changed"
    done
    curl -sS -o cpu.pb "$base/debug/pprof/profile?seconds=1" &
    profile=$!
    others=0
    while [ "$others" -lt 60 ] || kill -0 "$profile" 2>/dev/null; do
        status=$(curl -sS -o body -w '%{http_code}' "$base/other/path")
        [ "$status" = 404 ] || fail "the status is changed"
        others=$((others + 1))
    done
    wait "$window" "$profile"
    "$go" tool trace -d=parsed trace.out >parsed 2>said || fail "$(cat said)"
    curl -sS -o flight.out "$base/debug/pprof/trace?flight=1"
    "$go" tool trace -d=parsed flight.out >parsed 2>said || fail "$(cat said)"
    "$go" tool pprof -tags cpu.pb >tags 2>said
}

# On a machine so busy that events are dropped the trace says it, and that the
# server hardly had a CPU the profile: what is missing then proves nothing.
is_telling() {
    [ "$(count 'Category="evprof: dropped"')" -eq 0 ] && grep -q 'route: Total' tags
}
play
for _ in 1 2; do
    is_telling && break
    kill "$pid"
    wait "$pid" 2>/dev/null || true
    play
done
[ "$(count 'TaskBegin.*"GET /slow"')" -eq 3 ] || fail "requests are no tasks"
[ "$(count 'TaskEnd.*"GET /slow"')" -eq 3 ] || fail "answers end no task"
[ "$(count 'TaskBegin.*"GET /other/path"')" -eq "$others" ] || fail "no generic tasks"
[ "$(count 'Category="status" Message="404"')" -ge "$others" ] || fail "no status"
[ "$(count 'Category="kind" Message="slow"')" -eq 3 ] || fail "no log line"
[ "$(count 'RegionBegin.*"/slow"')" -eq 3 ] || fail "no regions"
# A task lasts until its answer, not until the end of the callback.
awk 'function number(name) { match($0, name "=[0-9]+")
         return substr($0, RSTART + length(name) + 1, RLENGTH - length(name) - 1) }
     /Category="kind" Message="late"/ { is_late[number("Task")] = 1 }
     /TaskEnd.*"GET \/slow"/ { if (!(number("ID") in is_late)) exit failed = 1
                               ends++ }
     END { exit failed || ends != 3 }' parsed ||
    fail "a task ends before its answer: $(grep 'GET /slow\|"late"' parsed)"

grep -q 'route: Total' tags || fail "samples have no route"
grep -q 'thread: Total' tags || fail "samples have no thread: $(cat tags)"
grep -q '/other/path' tags || fail "the route is not the path: $(cat tags)"

# Twice is fine, and a window beside the recorder, but no second window.
curl -sS -o flight.out "$base/debug/pprof/trace?flight=1"
"$go" tool trace -d=parsed flight.out >parsed 2>said || fail "$(cat said)"
[ "$(count 'TaskBegin.*"GET /slow"')" -eq 3 ] || fail "the recorder forgets"
echo ok
