#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What evprof_add_test() registers: ctest shows a skipped test as skipped, and a
# test with a skipped sub-test as passed.
# usage: skipped.sh ADD_TEST LIST_SCRIPT
set -eu
. "$(dirname "$0")/../../begin.sh"
cmake "-DPROGRAM=$1" -DNAME=demo -DARGS= -DPROPERTIES= \
    "-DLIST=$work/CTestTestfile.cmake" -P "$2"
ctest --test-dir "$work" -R 'TestSkipped|TestTree' >"$work/out"
for want in 'demo.TestSkipped .*Skipped' 'demo.TestTree .* Passed'; do
    grep -q "$want" "$work/out" || {
        echo "FAIL: no /$want/ in:"
        cat "$work/out"
        exit 1
    }
done
