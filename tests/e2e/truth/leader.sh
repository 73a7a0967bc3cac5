#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# leader.sh LEADER EVPROF: when main() was left by pthread_exit(), each profile has
# what it has otherwise: the program's name, its functions and lines.
set -u
. "$(dirname "$0")/../../begin.sh"
cd "$work"
status=0
export MALLOC_CONF=prof:true,prof_active:false,prof_accum:true,lg_prof_sample:12
"$1" cpu wall heap allocs goroutine threadcreate block mutex || exit 1

for profile in cpu wall heap allocs goroutine threadcreate block mutex; do
    "$2" -top -lines -nodefraction=0 $profile.pb.gz >$profile.top 2>&1
    for word in '^File: truth_leader$' '^Build ID: [0-9a-f]*$'; do
        grep -q "$word" $profile.top ||
            { echo "$profile lacks \"$word\":"; cat $profile.top; status=1; }
    done
    grep '^symbols: ' $profile.top && status=1
done
# The worker's functions, with lines.
while read -r profile function; do
    grep -qE " $function .*leader.c:[0-9]+" $profile.top ||
        { echo "$profile lacks $function:"; cat $profile.top; status=1; }
done <<'END'
cpu burn_on
wall burn_on
wall sleep_on
heap allocate_on
allocs allocate_on
goroutine sleep_on
threadcreate work
block fight_on
mutex fight_on
END
[ $status -eq 0 ] && echo ok
exit $status
