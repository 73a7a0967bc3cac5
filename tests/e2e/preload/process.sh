#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: process.sh LIBRARY PROGRAM EXAMPLE TOOL
# What a process does with its threads, descriptors and standard streams, and how it
# ends, is as it would be without the library.
set -euo pipefail
library=$1 program=$2 example=$3 tool=$4
. "$(dirname "$0")/../../begin.sh"
cd "$work"
mkfifo in
echo "listen_after 1ms; pprof { log $work/log warn; }" >conf

start() { # start WHAT
    (
        case $1 in
        streams) exec 9<in <&- >&- 2>&- ;;
        wait) exec <in >out 2>err && ulimit -n 10 ;;
        *) exec <in >out 2>err ;;
        esac
        EVPROF_CONF=$work/conf EVPROF_LISTEN=unix:$work/socket LD_PRELOAD=$library \
            exec "$program" "$1"
    ) &
    running=$!
}

# ends WHAT STATUS [FILE]: the program is told to go on when FILE is there, its socket
# unless named, and ends with that status.
ends() {
    name=$1
    local status=0 file=${3-$work/socket}
    rm -f socket log
    : >out
    : >err
    start "$1"
    exec 3>in
    until [ -e "$file" ]; do
        [ -n "$(jobs -r)" ] || fail "it ended early: $(cat err)"
        read -rt 0.05 <> <(:) || true
    done
    # Also when main() has left it is found.
    until [ "$1" != leave ] || "$tool" ps | grep -q "^ *$running .* unix:$work/socket"; do
        read -rt 0.05 <> <(:) || true
    done
    exec 3>&-
    wait "$running" || status=$?
    running=
    [ "$status" -eq "$2" ] || fail "status $status: $(cat out err)"
    [ ! -s err ] || fail "it says: $(cat err)"
    [ "$1" = sandbox ] || [ ! -e socket ] || fail "its socket is left"
}
# A port that is not open yet is no thread.
echo "listen_after 1h;" >later
"$program" users >without
for _ in {1..30}; do
    EVPROF_CONF=$work/later EVPROF_LISTEN=unix:$work/socket LD_PRELOAD=$library \
        "$program" users >out
    cmp without out || fail "users: error $(cat out) in place of $(cat without)"
done
# A child in a namespace where it has its parent's number has no thread of ours.
EVPROF_CONF=$work/later EVPROF_LISTEN=unix:$work/socket LD_PRELOAD=$library \
    "$program" number || fail "a child with its parent's number: status $?"

# Where the kernel gives it no thread any more, the log says that no port opens.
if "$program" children; then
    echo "listen_after 1h; pprof { log $work/log error; }" >later
    EVPROF_CONF=$work/later EVPROF_LISTEN=unix:$work/socket LD_PRELOAD=$library \
        "$program" children || fail "children in another namespace: status $?"
    [ -e log ] || fail "the log says nothing of the port"
    expect 'error: preload: no port: thread evprof-preload: cannot be made: ' log
else
    echo "no namespaces here: what the log says without a thread is not tried"
fi

LD_PRELOAD=$library "$program" nothing || fail "exec of nothing: status $?"
ends leave 0
expect '^last$' out
ends numbers 0
ends streams 0
ends queue 0
ends quit 5
ends wait 0 "$work/log"
expect 'listen: fewer than [0-9]* descriptors are left' log
# A server with evprof in it has two ports, and one worker for both.
name="two ports"
rm -f socket address
mkfifo address
EVPROF_CONF=$work/conf EVPROF_LISTEN=unix:$work/socket LD_PRELOAD=$library \
    exec -a example "$example" 0 >address &
running=$!
read -r line <address
until [ -S socket ]; do read -rt 0.05 <> <(:) || true; done
for url in "--unix-socket socket http://x/debug/pprof/" "$line"; do
    # shellcheck disable=SC2086 # an option and its value
    curl -sS --max-time 30 -o got ${url}goroutine || fail "no answer at $url"
done
kill "$running"
wait "$running" || true
running=

# A filter that forbids to remove a file is no end by a signal.
echo "listen_signal USR1;" >conf
ends sandbox 6
echo ok
