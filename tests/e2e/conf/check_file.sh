#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: check_file.sh EVPROF
# What -t and -T say of files: each mistake once, with its line and what to do.
set -eu
evprof=$1
. "$(dirname "$0")/../../begin.sh"
cd "$work"
failed=0

says() { # says EXIT COUNT PATTERN: evprof -t conf, so many lines like the pattern
    status=0
    "$evprof" -t conf 2>said || status=$?
    count=$(grep -c "$3" said || true)
    if [ "$status" != "$1" ] || [ "$count" != "$2" ]; then
        echo "FAIL: exit $status, $count lines like: $3"
        cat conf said
        failed=1
    fi
}
printf 'pprof {\n  allow 10.1.2.3/8;\n}\n' >conf
says 0 1 '^conf:2:3: warning: "allow" has bits beyond the prefix'
printf 'listen 127.0.0.1:6060\npprof { }\n' >conf
says 1 1 '^conf:1:1: .*a ; is missing in line 1$'
printf 'pprof {\n  profile cpu { rate 100 }\n}\n' >conf
says 1 1 '^conf:2:17: "rate" is not ended by ;'
printf 'pprof { profile zzz { } }\n' >conf
says 1 1 'zzz is unknown; there are cpu, heap, allocs,'

# Where a value comes from; the file of EVPROF_CONF where none is named.
printf 'pprof { profile cpu { rate 50; } }\n' >conf
printf 'pprof { profile cpu { rate 40; } }\n' >other
"$evprof" -T conf | grep -q '^ *rate 50; *# conf:1$' || failed=1
EVPROF_CONF=other "$evprof" -T | grep -q '^ *rate 40; *# other:1$' || failed=1
EVPROF_CONF=other "$evprof" -T conf | grep -q '^ *rate 50; *# conf:1$' || failed=1
[ "$failed" -eq 0 ]
