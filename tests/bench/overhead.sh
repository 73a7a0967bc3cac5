#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: overhead.sh BIN_DIR [ROUNDS [REQUESTS]]
# What profiles cost a server on this machine, as a table: the CPU time of a request
# to evprof-example while nothing is asked, beside that while a profile is taken all
# the time. Both alternate, and medians of the rounds are printed. What is not
# optimised says so in the first line: its figures are nobody's.
set -euo pipefail
bin=$1 rounds=${2-7} requests=${3-400}
cache=$bin/../CMakeCache.txt
type=$(sed -n 's/^CMAKE_BUILD_TYPE:[A-Z]*=//p' "$cache" 2>/dev/null || true)
sanitizers=$(sed -n 's/^EVPROF_SANITIZE:[A-Z]*=//p' "$cache" 2>/dev/null || true)
case $type$sanitizers in
Release | RelWithDebInfo | MinSizeRel) ;;
*) echo "no release build (${type:-of no known type}${sanitizers:+, $sanitizers});" \
    'figures are of: cmake --preset release && cmake --build --preset release' ;;
esac
. "$(dirname "$0")/../begin.sh"
asker=''
before_end() {
    [ -z "$asker" ] || kill "$asker" 2>/dev/null || true
}

serve "$bin/evprof-example"
url=$(echo "$line" | grep -o 'http://[0-9.:]*')

cpu_ns() { # of all threads of the server
    cat /proc/"$server"/task/*/schedstat | awk '{ sum += $1 } END { printf "%d", sum }'
}
request_us() { # the CPU time of a request, now
    before=$(cpu_ns)
    curl -s -o "$work/body" "$url/primes?[1-$requests]" >"$work/body"
    echo $((($(cpu_ns) - before) / requests / 1000))
}
median() {
    sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
ask() { # ask PATH: until it is killed
    while curl -s -o "$work/profile" "$url/debug/pprof/$1"; do :; done
}

request_us >/dev/null
printf '%-34s %10s %10s %8s\n' 'while it is taken' 'us without' 'us with' 'more'
while read -r path what; do
    : >"$work/without"
    : >"$work/with"
    for _ in $(seq "$rounds"); do
        request_us >>"$work/without"
        ask "$path" &
        asker=$!
        request_us >>"$work/with"
        kill "$asker"
        wait "$asker" 2>/dev/null || true
        asker=''
    done
    without=$(median <"$work/without") with=$(median <"$work/with")
    awk -v what="$what" -v a="$without" -v b="$with" 'BEGIN {
        printf "%-34s %10d %10d %7.1f%%\n", what, a, b, 100 * (b - a) / a }'
done <<'ROWS'
profile?seconds=2 profile, 100 a second of CPU time
wall?seconds=2 wall, every thread
trace?seconds=2 trace
goroutine?seconds=1 goroutine, twice a second
ROWS
