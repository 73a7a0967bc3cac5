#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs that lock early and in malloc, with the library first in link order,
# last, preloaded, and beside another allocator.
# usage: early.sh LIBRARY_DIRECTORY PROGRAM...
set -eu
directory=$1
shift
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
# A program that knows nothing of us; jemalloc locks pthread mutexes itself.
for preload in "$directory/libevprof.so" \
    "$directory/libevprof.so:libjemalloc.so.2" \
    "libjemalloc.so.2:$directory/libevprof.so"; do
    LD_PRELOAD=$preload timeout 60 sort -u /etc/passwd >/dev/null || {
        echo "sort failed with LD_PRELOAD=$preload"
        exit 1
    }
done
echo ok
