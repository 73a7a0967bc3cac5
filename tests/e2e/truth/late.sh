#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# late.sh LATE LIBRARY EVPROF: a library that comes too late to stand in front of
# libc says what it does not see.
set -eu
. "$(dirname "$0")/../../begin.sh"
for pair in block:pthread_mutex_lock mutex:pthread_mutex_lock \
    threadcreate:pthread_create; do
    profile=${pair%%:*}
    "$1" "$2" "$profile" "$work/profile"
    "$3" -top "$work/profile" >"$work/report" 2>&1
    grep -qE "^$profile: calls of ${pair#*:} are not seen: the program is bound to that of libc.so.6; link the program with -levprof before" \
        "$work/report" || { cat "$work/report"; exit 1; }
done
echo ok
