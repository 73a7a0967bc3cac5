#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh SHIM HOST [sample|all] [CALL...]
#
# Runs the host once to count each kind of call that the library makes, and then
# again and again, each time with another call failing: one of each kind (with
# STEP=n every n-th), or all of them. The host must neither die nor hang nor answer wrongly.
set -u
shim=$1 host=$2 how=${3:-sample}
shift 3
. "$(dirname "$0")/../begin.sh"
conf=$(dirname "$0")/host.conf
bad=0
runs=0

run() { # run CALL N
    LD_PRELOAD=$shim FAULT_CALL=$1 FAULT_N=$2 "$host" "$conf" \
        >"$work/out" 2>&1
}

[ $# -gt 0 ] || set -- malloc pthread_create timer_create open read mmap \
    eventfd epoll_create process_vm_readv
run malloc 0 || { echo "without a fault:"; cat "$work/out"; exit 1; }
cp "$work/out" "$work/calls"
for call; do
    total=$(sed -n "s/^calls: $call //p" "$work/calls")
    step=${STEP:-$((total + 1))}
    [ "$how" = sample ] || step=1
    # Another place each day, so that samples add up.
    n=$(($(date +%j | sed 's/^0*//') * 37 % (step < total ? step : total) + 1))
    [ "$how" = sample ] || n=1
    while [ "$n" -le "$total" ]; do
        runs=$((runs + 1))
        run "$call" "$n"
        rc=$?
        if [ $rc -ne 0 ]; then
            bad=$((bad + 1))
            echo "$call $n of $total: exit $rc"
            sed 's/^/    /' "$work/out" | grep -v calls: | tail -5
        fi
        n=$((n + step))
    done
    echo "$call: $total calls"
done
echo "$runs runs, $bad bad"
[ $bad -eq 0 ]
