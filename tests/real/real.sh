#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: real.sh SERVER TOOL LIBRARY
# SERVER: a file of servers/. Exit status 77: it is not installed.
set -euo pipefail
server=$1 tool=$2 library=$3
servers=$(cd "$(dirname "$0")" && pwd)/servers
. "$(dirname "$0")/../begin.sh"
. "$(dirname "$0")/world.sh"
name=$server

[[ -r $servers/$server.sh ]] || fail "no such server"
# shellcheck source=/dev/null
. "$servers/$server.sh"

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
last=$(last_socket)
get() { # get PATH FILE: prints the status
    curl -s --unix-socket "$last" -o "$2" -w '%{http_code}' \
        "http://localhost/debug/pprof/$1"
}
load >/dev/null &
loader=$!
"$tool" -proto -output=cpu.pb -seconds 2 "name:$(cat "/proc/$pid/comm")" \
    2>said || fail "no CPU profile: $(cat said)"
for kind in goroutine threadcreate mutex block; do
    [ "$(get "$kind" "$kind.pb")" = 200 ] || fail "no $kind"
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
