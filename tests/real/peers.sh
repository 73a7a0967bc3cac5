#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: peers.sh [-n ROUNDS] [-p "PROFILER..."] TOOL LIBRARY [SERVER...]
# Evprof beside gperftools' CPU profiler and heaptrack, each preloaded into an
# unmodified server under its load generator. A round runs the server without a
# profiler, once with each in turn, and without again; a figure is the median over
# the rounds of what a profiler left of a round's own baseline: requests a second,
# and CPU time a request of the server with all of its processes. By hand: the
# figures want a quiet machine. A peer that is not installed is left out.
set -euo pipefail
rounds=5
all='evprof-port evprof-cpu gperftools jemalloc evprof-heap heaptrack'
while getopts n:p: option; do
    case $option in
    n) rounds=$OPTARG ;;
    p) all=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
tool=$1 library=$2
shift 2
servers=$(cd "$(dirname "$0")" && pwd)/servers
profiler=$(ls /usr/lib/*/libprofiler.so.0 2>/dev/null | head -n 1 || true)
heaptrack=$(command -v heaptrack || true)
ticks=$(getconf CLK_TCK)
. "$(dirname "$0")/../begin.sh"
. "$(dirname "$0")/world.sh"
table=$(mktemp)
before_end() {
    rm -f "$table"
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
}
need() {
    command -v "$1" >/dev/null || fail "no $1"
}

# What stands before the server's command, by the name of the profiler. jemalloc
# alone stands beside its heap profile, since another allocator is another speed.
preload() {
    mkdir -p "$work/$1"
    chmod 1777 "$work/$1"
    case $1 in
    none) before=() ;;
    evprof-port) before=(env "EVPROF_LISTEN=unix:$work/%p.sock" "LD_PRELOAD=$library") ;;
    evprof-cpu) before=(env "EVPROF_FILES=$work/$1:cpu" "LD_PRELOAD=$library") ;;
    jemalloc) before=(env LD_PRELOAD=libjemalloc.so.2) ;;
    evprof-heap)
        before=(env "EVPROF_FILES=$work/$1:heap" "LD_PRELOAD=$library libjemalloc.so.2"
            "MALLOC_CONF=prof:true,prof_active:true,lg_prof_sample:19") ;;
    gperftools) before=(env "CPUPROFILE=$work/$1/cpu" "LD_PRELOAD=$profiler") ;;
    heaptrack) before=("$heaptrack" -o "$work/$1/heap") ;;
    esac
}

# heaptrack waits for its program, and so for ever for a daemon.
can_run() {
    case $1 in
    gperftools) [ -n "$profiler" ] ;;
    heaptrack) [ -n "$heaptrack" ] &&
        ! grep -qE 'daemonize|nginx' "$servers/$server.sh" ;;
    esac
}

# The ids of a process and of all below it.
family() {
    echo "$1"
    local child
    for child in $(pgrep -P "$1"); do family "$child"; done
}

# Ticks of CPU time that the server has used.
used() {
    local one
    for one in $(family "$pid"); do
        cut -d ')' -f 2 "/proc/$one/stat" 2>/dev/null || true
    done | awk '{ sum += $12 + $13 } END { print sum + 0 }'
}

# The server itself, below the shell script that heaptrack is.
stop() {
    local last=$pid next
    while next=$(pgrep -P "$last" | tail -n 1) && [ "$how" = heaptrack ]; do
        last=$next
    done
    kill "$last"
    while kill -0 "$pid" 2>/dev/null; do read -rt 0.05 <> <(:) || true; done
    pid=
}

measure() { # measure ROUND HOW: a line of the table
    how=$2
    local rate cpu began
    start "$how" >/dev/null 2>&1
    cpu=$(used) began=$(date +%s%N)
    load >"$work/rate"
    rate=$(cat "$work/rate")
    echo "$1 $how $rate $(($(used) - cpu)) $(($(date +%s%N) - began)) $(used)" >>"$table"
    stop >/dev/null 2>&1
}

# What libevprof_preload writes is a row of profiles, each behind its length.
split() { # split FILE: as FILE.1, FILE.2, ...
    python3 - "$1" <<'SPLIT'
import struct, sys
data, at, number = open(sys.argv[1], "rb").read(), 0, 0
while at + 8 <= len(data):
    size, number = struct.unpack_from("<Q", data, at)[0], number + 1
    open("%s.%d" % (sys.argv[1], number), "wb").write(data[at + 8:at + 8 + size])
    at += 8 + size
SPLIT
    rm "$1"
}

# The CPU time that the profiles of the last round hold, as a share of what the
# server has used; for the others how much was written.
result() { # result HOW
    local file
    case $1 in
    *cpu | gperftools)
        if [ "$1" = evprof-cpu ]; then
            for file in "$work/$1"/*; do split "$file"; done
        fi
        for file in "$work/$1"/*; do
            "$tool" -top -unit=s "$file" 2>/dev/null |
                sed -n 's/^Showing nodes.* of \([0-9.e-]*\)s total/\1/p'
        done | awk -v used="$(awk -v how="$1" '$2 == how { used = $6 } END { print used }' \
            "$table")" -v ticks="$ticks" '{ sum += $1 }
            END { printf "%.0f %% of its CPU time", 100 * sum / (used / ticks) }'
        ;;
    *) find "$work/$1" -type f -size +0 -printf '%s\n' 2>/dev/null |
        awk '{ bytes += $1 } END { printf "%d bytes in %d files", bytes, NR }' ;;
    esac
}

# The middle of a profiler's ratios to the mean of the two baselines of a round.
summary() { # summary HOW
    awk -v how="$1" -v ticks="$ticks" '
        { cost = $4 / ticks / ($3 * $5 / 1e9) }
        $2 == "none" { rate[$1] += $3 / 2; base[$1] += cost / 2 }
        $2 == how { own[$1] = $3; spent[$1] = cost }
        function middle(a, n,    i, j, t) {
            for (i = 2; i <= n; i++)
                for (j = i; j > 1 && a[j] < a[j - 1]; j--) {
                    t = a[j]; a[j] = a[j - 1]; a[j - 1] = t
                }
            return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
        }
        END {
            for (i in own) {
                n++
                rates[n] = own[i] / rate[i]
                costs[n] = spent[i] / base[i]
            }
            printf "%.3f  %.3f", middle(rates, n), middle(costs, n)
        }' "$table"
}

printf '%-12s %-12s %6s  %5s  %s\n' server profiler rate CPU written
for server in ${*:-redis memcached nginx}; do
    # shellcheck source=/dev/null
    . "$servers/$server.sh"
    peers=
    for peer in $all; do
        ! can_run "$peer" || peers="$peers $peer"
    done
    : >"$table"
    for round in $(seq "$rounds"); do
        rm -rf "${work:?}"/*
        for how in none $peers none; do measure "$round" "$how"; done
    done
    for peer in $peers; do
        printf '%-12s %-12s  %s  %s\n' "$server" "$peer" "$(summary "$peer")" \
            "$(result "$peer")"
    done
done
