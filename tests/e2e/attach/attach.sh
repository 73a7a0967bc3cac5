#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: attach.sh TOOL PROGRAM PLUGIN
# Profiles a program from outside, from its beginning to its end.
set -euo pipefail
tool=$1 program=$2 plugin=$3
. "$(dirname "$0")/../../begin.sh"
cd "$work"
export PPROF_TMPDIR=$work

mkfifo in said
"$program" "$plugin" <in >said &
pid=$! running=$!
exec 3>in 4<said
read -r line <&4
[ "$line" = ready ] || fail "the program says: $line"
set +e
"$tool" -proto -seconds 60 -output all.pb "$pid" 2>err &
reader=$!
set -e

# It burns until the profile has something of each part, by another, short one.
if ! "$tool" -top -seconds 1 "perf:$pid" 2>err.short >short; then
    grep -q 'not permitted' err.short || fail "$(cat err.short)"
    kill "$reader"
    echo "SKIP: $(grep permitted err.short)"
    exit 77
fi
grep -q ' turn$' short || fail "no names: $(cat short)"
echo >&3
"$tool" -top -seconds 1 "perf:$pid" >short 2>err.short
grep -q ' plugin_turns$' short || fail "no plugin: $(cat short)"
echo >&3
read -r used <&4
wait "$pid" || fail "the program failed"
running=
wait "$reader" || fail "the tool: $(cat err)"

# All of its CPU time since, which is all but its start.
"$tool" -raw all.pb >raw 2>&1
sampled=$("$tool" -top -unit ms -sample_index cpu all.pb 2>/dev/null |
    sed -n 's/.*Total samples = \([0-9.]*\)ms.*/\1/p')
awk -v sampled="$sampled" -v used="$used" 'BEGIN {
    exit !(sampled >= 0.85 * used && sampled <= 1.02 * used) }' ||
    fail "$sampled ms were sampled of $used ms: $(head -5 raw)"

# The stack that is 103 frames deep, from its leaf to its root, and the threads.
"$tool" -traces all.pb >traces 2>/dev/null
awk '$NF == "descend" { run++; if (run > most) most = run; next } { run = 0 }
    END { exit most != 101 }' traces || fail "no stack has 101 times descend"
awk 'last == "descend" && $NF == "main" { is_found = 1 } { last = $NF }
    END { exit !is_found }' traces || fail "descend is not below main"
"$tool" -tags all.pb >tags 2>/dev/null
grep -q ': second$' tags || fail "no label of the thread: $(cat tags)"

# What cannot be had is said in one line.
"$tool" -top -seconds 1 perf:2147483647 2>err && fail "a process that is none"
grep -q 'there is no process 2147483647' err || fail "no reason: $(cat err)"
echo "$sampled ms of $used ms"
