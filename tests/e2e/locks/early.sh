#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs that lock early and in malloc, with the library first in link order,
# last, preloaded, and beside another allocator.
# usage: early.sh LIBRARY_DIRECTORY PROGRAM...
set -eu
directory=$1
shift
programs=$*
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
for program; do
    order=
    case $program in *_last) order=behind ;; esac
    timeout 60 "$program" $order >/dev/null || {
        echo "$program failed"
        exit 1
    }
    LD_PRELOAD=$directory/libevprof.so timeout 60 "$program" >/dev/null || {
        echo "$program failed with the library preloaded"
        exit 1
    }
done
# Other allocators, before us and behind us; jemalloc locks pthread mutexes
# itself, tcmalloc calls pthread_once and makes keys while it starts. `sort` knows
# nothing of us, our own programs lock in constructors and in malloc.
for preload in "$directory/libevprof.so" \
    "$directory/libevprof.so:libjemalloc.so.2" \
    "libjemalloc.so.2:$directory/libevprof.so" \
    "$directory/libevprof.so:libtcmalloc_minimal.so.4" \
    "libtcmalloc_minimal.so.4:$directory/libevprof.so"; do
    for program in sort $programs; do
        set -- "$program"
        [ "$program" != sort ] || set -- sort -u /etc/passwd
        LD_PRELOAD=$preload timeout 60 "$@" >/dev/null 2>"$errors" || {
            cat "$errors"
            echo "$program failed with LD_PRELOAD=$preload"
            exit 1
        }
        # The loader ignores what it does not find, and says so.
        ! grep 'cannot be preloaded' "$errors" || exit 1
    done
done
echo ok
