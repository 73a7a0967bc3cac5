#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: soak.sh SERVER TOOL LIBRARY [SECONDS]
# An unmodified server runs under its load generator for SECONDS, 600 unless told,
# with libevprof_preload and a profile every five seconds, each kind in turn. Every
# profile is there and readable, the server stays the process it was, says what it
# says without the library, and its memory stays within 5 % of what it was after a
# sixth of the time. A twin without the library has the same load: what that grows by,
# as a database does for every schema it has seen, the server may grow by too. Exit
# status 77: the server is not installed.
set -euo pipefail
server=$1 tool=$2 library=$3 seconds=${4-600}
servers=$(cd "$(dirname "$0")" && pwd)/servers
. "$(dirname "$0")/../begin.sh"
. "$(dirname "$0")/world.sh"
name=$server
loaders=()
before_end() {
    kill "${loaders[@]}" 2>/dev/null || true
    end_both
}
# shellcheck source=/dev/null
. "$servers/$server.sh"

memory() { # memory PROCESS: KiB
    awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}
# The one of a server's processes that works: a worker is the last.
working() { # working PROCESS
    pgrep -P "$1" | tail -n 1 | grep . || echo "$1"
}
begin_server() { # begin_server with|without
    make_world "$1"
    enter "$1"
    start "$1"
    pids[$1]=$pid
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

begin_server without
answer hello >expected
twin=$(working "$pid")
begin_server with
await compgen -G "$work/*.sock"
socket=$(last_socket)
asked=$(basename "$socket" .sock)
cd "$top"
loaders=()
for side in with without; do
    (enter "$side"
    until [ -e "$top/enough" ]; do load >>rates || echo 0 >>rates; done) &
    loaders+=($!)
done

early=0 twin_early=0
count=0
end=$((SECONDS + seconds))
while [ "$SECONDS" -lt "$end" ]; do
    next=$((SECONDS + 5))
    take "$count"
    count=$((count + 1))
    if [ "$early" -eq 0 ] && [ "$((end - SECONDS))" -le "$((seconds * 5 / 6))" ]; then
        early=$(memory "$asked") twin_early=$(memory "$twin")
    fi
    while [ "$SECONDS" -lt "$next" ]; do read -rt 0.2 <> <(:) || true; done
done
late=$(memory "$asked") twin_late=$(memory "$twin")
touch enough
wait "${loaders[@]}"
loaders=()
enter with
answer hello >got
cmp -s "$top/without/expected" got ||
    fail "it answered $(cat got) and not $(cat "$top/without/expected")"
[ "$count" -ge "$((seconds / 15))" ] || fail "only $count profiles"
[ "$((busy * 2))" -gt "$windows" ] ||
    fail "only $busy of $windows CPU profiles have samples"
grown=$((twin_late > twin_early ? twin_late - twin_early : 0))
[ "$late" -le "$((early + early / 20 + 512 + grown))" ] ||
    fail "its memory grew from $early to $late KiB, its twin's by $grown"
rates=$top/with/rates
awk '$1 <= 0 { exit 1 }' "$rates" || fail "its load failed: $(tr '\n' ' ' <"$rates")"
kill -0 "$pid" || fail "it has ended"
for side in with without; do
    enter "$side"
    stop
    pids[$side]=
done
echo "$server: $count profiles in ${seconds}s, $early KiB at first, $late KiB at last," \
    "its twin $twin_early and $twin_late, $(wc -l <"$rates") loads of" \
    "$(sort -n "$rates" | awk '{ a[NR] = $1 } END { printf "%d", a[int((NR + 1) / 2)] }')" \
    "requests a second"
