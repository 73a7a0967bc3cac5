#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: first_example.sh EVPROF_FIRST GO
# The first program anybody profiles: its port serves a CPU profile in which the
# function that appends is seen.
set -eu
first=$1
go=$2
. "$(dirname "$0")/../../begin.sh"
export PPROF_TMPDIR="$work"

"$first" "unix:$work/socket" >"$work/out" 2>&1 &
running=$!
while ! [ -S "$work/socket" ]; do
    kill -0 "$running" || { cat "$work/out"; exit 1; }
done
curl -sS --fail --unix-socket "$work/socket" -o "$work/cpu.pb.gz" \
    "http://localhost/debug/pprof/profile?seconds=2"
"$go" tool pprof -top "$work/cpu.pb.gz" >"$work/top" 2>&1 ||
    { cat "$work/top"; exit 1; }
grep -q append_line "$work/top" || { cat "$work/top"; exit 1; }
# A build with sanitizers may still be at its first round.
timeout 60 sh -c "until grep -q '^round 0: 100000 lines\$' '$work/out'
do :; done"

# A second one on the same address says so.
if "$first" "unix:$work/socket" 1 2>"$work/err"; then
    echo "two programs on one address" >&2
    exit 1
fi
grep -q 'the address is in use' "$work/err"
