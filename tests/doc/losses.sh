#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# losses.sh PRINT_LOSSES SOURCE_DIR
#
# The troubleshooting guide has the table of losses, line by line.
set -eu
"$1" >"${TMPDIR:-/tmp}/losses.$$"
trap 'rm -f "${TMPDIR:-/tmp}/losses.$$" "${TMPDIR:-/tmp}/guide.$$"' EXIT
grep '^| `lost_' "$2/conf/doc/troubleshooting.md" >"${TMPDIR:-/tmp}/guide.$$"
if ! diff "${TMPDIR:-/tmp}/guide.$$" "${TMPDIR:-/tmp}/losses.$$"; then
    echo "conf/doc/troubleshooting.md (<) and core/profile/loss.c (>) differ"
    exit 1
fi
