#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# huge.sh HUGE EVPROF: code in anonymous memory keeps its file's name, and lines.
set -eu
. "$(dirname "$0")/../../begin.sh"
"$1" "$work/profile"
"$2" -top -lines "$work/profile" >"$work/top" 2>&1
if ! grep -q '^File: truth_huge$' "$work/top" ||
    ! grep -qE ' burn_in_huge .*huge.c:[0-9]+' "$work/top" ||
    grep '^symbols: ' "$work/top"; then
    cat "$work/top"
    exit 1
fi
echo ok
