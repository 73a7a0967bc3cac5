#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `gather all;`: one address answers for all workers of a pre-forked server, also
# when one of them stands still, and for one alone when that is asked.
# usage: gather.sh PREFORK EVPROF [PROFILE]
# PROFILE is what is asked for, a CPU profile by default.
set -eu
evprof=$2
profile=${3:-profile?seconds=1}
. "$(dirname "$0")/../../begin.sh"
shown="$work/tags $work/comments $work/said"
server=
stopped=
before_end() {
    [ -z "$stopped" ] || kill -CONT "$stopped" 2>/dev/null || true
    exec 9>&-
    [ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server"; } || true
}

echo 'pprof { gather all; symbolize names; }' >"$work/conf"
mkfifo "$work/address" "$work/end"
exec 9<>"$work/end"
"$1" "$work/conf" 4 <&9 >"$work/address" 2>"$work/said" &
server=$!
read -r url pids <"$work/address"

# take QUERY: the profile, its labels and its comments.
take() {
    curl -sf -o "$work/p.pb.gz" "$url$1" || fail "no answer to $1"
    "$evprof" -tags "$work/p.pb.gz" >"$work/tags" 2>/dev/null
    "$evprof" -comments "$work/p.pb.gz" >"$work/comments" 2>/dev/null
}

i=0
while take "$profile"; do
    grep -q 'gather: 5 of 5 workers' "$work/comments" && break
    i=$((i + 1))
    [ "$i" -lt 10 ] || fail "not all workers, the master included"
done
for pid in $pids; do
    grep -q "[ :]$pid\$" "$work/tags" || fail "no worker $pid"
done
"$evprof" -top "$work/p.pb.gz" 2>/dev/null | grep -q burn_in_prefork ||
    fail "no function"

case $profile in
*\?*) take "$profile&gather=off" ;;
*) take "$profile?gather=off" ;;
esac
if grep -q 'gather:' "$work/comments"; then fail "one alone was asked for"; fi
take goroutine
grep -q 'gather: 5 of 5 workers' "$work/comments" || fail "not all threads"

# One that stands still for ever keeps nobody waiting for ever: it must be another than the one
# that is asked, so a few are tried.
stopped=${pids##* }
kill -STOP "$stopped"
i=0
while :; do
    if curl -sf -m 20 -o "$work/p.pb.gz" "$url$profile"; then
        "$evprof" -comments "$work/p.pb.gz" >"$work/comments" 2>/dev/null
        grep -q 'gather: 4 of 5 workers answered' "$work/comments" ||
            fail "it does not say who is missing"
        break
    fi
    i=$((i + 1))
    [ "$i" -lt 8 ] || fail "no answer at all"
done
# Workers are killed, so that a sanitizer has no exit status to tell by.
if grep -q Sanitizer "$work/said"; then fail "a sanitizer has something to say"; fi
echo ok
