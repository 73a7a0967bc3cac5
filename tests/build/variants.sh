#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: variants.sh VARIANT SOURCE_DIR EVPROF
# Builds the libraries in one way of others, links a program with them, shared and
# static, and reads the profiles that it takes of itself. 77: a tool is missing.
set -euo pipefail
variant=$1 source=$2 evprof=$3
here=$(cd "$(dirname "$0")" && pwd)
. "$(dirname "$0")/../begin.sh"

need() {
    command -v "$1" >/dev/null || { echo "skipped: no $1 here"; exit 77; }
}

compiler=cc cflags='-O2 -g' ldflags=''
case $variant in
lto)
    # As Ubuntu and Fedora build, and with every reference resolved.
    cflags='-O2 -g -flto=auto -ffat-lto-objects' ldflags='-Wl,-z,defs'
    ;;
hardened)
    cflags='-O2 -g -D_FORTIFY_SOURCE=3 -fstack-protector-strong
        -fstack-clash-protection -fcf-protection -Wformat -Werror=format-security'
    ldflags='-Wl,-z,relro,-z,now'
    case $(uname -m) in aarch64) cflags=${cflags/-fcf-protection/} ;; esac
    ;;
fast_mold)
    need mold
    cflags='-O3' ldflags='-fuse-ld=mold'
    ;;
clang_lld)
    need clang
    need ld.lld
    compiler=clang ldflags='-fuse-ld=lld -Wl,-z,defs'
    ;;
clang_lto)
    need clang
    need ld.lld
    compiler=clang cflags='-O2 -g -flto=thin' ldflags='-fuse-ld=lld'
    ;;
*)
    echo "variants.sh: no variant $variant" >&2
    exit 2
    ;;
esac
cflags=$(echo $cflags) # one line

build() {
    cmake -G Ninja -S "$source" -B "$work/build" -DCMAKE_C_COMPILER="$compiler" \
        -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="$cflags" \
        -DCMAKE_SHARED_LINKER_FLAGS="$ldflags" \
        -DCMAKE_MODULE_LINKER_FLAGS="$ldflags" \
        -DCMAKE_EXE_LINKER_FLAGS="$ldflags" -DEVPROF_BUILD_TOOL=OFF
    cmake --build "$work/build" --parallel 2
    cmake --install "$work/build" --prefix "$work/prefix"
}
build >"$work/log" 2>&1 || { tail -n 40 "$work/log"; exit 1; }
grep -n 'warning:' "$work/log" && { echo "the build warns"; exit 1; }
libdir=$(dirname "$(find "$work/prefix" -name libevprof.so)")
export PKG_CONFIG_PATH="$libdir/pkgconfig"

profile() { # profile NAME PROGRAM: its profiles name what it did
    mkdir "$work/$1"
    LD_LIBRARY_PATH=$libdir "$2" "$work/$1"
    "$evprof" -top "$work/$1/cpu.pb.gz" >"$work/$1/top" 2>&1
    "$evprof" -top -sample_index=delay "$work/$1/mutex.pb.gz" \
        >"$work/$1/mutex" 2>&1
    # Most of the time is spent there, and names come from this build's own
    # helper; who gave the mutex back is who kept the other waiting.
    awk '$NF == "busy" && $5 + 0 > 50 { found = 1 } END { exit !found }' \
        "$work/$1/top" || { cat "$work/$1/top"; exit 1; }
    awk '$NF == "keep_waiting" && $5 + 0 > 50 { found = 1 } END { exit !found }' \
        "$work/$1/mutex" || { cat "$work/$1/mutex"; exit 1; }
}

packages='evprof evprof-evhttp libevent'
# shellcheck disable=SC2046,SC2086 # lists of words
{
    $compiler $cflags $ldflags -o "$work/shared_program" "$here/consumer.c" \
        $(pkg-config --cflags --libs $packages)
    profile shared "$work/shared_program"
    rm "$libdir"/libevprof*.so*
    $compiler $cflags $ldflags -o "$work/static_program" "$here/consumer.c" \
        $(pkg-config --static --cflags --libs $packages)
    profile static "$work/static_program"
}
if readelf -d "$work/static_program" | grep -q 'NEEDED.*libevprof'; then
    echo "the static program needs libevprof.so"
    exit 1
fi
echo "ok: $variant"
