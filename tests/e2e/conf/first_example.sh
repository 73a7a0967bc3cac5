#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: first_example.sh EVPROF_FIRST GO
# The first program anybody profiles: its port serves a CPU profile in which the
# function that appends is seen.
set -eu
first=$1
go=$2
folder=$(mktemp -d)
export PPROF_TMPDIR="$folder"
pid=
clean() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    rm -rf "$folder"
}
trap clean EXIT

"$first" "unix:$folder/socket" >"$folder/out" 2>&1 &
pid=$!
while ! [ -S "$folder/socket" ]; do
    kill -0 "$pid" || { cat "$folder/out"; exit 1; }
done
curl -sS --fail --unix-socket "$folder/socket" -o "$folder/cpu.pb.gz" \
    "http://localhost/debug/pprof/profile?seconds=2"
"$go" tool pprof -top "$folder/cpu.pb.gz" >"$folder/top" 2>&1 ||
    { cat "$folder/top"; exit 1; }
grep -q append_line "$folder/top" || { cat "$folder/top"; exit 1; }
# A build with sanitizers may still be at its first round.
timeout 60 sh -c "until grep -q '^round 0: 100000 lines\$' '$folder/out'
do :; done"

# A second one on the same address says so.
if "$first" "unix:$folder/socket" 1 2>"$folder/err"; then
    echo "two programs on one address" >&2
    exit 1
fi
grep -q 'the address is in use' "$folder/err"
