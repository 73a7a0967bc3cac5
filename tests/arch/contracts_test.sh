#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# contracts.awk notices what is missing: from copies of the public headers one sentence
# after the other is taken away, and each time it must name the function.
set -u
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 count=0
find core adapters modules -name '*.c' ! -path '*/example/*' \
    -exec awk -f tests/arch/statuses.awk {} + >"$work/statuses"

# without HEADER PATTERN COMPLAINT: each line of HEADER that has PATTERN loses it.
without() {
    count=$((count + 1))
    rm -f "$work"/*.h
    cp core/include/evprof/*.h adapters/*/include/evprof/*.h "$work"
    sed "s|$2||" "$work/$1" >"$work/changed"
    cmp -s "$work/changed" "$work/$1" &&
        { echo "$1 has no $2"; failed=1; return; }
    mv "$work/changed" "$work/$1"
    if awk -f tests/arch/contracts.awk pass=1 "$work/statuses" pass=2 "$work"/*.h \
        >"$work/said"; then
        echo "$1 without $2 is good"
        failed=1
    elif ! grep -q "/$1: $3" "$work/said"; then
        echo "$1 without $2 is complained of by other words:"
        cat "$work/said"
        failed=1
    fi
}

# A status.
without evprof.h 'EVPROF_EINVAL: no profile or no writer;' \
    'evprof_profile_write: EVPROF_EINVAL is not named'
without module.h 'EVPROF_ESTATE: there are no columns yet;' \
    'evprof_builder_add: EVPROF_ESTATE is not named'
without evhttp.h 'EVPROF_ENOENT: it was not' \
    'evprof_evhttp_unmount: EVPROF_ENOENT is not named'
# An owner: of a parameter, of what is returned, of a type, of a field.
without evhttp.h ' \* `address` is copied.' 'evprof_listen: who owns `address`'
without evprof.h ', owned by the profile' 'evprof_profile_name: who owns what it'
without testing.h '; owned by the runner, valid until its cleanups' \
    'evprof_fail_test: who owns `tb`'
without writer.h ' is the caller.s and lives until that function has returned' \
    'evprof_writer.ctx: who owns it'
# A unit: of a parameter, of what is returned, of a field.
without evprof.h '`ns` nanoseconds' 'evprof_set_block_rate: the unit of `ns`'
without testing.h ', in nanoseconds' 'evprof_elapsed_ns: the unit of what it returns'
without module.h 'samples a second that were asked for' 'evprof_ask.rate: its unit'
# What a failing writer leads to.
without trace.h 'what `out` returns' 'evprof_flight_write: what follows'
# Everything.
without version.h '^.*/\* The version of the library.*$' 'evprof_version: '

echo "$count sentences were taken away"
[ "$failed" -eq 0 ]
