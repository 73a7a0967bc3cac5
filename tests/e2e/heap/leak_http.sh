#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# leak_http.sh GO SERVER: the leaking example, asked over HTTP by go tool pprof.
set -euo pipefail
go=$1
. "$(dirname "$0")/../../begin.sh"
shown=$work/out
export PPROF_TMPDIR="$work" TZ=UTC
unset MALLOC_CONF LD_PRELOAD

serve "$2" 0
url=$line
port=${url#http://127.0.0.1:}
port=${port%%/*}

# get PATH: the whole reply, headers first.
get() {
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3
    cat <&3
    exec 3>&-
}

load() {
    for _ in $(seq "$1"); do
        get /append >/dev/null
        get /echo >/dev/null
    done
}

# pprof FLAGS... PATH
pprof() {
    local path=${!#}
    "$go" tool pprof "${@:1:$#-1}" "$url$path" >"$work/out" 2>"$work/messages" ||
        fail "go tool pprof $*: $(cat "$work/messages")"
}

load 60
pprof -inuse_space -top heap
awk 'seen { print $6; exit } $1 == "flat" { seen = 1 }' "$work/out" \
    >"$work/first"
grep -qx append_entry "$work/first" ||
    fail "heap: append_entry is not what holds most"
grep -q on_echo "$work/out" && fail "heap: on_echo holds nothing"
pprof -alloc_objects -top allocs
grep -q append_entry "$work/out" || fail "allocs: no append_entry"
grep -q on_echo "$work/out" || fail "allocs: transient blocks are missing"

# The difference over a second, in which more was kept.
get '/debug/pprof/heap?seconds=1' >"$work/delta" &
delta=$!
while kill -0 "$delta" 2>/dev/null; do
    load 5
done
wait "$delta"
tr -d '\r' <"$work/delta" | sed '/^$/q' >"$work/out"
grep -q '^HTTP/1.. 200' "$work/out" || fail "heap?seconds=1 is refused"
grep -qx 'Content-Disposition: attachment; filename="heap-delta"' "$work/out" ||
    fail "heap?seconds=1 is not called heap-delta"
pprof -raw 'heap?seconds=1'
grep -q '^Duration: 1' "$work/out" || fail "a delta has no duration"

get '/debug/pprof/heap?debug=1&gc=1' | tr -d '\r' >"$work/out"
grep -q '^heap profile: [1-9]' "$work/out" || fail "debug=1 has no head"
grep -q '^# Allocated = [1-9]' "$work/out" || fail "debug=1 has no statistics"
get '/debug/pprof/heap?seconds=1&debug=1' >"$work/out"
grep -q '^HTTP/1.. 400' "$work/out" || fail "seconds and debug go together"

# Many at once: each gets the whole.
pids=
for i in 1 2 3 4 5 6 7 8; do
    get /debug/pprof/heap >"$work/many.$i" &
    pids="$pids $!"
done
for i in $pids; do
    wait "$i"
done
for i in 1 2 3 4 5 6 7 8; do
    head -c 12 "$work/many.$i" >"$work/out"
    grep -q '^HTTP/1.. 200' "$work/out" || fail "one of many was refused"
done
