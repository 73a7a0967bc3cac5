#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Many processes, profiled at the same time and merged, with a label for each.
# usage: many.sh WORKER EVPROF [COUNT]
set -eu
worker=$1
evprof=$2
count=${3-5}
. "$(dirname "$0")/../../begin.sh"
shown="$work/out $work/err"
before_end() {
    exec 9>&-
}
mkfifo "$work/end"
exec 9<>"$work/end"

# Two of them work, the others wait.
i=0
while [ "$i" -lt "$count" ]; do
    burn=
    [ "$i" -ge 2 ] || burn=burn
    # shellcheck disable=SC2086 # a word or none
    "$worker" "$work/$i.sock" "fleet-$((i % 2))-$$" $burn <&9 >>"$work/ready" &
    running="$running $!"
    i=$((i + 1))
done
i=0
while [ "$i" -lt "$count" ]; do
    [ -S "$work/$i.sock" ] || { read -rt 0.02 <> <(:) || true; continue; }
    i=$((i + 1))
done

# merged SOURCE: what the merged profile has, by label.
merged() {
    "$evprof" -tags -seconds 1 "$1" >"$work/out" 2>"$work/err" ||
        fail "$1 cannot be profiled"
}

if [ "$count" -gt 50 ]; then
    start=$(date +%s%N)
    "$evprof" -proto -output "$work/all.pb.gz" -seconds 1 \
        "unix:$work/*.sock" >"$work/out" 2>"$work/err" || fail "not merged"
    end=$(date +%s%N)
    if grep 'could be read' "$work/err"; then fail "not all of them"; fi
    echo "$count processes: $(((end - start) / 1000000)) ms, of which 1000 are" \
        "the window"
    exit 0
fi

merged "unix:$work/*.sock"
grep -q ' pid: ' "$work/out" || fail "no label pid"
grep -q ' host: ' "$work/out" || fail "no label host"
for group in 0 1; do
    grep -q "fleet-$group-$$" "$work/out" || fail "no worker fleet-$group"
done
# shellcheck disable=SC2086 # a list of process ids
set -- $running
for pid in "$1" "$2"; do
    grep -q "[ :]$pid\$" "$work/out" || fail "no process $pid"
done
"$evprof" -top -seconds 1 "unix:$work/*.sock" >"$work/out" 2>"$work/err"
grep -q burn_in_worker "$work/out" || fail "no function"

# By name: only those.
merged "name:fleet-1-$$"
if grep -q "fleet-0" "$work/out"; then fail "too many"; fi
merged "name:fleet-?-$$"
for pid in "$1" "$2"; do
    grep -q "[ :]$pid\$" "$work/out" || fail "no process $pid"
done

# By cgroup, where this machine has them: all of ours are in ours.
cgroup=$(sed -n 's/^0:://p' /proc/self/cgroup)
if [ -n "$cgroup" ] && [ "$cgroup" != / ]; then
    merged "cgroup:$cgroup"
    grep -q "fleet-0-$$" "$work/out" || fail "no worker in the cgroup"
fi
if "$evprof" -top "cgroup:/no/such" >"$work/out" 2>"$work/err"; then
    fail "a cgroup that is not there"
fi
grep -q 'there is no process cgroup:/no/such' "$work/err" || fail "no reason"
if "$evprof" -top "unix:$work/*.none" >"$work/out" 2>"$work/err"; then
    fail "sockets that are not there"
fi
grep -q 'there is no socket' "$work/err" || fail "no reason"

# Of a server that takes no connections, and of a path that the kernel cannot have,
# one line each; the others are merged all the same, and nothing waits.
mkfifo "$work/said"
"$worker" "$work/deaf.sock" "fleet-deaf-$$" deaf <&9 >"$work/said" &
running="$running $!"
read -r line <"$work/said"
[ "$line" = ready ] || fail "the deaf one says: $line"
long=$work/$(printf '%0100d' 0)
mkdir "$long"
(cd "$long" && exec "$worker" x.sock "fleet-long-$$") <&9 >"$work/said" &
running="$running $!"
read -r line <"$work/said"
# told SOURCE WORDS: which are said once, and nothing is waited for.
told() {
    status=0
    timeout 30 "$evprof" -tags -seconds 1 "$1" >"$work/out" 2>"$work/err" ||
        status=$?
    [ "$status" -ne 124 ] || fail "it waits for $1"
    [ "$(grep -c "$2" "$work/err")" -eq 1 ] || fail "$1: nothing says \"$2\""
}
told "unix:$work/deaf.sock" 'deaf.sock: its server takes no connections'
told "unix:$work/*/x.sock" 'the path of a socket has 107 bytes at most, not [0-9]*: .*x.sock'
timeout 30 "$evprof" -tags -seconds 1 "unix:$work/*.sock" >"$work/out" \
    2>"$work/err" || fail "the others are not merged"
grep -q "fleet-0-$$" "$work/out" || fail "the others are not merged"
timeout 30 "$evprof" ps >"$work/out" || fail "ps waits"

# One alone needs no labels.
merged "unix:$work/0.sock"
if grep -q ' pid: ' "$work/out"; then fail "a label for one"; fi
echo ok
