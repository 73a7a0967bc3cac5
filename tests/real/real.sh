#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: real.sh SERVER TOOL LIBRARY
# SERVER: a file of servers/. Exit status 77: it is not installed.
set -euo pipefail
server=$1 tool=$2 library=$3
servers=$(cd "$(dirname "$0")" && pwd)/servers
. "$(dirname "$0")/../begin.sh"
. "$(dirname "$0")/world.sh"
cd "$work"
chmod 1777 "$work" # nginx's workers run as nobody
export PPROF_TMPDIR=$work
fail() {
    echo "$server: $*"
    exit 1
}
need() {
    command -v "$1" >/dev/null || { echo "$server: skipped, no $1"; exit 77; }
}

# A server's start function sets $pid and returns when it answers; "with" as its
# argument preloads the library. Its load function prints requests a second.
# The words before a command that preload the library, or none.
before=()
preload() { # preload with|without
    before=()
    if [ "$1" = with ]; then
        before=(env "EVPROF_LISTEN=unix:$work/%p.sock" "LD_PRELOAD=$library")
    fi
}

[[ -r $servers/$server.sh ]] || fail "no such server"
# shellcheck source=/dev/null
. "$servers/$server.sh"

stop() {
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do read -rt 0.05 <> <(:) || true; done
    pid=
    rm -f "$work"/*.sock
}

measure() { # measure with|without: requests a second
    start "$1"
    if [ "$1" = with ]; then
        await compgen -G "$work/*.sock"
    fi
    load >"rate"
    stop
    cat rate
}

start with
await compgen -G "$work/*.sock"
# Of several processes those that work; a worker's is the last.
for socket in "$work"/*.sock; do last=$socket; done
get() { # get PATH FILE: prints the status
    curl -s --unix-socket "$last" -o "$2" -w '%{http_code}' \
        "http://localhost/debug/pprof/$1"
}
load >/dev/null &
loader=$!
"$tool" -proto -output=cpu.pb -seconds 2 "name:$(cat "/proc/$pid/comm")" \
    2>said || fail "no CPU profile: $(cat said)"
for name in goroutine threadcreate mutex block; do
    [ "$(get "$name" "$name.pb")" = 200 ] || fail "no $name"
done
[ "$(get 'trace?seconds=0.5' trace.out)" = 200 ] || fail "no trace"
heap=$(get heap heap.pb)
wait "$loader"
"$tool" -top cpu.pb >top 2>/dev/null
echo "$server: CPU profile, $(awk '/Total samples/ { print $6, $7 }' top):"
awk 'NR > 6 && NR < 12' top
awk 'NR > 6 && $NF !~ /^\[/ { named++ } END { exit named < 3 }' top ||
    fail "no names: $(cat top)"
echo "$server: heap $heap," \
    "$("$tool" -raw goroutine.pb 2>/dev/null | grep -c '^ *[0-9]*: ') stacks"
stop

rates=()
for how in without with with without; do rates+=("$(measure $how)"); done
awk -v a="${rates[0]}" -v b="${rates[1]}" -v c="${rates[2]}" -v d="${rates[3]}" \
    -v s="$server" 'BEGIN { printf "%s: requests a second without %.0f %.0f, " \
        "with %.0f %.0f: %.3f\n", s, a, d, b, c, (b + c) / (a + d) }'
