#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shapes.sh PROBE PERCENT PROGRAM [ARGUMENT]
#
# Runs the program with the probe in it. No stack may be wrong, and so many of a
# hundred frames have to be found from outside.
set -u
probe=$1 percent=$2
shift 2
out=$(EVPROF_PROBE_QUIET=1 EVPROF_PROBE_ROUNDS=5 LD_PRELOAD=$probe "$@" 2>&1)
rc=$?
echo "$out"
[ $rc -eq 0 ] || exit 1
echo "$out" | awk -v want="$percent" '
    /^probe:/ { sub(/.*\(/, ""); found = $1 }
    END { exit !(found >= want) }' ||
    { echo "fewer than $percent % of the frames were found"; exit 1; }
