#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The check of the arrows must itself fail on an arrow that runs upward, sideways
# or is not spelled from the top, and pass on one that runs downward.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/core/base" "$tree/core/profile" "$tree/modules/reports" \
    "$tree/adapters/cli"

check() { # check EXPECTED FILE INCLUDE
    echo "#include \"$3\"" >"$tree/$2"
    if sh "$here/arrows.sh" "$tree" >/dev/null; then got=pass; else got=fail; fi
    rm "$tree/$2"
    if [ "$got" != "$1" ]; then
        echo "$2 including $3: expected $1, got $got"
        exit 1
    fi
}
check pass core/profile/a.c core/base/buf.h
check pass adapters/cli/a.c core/base/buf.h
check fail core/base/a.c core/profile/pprof.h
check fail core/profile/a.c core/graph/graph.h
check fail modules/reports/a.c modules/reports/b.h
check fail modules/reports/a.c adapters/cli/cli.h
check fail core/base/a.c buf.h
echo ok
