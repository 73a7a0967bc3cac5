#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A scraper that profiles most of the time, as Alloy does, and a person who
# profiles whenever he likes: both get all of their own window.
# usage: windows.sh EXAMPLE EVPROF
set -eu
. "$(dirname "$0")/../../begin.sh"

serve "$1"
url=$line
# The first profile of a process compiles the tables of its code, before its window.
curl -sf -o "$work/first" "${url}goroutine"
curl -s "${url%debug/pprof/}primes?[1-1000000]" >/dev/null &
running="$running $!"

# What the process has used so far, in clock ticks.
used() { awk '{ print $14 + $15 }' "/proc/$server/stat"; }

# take NAME SECONDS: a profile, and what the process used meanwhile.
take() {
    before=$(used)
    curl -sf -o "$work/$1.pb.gz" "${url}profile?seconds=$2&rate=1000"
    echo $(($(used) - before)) >"$work/$1.ticks"
}

# check NAME: within 2 % (from 500 expiries on) of the CPU clocks of the window as
# the profile read them, which are not above what the kernel counted from
# before the request until after it.
check() {
    "$evprof" -raw "$work/$1.pb.gz" >"$work/raw" 2>/dev/null
    samples=$(awk '/^Locations/ { exit } /^ *[0-9]+ +[0-9]+:/ { sum += $1 }
        END { print sum + 0 }' "$work/raw")
    "$evprof" -comments "$work/$1.pb.gz" >"$work/comments" 2>/dev/null
    ms=$(sed -n 's/.* \([0-9]*\)\.\([0-9]*\) s of CPU time$/\1\2/p' "$work/comments")
    most=$(($(cat "$work/$1.ticks") * 1000 / hz + 20))
    echo "$1: $samples samples, $ms ms of at most $most"
    ms=${ms#"${ms%%[!0]*}"}
    slack=$((ms > 500 ? ms / 50 : 10))
    [ "$samples" -ge $((ms - slack)) ] && [ "$samples" -le $((ms + slack)) ]
    [ "$ms" -le "$most" ] && [ "$ms" -ge $((most / 2)) ]
}

evprof=$2
hz=$(getconf CLK_TCK)
(for i in 1 2 3; do take "scraper$i" 2; done) &
scraper=$!
take person1 2
take person2 3
wait "$scraper"
for name in scraper1 scraper2 scraper3 person1 person2; do
    check "$name"
done
echo ok
