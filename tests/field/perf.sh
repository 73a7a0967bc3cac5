#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# perf.sh EVPROF: records with perf what perf script can print by its options, and
# reads all of it; ends with 77 where perf may not record.
set -u
evprof=$1
. "$(dirname "$0")/../begin.sh"
export TZ=UTC HOME="$work" LC_ALL=C
cd "$work" || exit 1
command -v perf >/dev/null || {
    echo 'skipped: perf is not installed'
    exit 77
}
perf record -q -e cpu-clock,task-clock -g -o data \
    sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i + 1)); done' >/dev/null 2>&1 &&
    [ -s data ] || {
    echo 'skipped: perf may not record here'
    exit 77
}
failed=0 count=0
samples=$(perf script -i data -F event 2>/dev/null | grep -c clock)
[ "$samples" -gt 0 ] || {
    echo 'skipped: perf recorded nothing'
    exit 77
}
# The number of samples and the columns that the tool finds in its input.
read_back() {
    "$evprof" -symbolize=none -raw "$@" >raw 2>err
    awk '/^Samples:/ { getline; columns = NF }
        /^Locations/ { exit }
        /^ *[0-9][0-9 ]*: / { n++ }
        END { print n + 0, columns + 0 }' raw
}
expect() { # expect COLUMNS WHAT: the last reading had every sample
    count=$((count + 1))
    [ "$got" = "$samples $1" ] && return
    failed=$((failed + 1))
    echo "FAIL: $2: $got, not $samples $1"
    cat err
}
while read -r columns options; do
    # shellcheck disable=SC2086 # a list of words
    perf script -i data $options >text 2>/dev/null
    [ -s text ] || continue
    got=$(read_back text)
    expect "$columns" "perf script $options"
done <<'END'
2
2 --ns
2 -G
2 -F comm,pid,tid,cpu,time,event,ip,sym,dso,symoff
2 -F comm,pid,tid,time,event,ip,sym,dso,symoff
2 -F pid,tid,time,event,period
2 -F event,ip,sym
2 -F period,event,ip,sym
2 -F comm,tid,time,event -G
2 -F comm,event
2 -F time,event
2 -F pid,event
2 -F comm,tid,period,event
2 -F -period
2 -F -comm
2 -F -time
2 -F +misc
2 -F +insn,+insnlen
2 --show-mmap-events
2 --show-task-events
1 -F ip
1 -F ip,sym
1 -F tid,ip
1 -F time,ip
1 -F comm,ip,sym
1 -F -event
END
got=$(read_back data)
expect 2 'perf.data'
count=$((count + 1))
"$evprof" -symbolize=none -top data 2>&1 | grep -q '^Type: cpu-clock$' || {
    failed=$((failed + 1))
    echo 'FAIL: perf.data: not the type cpu-clock'
}
echo "$count checks, $failed failed"
[ "$count" -gt 15 ] && [ "$failed" -eq 0 ]
