#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: soak.sh SERVER EVPROF [SECONDS]
# The flight recorder is on while a server is under load, and is asked for what it
# has every two seconds: each answer is a trace, none is missed, the recorder stays
# within its bounds, and so does the memory of the server, which is judged when it
# has run for more than ten seconds.
set -euo pipefail
server=$1 evprof=$2 seconds=${3-600}
. "$(dirname "$0")/../../begin.sh"
cd "$work"
fail() {
    echo "after ${SECONDS}s: $*"
    exit 1
}

echo 'pprof { profile trace { flight_recorder 5s 8m; cpu on; switches always; } }' >conf
mkfifo out
"$server" conf >out &
pid=$! running=$!
read -r port <out
base=http://127.0.0.1:$port
while :; do
    curl -sS -Z -o /dev/null "$base/other/[1-50]" || true
    curl -sS -o /dev/null "$base/slow" || true
done >/dev/null 2>&1 &
running="$running $!"
rss() {
    awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"
}

early=0
dumps=0
end=$((SECONDS + seconds))
while [ "$SECONDS" -lt "$end" ]; do
    next=$((SECONDS + 2))
    curl -sS --max-time 60 -o flight.out "$base/debug/pprof/trace?flight=1" ||
        fail "the server does not answer"
    "$evprof" -trace flight.out >text 2>said || fail "$(cat said)"
    grep -q ' task GET /' text || fail "no request is in it: $(head -3 text)"
    dumps=$((dumps + 1))
    kept=$(curl -sS --max-time 60 "$base/debug/pprof/status" |
        sed -n 's/.*trace\.bytes: \([0-9]*\).*/\1/p')
    [ "${kept:-0}" -le 9437184 ] || fail "it keeps $kept bytes"
    # Names of functions are read once, and the first dumps grow the heap.
    [ "$dumps" -ne 5 ] || early=$(rss)
    while [ "$SECONDS" -lt "$next" ]; do
        curl -sS --max-time 60 -o /dev/null "$base/other/pause"
    done
done
late=$(rss)
[ "$dumps" -ge "$((1 + seconds / 8))" ] || fail "only $dumps dumps"
[ "$early" -eq 0 ] || [ "$late" -lt "$((early + early / 2 + 20000))" ] ||
    fail "the server grew from $early to $late KiB"
curl -sS --max-time 60 "$base/debug/pprof/status" | grep -E 'trace\.[a-z_]*:'
echo "ok: $dumps dumps, $early KiB at first, $late KiB at last"
