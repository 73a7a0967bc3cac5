#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# refusals.sh FOLDER JEMALLOC: every way to have no heap profiles says what to do.
set -eu
folder=$1
jemalloc=$2
. "$(dirname "$0")/../../begin.sh"
unset MALLOC_CONF LD_PRELOAD
wanted=prof:true,prof_active:false,prof_accum:true
failed=0

# expect SENTENCE COMMAND...
expect() {
    sentence=$1
    shift
    got=$("$@" 2>&1) || true
    if [ "$got" != "$sentence" ]; then
        printf 'command: %s\nexpected: %s\ngot: %s\n' "$*" "$sentence" "$got"
        failed=1
    fi
}

expect ok "$folder/heap_good"
expect ok "$folder/heap_static"
for every in "" ,prof_active:true,lg_prof_sample:0; do
    for program in early early_last early_inside; do
        expect ok env MALLOC_CONF=$wanted$every "$folder/heap_$program"
    done
done
expect ok env LD_PRELOAD="$jemalloc" MALLOC_CONF=$wanted "$folder/heap_none"
expect "heap: malloc is not jemalloc's: install libjemalloc-dev and link with \
-levprof -ljemalloc, in this order" "$folder/heap_none"
expect "heap: jemalloc is not loaded, and as the executable itself never calls \
malloc, --as-needed drops it: install libjemalloc-dev and link with -levprof \
-Wl,--no-as-needed -ljemalloc" \
    "$folder/heap_dropped"
expect "heap: jemalloc comes before libevprof in the link order: link with \
-levprof -ljemalloc, or start the program with MALLOC_CONF=$wanted" \
    "$folder/heap_reversed"
expect ok env MALLOC_CONF=$wanted "$folder/heap_reversed"
expect "heap: jemalloc is part of heap_inside and does not see the malloc_conf in \
libevprof.so: link libevprof.a before it, or start the program with \
MALLOC_CONF=$wanted" "$folder/heap_inside"
expect ok env MALLOC_CONF=$wanted "$folder/heap_inside"
expect "heap: heap_own_conf has a malloc_conf of its own: add $wanted to it" \
    "$folder/heap_own_conf"
expect "heap: a preloaded jemalloc takes its settings from the environment \
only: start the program with MALLOC_CONF=$wanted" \
    env LD_PRELOAD="$jemalloc" "$folder/heap_none"
expect "heap: MALLOC_CONF in the environment says prof:false: take that out and \
start again" env MALLOC_CONF=prof:false "$folder/heap_good"
expect "heap: the jemalloc in libalien_plain.so was built without profiling: \
use one built with --enable-prof, such as Debian's libjemalloc2" \
    "$folder/heap_plain"
expect "heap: jemalloc is loaded, but malloc is that of libc.so.6: link with \
-ljemalloc before it" "$folder/heap_beside"

printf 'pprof { profile heap { mallctl_prefix _alien_; } }\n' >"$work/prefix"
expect "heap: the bundled jemalloc was started without profiling: start the \
program with _ALIEN_MALLOC_CONF=$wanted" "$folder/heap_prefixed" "$work/prefix"
expect "heap: there is no _alien_mallctl in the process: set mallctl_prefix to \
the prefix of the jemalloc that the program bundles, and link with -rdynamic" \
    "$folder/heap_none" "$work/prefix"
exit $failed
