#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: no_main.sh SOURCE_DIR LIB_DIR
# A test program without EVPROF_TEST_MAIN() links, and says what it lacks.
set -eu
source=$1 lib=$2
. "$(dirname "$0")/../../begin.sh"
printf '#include <evprof/testing.h>\nTEST(One)\n{\n    (void)t;\n}\n' >"$work/one.c"
cc -I"$source/core/include" -I"$source/adapters/testing/include" -o "$work/one" \
    "$work/one.c" -L"$lib" -Wl,-rpath,"$lib" -levprof_testing -levprof
status=0
"$work/one" 2>"$work/said" || status=$?
[ $status -eq 2 ] || { echo "exit $status"; exit 1; }
grep -q 'write EVPROF_TEST_MAIN() in one of its files' "$work/said"
