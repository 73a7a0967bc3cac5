#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# creator.sh EVPROF CREATOR...: a std::thread is created by who makes it, not by
# the C++ library, with optimisation and without.
set -eu
evprof=$1
shift
. "$(dirname "$0")/../../begin.sh"
for creator; do
    "$creator" "$work/profile" >"$work/text"
    "$evprof" -traces "$work/profile" >"$work/traces" 2>&1
    grep -A1 '^created by ' "$work/text" | grep -q 'created by make_thread' ||
        { cat "$work/text"; exit 1; }
    if grep -q _M_start_thread "$work/traces" ||
        ! grep -q make_thread "$work/traces"; then
        cat "$work/traces"
        exit 1
    fi
done
echo ok
