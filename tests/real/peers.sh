#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: peers.sh [-n ROUNDS] [-s SLICES] [-p "PROFILER..."] TOOL LIBRARY [SERVER...]
# Evprof beside gperftools' CPU profiler and heaptrack, each preloaded into an
# unmodified server under its load generator. Two servers run at once on one CPU, one
# without a profiler and one with it, and the load on another CPU turns from one to the
# other, slice by slice, so that a disturbance of the machine meets both. Where a process
# lies in memory alone makes a difference of several per cent, so each round has two new
# servers. A figure is the middle of the ratios of all slices, with the bounds that hold
# the true middle in 95 of 100 cases behind it: requests a second, and CPU time a request
# of the server with all of its processes. "none" is a second server without a profiler,
# and shows what the method itself is off by. By hand: the figures want a quiet machine.
# A peer that is not installed is left out.
set -euo pipefail
rounds=12 slices=4
all='none evprof-port evprof-cpu gperftools jemalloc evprof-heap heaptrack'
while getopts n:s:p: option; do
    case $option in
    n) rounds=$OPTARG ;;
    s) slices=$OPTARG ;;
    p) all=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
tool=$1 library=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
servers=$here/servers
profiler=$(ls /usr/lib/*/libprofiler.so.0 2>/dev/null | head -n 1 || true)
heaptrack=$(command -v heaptrack || true)
. "$here/../begin.sh"
. "$here/world.sh"
table=$(mktemp)
before_end() {
    rm -f "$table"
    end_both
}
need() {
    command -v "$1" >/dev/null || fail "no $1"
}
taskset -cp 1 $$ >/dev/null # the load generators
on_server_cpu=(taskset -c 0)

# ---- The two servers ----

# What stands before the server's command, by the name of the profiler. jemalloc
# alone stands beside its heap profile, since another allocator is another speed.
preload() {
    mkdir -p "$work/out"
    chmod 1777 "$work/out"
    before=("${on_server_cpu[@]}")
    case $1 in
    evprof-port) before+=(env "EVPROF_LISTEN=unix:$work/%p.sock" "LD_PRELOAD=$library") ;;
    evprof-cpu) before+=(env "EVPROF_FILES=$work/out:cpu" "LD_PRELOAD=$library") ;;
    evprof-all) before+=(env "EVPROF_FILES=$work/out:cpu:mutex:block"
        "EVPROF_LISTEN=unix:$work/%p.sock" "LD_PRELOAD=$library") ;;
    jemalloc) before+=(env LD_PRELOAD=libjemalloc.so.2) ;;
    evprof-heap)
        before+=(env "EVPROF_FILES=$work/out:heap" "LD_PRELOAD=$library libjemalloc.so.2"
            "MALLOC_CONF=prof:true,prof_active:true,lg_prof_sample:19") ;;
    gperftools) before+=(env "CPUPROFILE=$work/out/cpu" "LD_PRELOAD=$profiler") ;;
    heaptrack) before+=("$heaptrack" -o "$work/out/heap") ;;
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

# Nanoseconds of CPU time that the server has used.
used() {
    local one
    for one in $(family "$pid"); do
        cat /proc/"$one"/task/*/schedstat 2>/dev/null || true
    done | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

begin_server() { # begin_server with|without PROFILER
    [ ! -d "$top/$1" ] || rm -r "${top:?}/$1"
    make_world "$1"
    enter "$1"
    start "$2" >/dev/null 2>&1
    pids[$1]=$pid
}

# The server itself, below the shell script that heaptrack is.
end_server() { # end_server with|without PROFILER
    enter "$1"
    local last=$pid next
    while next=$(pgrep -P "$last" | tail -n 1) && [ "$2" = heaptrack ]; do
        last=$next
    done
    kill "$last"
    while kill -0 "$pid" 2>/dev/null; do read -rt 0.05 <> <(:) || true; done
    pids[$1]=
}

# ---- Measuring ----

measure() { # measure ROUND PROFILER SIDE: a line of the table
    local rate cpu began
    enter "$3"
    cpu=$(used) began=$(date +%s%N)
    rate=$(load 6)
    echo "$1 $2 $3 $rate $(($(used) - cpu)) $(($(date +%s%N) - began)) $(used)" >>"$table"
}

run_round() { # run_round NUMBER PROFILER
    local slice order
    begin_server without none
    begin_server with "$2"
    for slice in $(seq "$slices"); do
        order='without with'
        [ $((slice % 2)) -eq 0 ] || order='with without'
        for side in $order; do measure "$1" "$2" "$side"; done
    done
    end_server without none
    end_server with "$2"
}

# ---- The table ----

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
result() { # result PROFILER
    local file out=$top/with/out
    case $1 in
    *cpu | gperftools)
        if [ "$1" = evprof-cpu ]; then
            for file in "$out"/*; do split "$file"; done
        fi
        for file in "$out"/*; do
            "$tool" -top -unit=s "$file" 2>/dev/null |
                sed -n 's/^Showing nodes.* of \([0-9.e-]*\)s total/\1/p'
        done | awk -v used="$(awk -v how="$1" '$2 == how && $3 == "with" { used = $7 }
            END { print used }' "$table")" '{ sum += $1 }
            END { printf "%.0f %% of its CPU time", 100e9 * sum / used }'
        ;;
    *) find "$out" -type f -size +0 -printf '%s\n' 2>/dev/null |
        awk '{ bytes += $1 } END { printf "%d bytes in %d files", bytes, NR }' ;;
    esac
}

# The middle of the ratios, and their order statistics sqrt(n) away from it, which are
# the bounds of a median for any distribution.
summary() { # summary PROFILER
    awk -v how="$1" '
        $2 == how { n[$3]++; rate[$3, n[$3]] = $4; cost[$3, n[$3]] = $5 / ($4 * $6) }
        function figures(of, slices,    i, j, t, a, far) {
            for (i = 1; i <= slices; i++)
                a[i] = of["with", i] / of["without", i]
            for (i = 2; i <= slices; i++)
                for (j = i; j > 1 && a[j] < a[j - 1]; j--) {
                    t = a[j]; a[j] = a[j - 1]; a[j - 1] = t
                }
            far = int(0.98 * sqrt(slices) + 0.5)
            i = int((slices + 1) / 2)
            return sprintf("%.3f (%.3f-%.3f)", (a[i] + a[slices + 1 - i]) / 2,
                           a[i - far < 1 ? 1 : i - far],
                           a[i + far > slices ? slices : i + far])
        }
        END { printf "%s  %s", figures(rate, n["with"]), figures(cost, n["with"]) }
        ' "$table"
}

printf '%-12s %-12s %-19s  %-19s  %s\n' server profiler rate CPU written
for server in ${*:-redis memcached nginx}; do
    # shellcheck source=/dev/null
    . "$servers/$server.sh"
    for peer in $all; do
        can_run "$peer" || continue
        : >"$table"
        for round in $(seq "$rounds"); do run_round "$round" "$peer"; done
        printf '%-12s %-12s %s  %s\n' "$server" "$peer" "$(summary "$peer")" \
            "$(result "$peer")"
    done
done
