#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: scenes.sh SCENE EVPROF
# Every scene is recorded and read, for sanitizers: nothing is compared but that
# the reader takes the trace and finds its threads.
set -euo pipefail
scene=$1 evprof=$2
. "$(dirname "$0")/../../begin.sh"
cd "$work"
echo 'pprof { profile trace { cpu on; } }' >conf
for name in mutex pingpong rwlock cond semaphore barrier join forkjoin network \
    threads tasks flood several preempt unseen; do
    "$scene" "$name" trace.out conf >/dev/null
    "$evprof" -trace trace.out -nodecount=1000 >text
    grep -q '  main (' text || { echo "$name: no thread main"; exit 1; }
    "$evprof" -trace trace.out -pprof=sync -top >/dev/null 2>&1 ||
        { echo "$name: no profile"; exit 1; }
    "$evprof" -trace trace.out -perfetto -output=perfetto.out
done
echo ok
