#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The example server under load, and go tool pprof on the profile it serves.
# usage: pprof.sh EXAMPLE
set -eu
export PPROF_TMPDIR
work=$(mktemp -d)
PPROF_TMPDIR=$work
server=
load=
stop() {
    # shellcheck disable=SC2086 # a list of process ids
    [ -z "$server" ] || kill $load "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT

mkfifo "$work/address"
"$1" >"$work/address" &
server=$!
read -r url <"$work/address"
root=${url%debug/pprof/}

curl -s "${root}primes?[1-1000000]" >/dev/null &
load=$!
curl -s "${root}hash?[1-1000000]" >/dev/null &
load="$load $!"

go tool pprof -proto -output "$work/cpu.pb.gz" "${url}profile?seconds=3" \
    >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }

expect() { # expect PATTERN: in what -REPORT says
    grep -q "$1" "$work/out" || {
        echo "no $1 in:"
        cat "$work/out"
        exit 1
    }
}
go tool pprof -top "$work/cpu.pb.gz" >"$work/out" 2>/dev/null
expect 'Type: cpu'
expect 'count_primes'
expect 'hash_words'
go tool pprof -traces "$work/cpu.pb.gz" >"$work/out" 2>/dev/null
expect 'on_request'
go tool pprof -lines -top "$work/cpu.pb.gz" >"$work/out" 2>/dev/null
expect 'count_primes .*example/main\.c:[0-9]'
go tool pprof -raw "$work/cpu.pb.gz" >"$work/out" 2>/dev/null
expect 'PeriodType: cpu nanoseconds'
expect 'Period: 10000000'
expect 'samples/count cpu/nanoseconds'
expect 'hash_words .*example/main\.c:[0-9]'

# What a server says in an error reaches the user.
if go tool pprof -top "${url}profile?seconds=301" >"$work/out" 2>&1; then
    echo "seconds=301 was not refused"
    exit 1
fi
expect 'must not be above 300'
echo ok
