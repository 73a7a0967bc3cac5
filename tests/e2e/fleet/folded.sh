#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# -folded of a real profile: its numbers are the samples, unless -strict or an
# index says otherwise, and add up to the profile's; what is folded is read again.
# usage: folded.sh WORKER EVPROF
set -eu
worker=$1
evprof=$2
. "$(dirname "$0")/../../begin.sh"
export PPROF_TMPDIR=$work/saved
shown="$work/out.txt $work/err.txt $work/raw.txt $work/folded.txt"
before_end() {
    exec 9>&-
}
mkfifo "$work/end"
exec 9<>"$work/end"
"$worker" "$work/s.sock" "folded-$$" burn <&9 &
running=$!
while [ ! -S "$work/s.sock" ]; do read -rt 0.02 <> <(:) || true; done
"$evprof" -proto -output "$work/p.pb.gz" -seconds 1 "unix:$work/s.sock" \
    >"$work/out.txt" 2>&1 || fail "no profile"

# The profile's own sums, and how many distinct stacks it has: lines of -raw
# "  21  210000000: 1 2 3" stand between "Samples:" and "Locations".
"$evprof" -raw "$work/p.pb.gz" >"$work/raw.txt"
awk '/^Samples:/ { on = 1 } /^Locations/ { on = 0 }
    on && /^ *[0-9]+ +[0-9]+: / { n += $1; ns += $2 }
    END { print n + 0, ns + 0 }' "$work/raw.txt" >"$work/sums.txt"
read -r samples ns <"$work/sums.txt"
[ "$samples" -gt 0 ] || fail "no samples"
[ "$ns" -gt "$samples" ] || fail "no time"

# folds WANTED FLAG...: the numbers add up to that.
folds() {
    wanted=$1
    shift
    "$evprof" -folded "$@" "$work/p.pb.gz" >"$work/folded.txt" 2>"$work/err.txt" ||
        fail "-folded $* fails"
    sum=$(awk '{ sum += $NF } END { print sum + 0 }' "$work/folded.txt")
    [ "$sum" = "$wanted" ] || fail "-folded $*: $sum, not $wanted"
    grep -q '^[^ ].*;burn_in_worker [0-9]*$' "$work/folded.txt" ||
        fail "-folded $*: no stack of burn_in_worker"
}
folds "$samples"
folds "$ns" -strict
folds "$samples" -sample_index=samples
folds "$samples" -sample_index=0
folds "$ns" -sample_index=cpu
folds "$ns" -sample_index=1
folds "$samples" -strict -sample_index=samples
folds "$ns" -strict -sample_index=cpu
# What has a focus is folded alone.
folds "$("$evprof" -raw -focus=burn_in_worker "$work/p.pb.gz" |
    awk '/^Samples:/ { on = 1 } /^Locations/ { on = 0 }
        on && /^ *[0-9]+ +[0-9]+: / { n += $1 } END { print n + 0 }')" \
    -focus=burn_in_worker

# Read again, it has the same sums and stacks.
"$evprof" -folded "$work/p.pb.gz" >"$work/first.txt"
"$evprof" -folded "$work/first.txt" >"$work/again.txt" 2>"$work/err.txt" ||
    fail "it is not read again"
sort "$work/first.txt" >"$work/a.txt"
sort "$work/again.txt" >"$work/b.txt"
cmp -s "$work/a.txt" "$work/b.txt" || fail "it is not the same when read again"

# A profile without samples among its columns keeps its own default.
curl -sf --unix-socket "$work/s.sock" -o "$work/t.pb.gz" \
    http://localhost/debug/pprof/goroutine || fail "no threads"
"$evprof" -folded "$work/t.pb.gz" >"$work/folded.txt" 2>"$work/err.txt"
"$evprof" -strict -folded "$work/t.pb.gz" >"$work/strict.txt" 2>"$work/err.txt"
# Addresses without a symbol read otherwise there: a libc may have such.
[ "$(awk '{ n += $NF } END { print n }' "$work/folded.txt")" = \
    "$(awk '{ n += $NF } END { print n }' "$work/strict.txt")" ] ||
    fail "-strict changes counts of threads"
grep -q 'burn_in_worker 1$' "$work/folded.txt" || fail "no thread that burns"
echo "$samples samples, $ns ns"
