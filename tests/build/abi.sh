#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: abi.sh SOURCE_DIR LIB_DIR
# A program compiled with the last release runs with these libraries: no exported
# function has gone or takes and returns anything else. Before the first tag the
# release is the commit where the names of 0.1 stood. 77: no abidiff, no history.
set -euo pipefail
source=$1 libs=$2
first=9a24ef6
. "$(dirname "$0")/../begin.sh"

command -v abidiff >/dev/null || { echo 'skipped: no abidiff here'; exit 77; }
cd "$source"
base=$(git describe --tags --abbrev=0 2>/dev/null || echo $first)
git cat-file -e "$base^{commit}" 2>/dev/null ||
    { echo "skipped: no commit $base here"; exit 77; }

mkdir "$work/old"
git archive "$base" | tar -x -C "$work/old"
{
    cmake -G Ninja -S "$work/old" -B "$work/build" -DEVPROF_BUILD_TOOL=OFF \
        -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS='-O1 -g'
    cmake --build "$work/build" --parallel 2 --target evprof evprof_evhttp \
        evprof_testing_library
} >"$work/log" 2>&1 || { tail -n 20 "$work/log"; exit 1; }

# Of the summary: "Functions changes summary: 2 Removed (2 filtered out), ...".
compare() { # compare OLD_LIB NEW_LIB OLD_HEADERS NEW_HEADERS: nothing was taken away
    # Its exit status says as well that something was added.
    abidiff --suppressions conf/packaging/abi.suppr --drop-private-types \
        --headers-dir1 "$3" --headers-dir2 "$4" "$1" "$2" >"$work/said" || true
    grep -q 'changes summary' "$work/said" || [ ! -s "$work/said" ] || return 1
    ! grep -E 'summary: ([1-9][0-9]* Removed|0 Removed[^,]*, [1-9][0-9]* Changed)' \
        "$work/said" >/dev/null
}

status=0
for pair in evprof:core evprof_evhttp:adapters/evhttp evprof_testing:adapters/testing
do
    lib=lib${pair%:*}.so headers=${pair#*:}/include
    if compare "$work/build/lib/$lib" "$libs/$lib" "$work/old/$headers" "$headers"
    then
        echo "$lib: nothing that $base had is gone or changed"
    else
        cat "$work/said"
        status=1
    fi
done
# What has come since is gone when the two change places: it must be said.
if [ "$base" = $first ] && compare "$libs/libevprof.so" "$work/build/lib/libevprof.so" \
    core/include "$work/old/core/include"; then
    echo 'the comparison finds nothing where something is gone'
    status=1
fi
exit $status
