#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The comments of the public headers leave nothing out that a caller must know:
# statuses (compared with those that the sources name), owners, units. What counts as
# saying it, contracts.awk has.
set -eu
cd "$(dirname "$0")/../.."
statuses=$(mktemp)
trap 'rm -f "$statuses"' EXIT

find core adapters modules -name '*.c' ! -path '*/example/*' \
    -exec awk -f tests/arch/statuses.awk {} + >"$statuses"
# What is known to be returned is found, or nothing is compared.
grep -q '^evprof_new .*EVPROF_EPARSE' "$statuses" ||
    { echo 'no statuses were found in the sources'; exit 1; }
awk -f tests/arch/contracts.awk pass=1 "$statuses" pass=2 \
    core/include/evprof/*.h adapters/*/include/evprof/*.h
