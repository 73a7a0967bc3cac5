#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: noise.sh NOISE GO SEEDS
# Whatever events were lost, Go's reader takes the trace.
set -euo pipefail
noise=$1 go=$2 seeds=$3
. "$(dirname "$0")/../../begin.sh"
cd "$work"
reader=$("$go" tool -n trace)
for ((seed = 1; seed <= seeds; seed++)); do
    "$noise" "$seed" trace.out
    if ! "$reader" -d=parsed trace.out >parsed 2>said || [ -s said ]; then
        echo "seed $seed: $(head -n 3 said)"
        exit 1
    fi
done
[ "$(wc -l <parsed)" -gt 100 ] || { echo "the trace is empty"; exit 1; }
echo ok
