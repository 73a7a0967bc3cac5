#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# inputs.sh EVPROF MAKE_HOSTILE: what the tool makes of the files in inputs/.
set -u
evprof=$1 make_hostile=$2
inputs=$(cd "$(dirname "$0")" && pwd)/inputs
. "$(dirname "$0")/../begin.sh"
export TZ=UTC HOME="$work" LC_ALL=C
failed=0 count=0
flags=

# run FLAGS...: prints what the tool says of the input, with one blank a gap.
run() {
    flags="$*"
    "$evprof" -symbolize=none "$@" >"$work/raw" 2>"$work/err"
    sed 's/  */ /g; s/^ //; s/ $//' "$work/raw" >"$work/out"
}
# has LINE...: each is one of the lines.
has() {
    for line; do
        count=$((count + 1))
        grep -qxF -e "$line" "$work/out" && continue
        failed=$((failed + 1))
        printf "FAIL: evprof %s: no line '%s' in:\n" "$flags" "$line"
        cat "$work/out" "$work/err"
    done
}
# has_no PATTERN
has_no() {
    count=$((count + 1))
    grep -q -e "$1" "$work/out" || return 0
    failed=$((failed + 1))
    echo "FAIL: evprof $flags: a line with '$1' in:"
    cat "$work/out"
}
# says TEXT: standard error has it.
says() {
    count=$((count + 1))
    grep -qF -e "$1" "$work/err" && return 0
    failed=$((failed + 1))
    echo "FAIL: evprof $flags: does not say '$1' but:"
    cat "$work/err"
}

# Two clocks are two columns, not twice the time.
run -raw "$inputs/perf_two_clocks.txt"
has 'cpu-clock/nanoseconds[dflt] task-clock/nanoseconds' '250000 0: 1 2' \
    '0 250000: 1 2' '250000 0: 2' 'thread:[shop worker]'
run -top "$inputs/perf_two_clocks.txt"
has 'Showing nodes accounting for 500us, 100% of 500us total' \
    '250us 50.00% 50.00% 500us 100% main' \
    '250us 50.00% 100% 250us 50.00% shop::Cart::add(int)'
run -top -sample_index=task-clock "$inputs/perf_two_clocks.txt"
has '250us 100% 100% 250us 100% shop::Cart::add(int)'

run -top -lines "$inputs/perf_inlined.txt"
has '250us 100% 100% 250us 100% inner w.c:4 (inline)' \
    '0 0% 100% 250us 100% work w.c:5' '0 0% 100% 250us 100% main w.c:7'
run -raw "$inputs/perf_inlined.txt"
has '1: 0x11c7 M=1 inner w.c:4:0 s=0' '250000: 1 2' \
    '1: 0x0/0x0/0x0 /tmp/w [FN][FL][LN][IN]'

run -raw "$inputs/perf_no_callers.txt"
has 'cycles/count[dflt]' '250000: 1' '250000: 2' \
    '1: 0x0/0x0/0x0 /tmp/w (deleted) [FN]'
run -folded "$inputs/perf_ip_sym.txt"
has 'main;other 1' 'main;work 1'
run -tags "$inputs/perf_tracepoint.txt"
has '1 ( 100%): 0x00000015' 'count: Total 1 of 1 ( 100%)' \
    'fd: Total 1 of 1 ( 100%)'
run -tags -sample_index=sched:sched_switch "$inputs/perf_tracepoint.txt"
has 'next_comm: Total 1 of 1 ( 100%)' '1 ( 100%): perf x' \
    'prev_state: Total 1 of 1 ( 100%)' '1 ( 100%): R'

run -top "$inputs/folded_remarks.txt"
has 'Showing nodes accounting for 4, 100% of 4 total' \
    '2 50.00% 50.00% 2 50.00% parse' '2 50.00% 100% 2 50.00% render'
run -raw "$inputs/folded_difference.txt"
has 'before/count after/count' '10 12: 1 2' '0 5: 3 2' '7 0: 4 2'
run -folded "$inputs/folded_equal.txt"
has 'main;parse 3' 'main;render 4'
has_no 'main;parse [12]$'
printf 'a;b 1\na;c 99999999999999999999\n' >"$work/large"
run -top "$work/large"
says 'line 2: 99999999999999999999 is more than a 64-bit number holds'
printf 'a;b 9223372036854775807\na;c 9223372036854775807\n' >"$work/large"
run -top "$work/large"
says 'some sums are larger than 64 bits hold'
has_no '^-'

run -traces -sample_index=space "$inputs/symbolized.txt"
has '64B shop::inner (inline)' 'shop::outer' 'main' '128B main'
run -raw "$inputs/symbolized.txt"
has '1: 0x0/0xffffffffffffffff/0x0 /bin/shop [FN]'

# Names that would steer a terminal or forge a line.
"$make_hostile" >"$work/hostile"
for report in top tree traces tags comments raw folded 'peek=.'; do
    run "-$report" "$work/hostile"
    count=$((count + 1))
    if LC_ALL=C grep -q '[[:cntrl:]]' "$work/out"; then
        # The tree's heading ends with tabs, as its readers expect it.
        if tr -d '\t' <"$work/out" | LC_ALL=C grep -q '[[:cntrl:]]'; then
            failed=$((failed + 1))
            echo "FAIL: control bytes in -$report"
        fi
    fi
    has_no '^File: forged'
    has_no '^Type: forged'
    has_no "$(printf '\342\200\256')"
done
run -top "$work/hostile"
has 'File: pro\x1b[2Jg"\nram' 'com\x1bment\nFile: forged' \
    '12u"ni\nt 9.52% 83.33% 12u"ni\nt 9.52% two\nFile: forged\nType: forged'

# -strict hands names on as they are, to files and pipes.
run -strict -raw "$work/hostile"
count=$((count + 1))
LC_ALL=C grep -q "$(printf '\033')" "$work/raw" || {
    failed=$((failed + 1))
    echo 'FAIL: -strict changes names in a pipe'
}

run -strict -traces "$work/hostile"
count=$((count + 1))
tr '\000' '@' <"$work/raw" | grep -q 'nul@inside' || {
    failed=$((failed + 1))
    echo 'FAIL: -strict changes a NUL'
}

# What went in comes out: NULs, and empty labels.
run -proto "-output=$work/again.pb.gz" "$work/hostile"
run -traces "$work/again.pb.gz"
cp "$work/out" "$work/first"
run -traces "$work/hostile"
count=$((count + 1))
cmp -s "$work/first" "$work/out" || {
    failed=$((failed + 1))
    echo 'FAIL: -proto loses something'
}
echo "$count checks, $failed failed"
[ "$count" -gt 60 ] && [ "$failed" -eq 0 ]
