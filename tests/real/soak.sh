#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: soak.sh SERVER TOOL LIBRARY [SECONDS]
# An unmodified server runs under its load generator for SECONDS, 600 unless told,
# with libevprof_preload and a profile every five seconds, each kind in turn. Every
# profile is there and readable, the server stays the process it was, says what it
# says without the library, and its memory stays within 5 % of what it was after a
# sixth of the time. Exit status 77: the server is not installed.
set -euo pipefail
server=$1 tool=$2 library=$3 seconds=${4-600}
servers=$(cd "$(dirname "$0")" && pwd)/servers
. "$(dirname "$0")/../begin.sh"
. "$(dirname "$0")/world.sh"
name=$server
loader=
before_end() {
    [ -z "$loader" ] || kill "$loader" 2>/dev/null || true
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
}
# shellcheck source=/dev/null
. "$servers/$server.sh"

memory() { # KiB of the process that is asked
    awk '/^VmRSS/ { print $2 }' "/proc/$(basename "$socket" .sock)/status"
}
windows=0
busy=0 # with samples: between two runs of its load a server has nothing to do
# Takes the next profile; a heap is only where the server brings jemalloc.
kinds=('profile?seconds=1' goroutine heap mutex block threadcreate 'trace?seconds=0.5')
take() { # take NUMBER
    local kind=${kinds[$1 % ${#kinds[@]}]} status
    status=$(curl -s --max-time 60 --unix-socket "$socket" -o profile \
        -w '%{http_code}' "http://localhost/debug/pprof/$kind") || true
    case $kind:$status in
    heap:501) return ;;
    trace*:200) "$tool" -trace profile >text 2>said || fail "$kind: $(cat said)" ;;
    *:200) "$tool" -raw profile >text 2>said || fail "$kind: $(cat said)" ;;
    *) fail "$kind: status $status" ;;
    esac
    if [ "${kind%\?*}" = profile ]; then
        windows=$((windows + 1))
        ! grep -q '^ *[1-9][0-9]* ' text || busy=$((busy + 1))
    fi
}

start without
answer hello >expected
stop
start with
await compgen -G "$work/*.sock"
socket=$(last_socket)
(until [ -e enough ]; do load >>rates || echo 0 >>rates; done) &
loader=$!

early=0
count=0
end=$((SECONDS + seconds))
while [ "$SECONDS" -lt "$end" ]; do
    next=$((SECONDS + 5))
    take "$count"
    count=$((count + 1))
    if [ "$early" -eq 0 ] && [ "$((end - SECONDS))" -le "$((seconds * 5 / 6))" ]; then
        early=$(memory)
    fi
    while [ "$SECONDS" -lt "$next" ]; do read -rt 0.2 <> <(:) || true; done
done
late=$(memory)
touch enough
wait "$loader"
loader=
answer hello >got
cmp -s expected got || fail "it answered $(cat got) and not $(cat expected)"
[ "$count" -ge "$((seconds / 15))" ] || fail "only $count profiles"
[ "$((busy * 2))" -gt "$windows" ] ||
    fail "only $busy of $windows CPU profiles have samples"
[ "$late" -le "$((early + early / 20 + 512))" ] ||
    fail "its memory grew from $early to $late KiB"
awk '$1 <= 0 { exit 1 }' rates || fail "its load failed: $(tr '\n' ' ' <rates)"
kill -0 "$pid" || fail "it has ended"
stop
echo "$server: $count profiles in ${seconds}s, $early KiB at first, $late KiB at last," \
    "$(wc -l <rates) loads of" \
    "$(sort -n rates | awk '{ a[NR] = $1 } END { printf "%d", a[int((NR + 1) / 2)] }')" \
    "requests a second"
