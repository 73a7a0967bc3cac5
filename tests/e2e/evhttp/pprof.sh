#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The example server under load, and go tool pprof on the profile it serves.
# usage: pprof.sh EXAMPLE
set -eu
. "$(dirname "$0")/../../begin.sh"
export PPROF_TMPDIR="$work"

serve "$1"
url=$line
root=${url%debug/pprof/}

curl -s "${root}primes?[1-1000000]" >/dev/null &
running="$running $!"
curl -s "${root}hash?[1-1000000]" >/dev/null &
running="$running $!"

go tool pprof -proto -output "$work/cpu.pb.gz" "${url}profile?seconds=3" \
    >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }

go tool pprof -top "$work/cpu.pb.gz" >"$work/out" 2>/dev/null
expect 'Type: cpu' "$work/out"
expect 'count_primes' "$work/out"
expect 'hash_words' "$work/out"
go tool pprof -traces "$work/cpu.pb.gz" >"$work/out" 2>/dev/null
expect 'on_request' "$work/out"
go tool pprof -lines -top "$work/cpu.pb.gz" >"$work/out" 2>/dev/null
expect 'count_primes .*example/main\.c:[0-9]' "$work/out"
go tool pprof -raw "$work/cpu.pb.gz" >"$work/out" 2>/dev/null
expect 'PeriodType: cpu nanoseconds' "$work/out"
expect 'Period: 10000000' "$work/out"
expect 'samples/count cpu/nanoseconds' "$work/out"
expect 'hash_words .*example/main\.c:[0-9]' "$work/out"

# What a server says in an error reaches the user.
if go tool pprof -top "${url}profile?seconds=301" >"$work/out" 2>&1; then
    echo "seconds=301 was not refused"
    exit 1
fi
expect 'must not be above 300' "$work/out"
echo ok
