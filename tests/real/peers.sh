#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: peers.sh TOOL LIBRARY [SERVER...]
# Evprof beside gperftools' CPU profiler and heaptrack, each preloaded into an
# unmodified server under its load generator: requests a second as a share of
# those without, taken in turns, and what the profile holds at the end. By hand:
# the figures want a quiet machine. A peer that is not installed is left out.
set -euo pipefail
tool=$1 library=$2
shift 2
servers=$(cd "$(dirname "$0")" && pwd)/servers
profiler=$(ls /usr/lib/*/libprofiler.so.0 2>/dev/null | head -n 1 || true)
heaptrack=$(command -v heaptrack || true)
. "$(dirname "$0")/../begin.sh"
. "$(dirname "$0")/world.sh"
chmod 1777 "$work"
need() {
    command -v "$1" >/dev/null || fail "no $1"
}

# What stands before the server's command, by the name of the profiler.
preload() {
    mkdir -p "$work/$1"
    chmod 1777 "$work/$1"
    case $1 in
    none) before=() ;;
    evprof-cpu) before=(env "EVPROF_FILES=$work/$1:cpu" "LD_PRELOAD=$library") ;;
    evprof-heap)
        before=(env "EVPROF_FILES=$work/$1:heap" "LD_PRELOAD=$library libjemalloc.so.2"
            "MALLOC_CONF=prof:true,prof_active:true,lg_prof_sample:19") ;;
    gperftools) before=(env "CPUPROFILE=$work/$1/cpu" "LD_PRELOAD=$profiler") ;;
    heaptrack) before=("$heaptrack" -o "$work/$1/heap") ;;
    esac
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

measure() { # measure HOW: requests a second
    how=$1
    start "$how" >/dev/null 2>&1
    load >"$work/rate"
    stop >/dev/null 2>&1
    cat "$work/rate"
}

# What was written, without folders.
result() {
    find "$work/$1" -type f -size +0 -printf '%s\n' |
        awk '{ bytes += $1 } END { printf "%d bytes in %d files", bytes, NR }'
}

compare() { # compare HOW: a row of the table
    local a b c d
    a=$(measure none) b=$(measure "$1") c=$(measure "$1") d=$(measure none)
    awk -v a="$a" -v b="$b" -v c="$c" -v d="$d" -v s="$server" -v h="$1" \
        -v r="$(result "$1")" 'BEGIN {
        printf "%-13s %-12s %9.0f %9.0f  %.3f  %s\n", s, h, (a + d) / 2,
            (b + c) / 2, (b + c) / (a + d), r }'
}

printf '%-13s %-12s %9s %9s  %s\n' server profiler without with 'ratio, written'
for server in "${@:-redis memcached nginx}"; do
    for server in $server; do
        # shellcheck source=/dev/null
        . "$servers/$server.sh"
        for peer in evprof-cpu gperftools evprof-heap heaptrack; do
            [ "$peer" != gperftools ] || [ -n "$profiler" ] || continue
            # heaptrack waits for its program, and so for ever for a daemon.
            [ "$peer" != heaptrack ] || { [ -n "$heaptrack" ] &&
                ! grep -qE 'daemonize|nginx' "$servers/$server.sh"; } || continue
            rm -rf "$work"/*
            compare "$peer"
        done
    done
done
