#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# go tool pprof reads what 999 workers on one mutex leave behind.
# usage: crowd.sh CROWD
set -eu
. "$(dirname "$0")/../../begin.sh"
PPROF_TMPDIR=$work
export PPROF_TMPDIR
"$1" "$work"

expect() { # expect PATTERN: in what pprof has said
    grep -qE "$1" "$work/out" || {
        echo "no $1 in:"
        cat "$work/out"
        exit 1
    }
}

for profile in block mutex; do
    go tool pprof -top "$work/$profile.pb.gz" >"$work/out" 2>/dev/null
    expect '^Type: delay$'
    expect ' hold_mutex$'
    go tool pprof -raw "$work/$profile.pb.gz" >"$work/out" 2>/dev/null
    expect '^PeriodType: contentions count$'
    expect '^contentions/count delay/nanoseconds'
    expect ' hold_mutex .*crowd\.c:[0-9]'
    if grep -E '/core/(interpose|sample|unwind|runtime)/' "$work/out"; then
        echo "frames of the library are in $profile"
        exit 1
    fi
done

# The leaf of mutex is the function that unlocks, at the line of the unlock.
line=$(grep -n 'pthread_mutex_unlock(&mutex);' "$2" | head -n 1 | cut -d: -f1)
go tool pprof -lines -top "$work/mutex.pb.gz" >"$work/out" 2>/dev/null
expect " hold_mutex .*crowd\.c:$line\$"
echo ok
