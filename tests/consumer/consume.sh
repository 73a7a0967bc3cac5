#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the tree to a prefix of its own, moves that prefix, and builds a
# program against it outside the tree in one way.
# usage: consume.sh WAY BUILD_DIR VERSION
# WAY: cmake, shared, static, headers, handlers, needed, versions, embed, uninstall
set -eu
way=$1 build=$2 version=$3
here=$(cd "$(dirname "$0")" && pwd)
top=$(realpath "$here/../..")
. "$(dirname "$0")/../begin.sh"
cmake --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/prefix"
prefix=$work/prefix
libdir=$(dirname "$(find "$prefix" -name libevprof.so)")
export PKG_CONFIG_PATH="$libdir/pkgconfig"
export LD_LIBRARY_PATH="$libdir"
packages="evprof evprof-evhttp"

run() { # run PROGRAM: it must report its own command line
    "$1" | tr '\0' ' ' | grep -q "^$1 consumed"
}

# Whatever has a default visibility outside our prefix would clash in somebody's
# program: only the interposed functions and malloc_conf may, and those have to.
exported() {
    nm -D --defined-only "$libdir/libevprof.so" |
        awk '$2 != "A" { print $NF }' | grep -v '^evprof_' | sort -u
}

case $way in
cmake)
    cp "$here/main.c" "$work/main.c"
    cp "$here/main.c" "$work/main.cc"
    cp "$here/test.c" "$work/test.c"
    sed "s/@PROJECT_VERSION@/$version/" "$here/CMakeLists.txt.in" \
        >"$work/CMakeLists.txt"
    cmake -G Ninja -S "$work" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
    cmake --build "$work/build" >/dev/null
    run "$work/build/consumer_c"
    run "$work/build/consumer_cxx"
    run "$work/build/consumer_static"
    ctest --test-dir "$work/build" | grep -q 'consumer_test.TestOutside .*Passed'
    ;;
shared)
    # shellcheck disable=SC2046,SC2086 # lists of words
    cc -std=c11 -o "$work/consumer" "$here/main.c" \
        $(pkg-config --cflags --libs $packages)
    run "$work/consumer"
    # shellcheck disable=SC2046
    cc -std=c11 -o "$work/consumer_test" "$here/test.c" \
        $(pkg-config --cflags --libs evprof evprof-testing)
    "$work/consumer_test" -v | grep -q '^--- PASS: TestOutside'
    # shellcheck disable=SC2046,SC2086
    c++ -std=c++17 -x c++ -o "$work/consumer_cxx" "$here/main.c" \
        -x none $(pkg-config --cflags --libs $packages)
    run "$work/consumer_cxx"
    ;;
static)
    rm "$libdir"/libevprof*.so*
    # shellcheck disable=SC2046,SC2086
    cc -std=c11 -o "$work/consumer" "$here/main.c" \
        $(pkg-config --static --cflags --libs $packages)
    run "$work/consumer"
    if readelf -d "$work/consumer" | grep -q 'NEEDED.*libevprof'; then
        echo "the static consumer needs libevprof.so"
        exit 1
    fi
    # Under -static the wrappers could not work: linking says so and fails.
    # shellcheck disable=SC2046,SC2086
    if cc -std=c11 -static -o "$work/all_static" "$here/main.c" \
        $(pkg-config --static --cflags --libs $packages) 2>"$work/said"; then
        echo "linking with -static did not fail"
        exit 1
    fi
    grep -q 'needs a dynamic executable, link without -static' "$work/said"
    nm -D --defined-only "$work/consumer" | grep -q ' pthread_create$' || {
        echo "the static consumer does not export pthread_create"
        exit 1
    }
    ;;
headers)
    for header in "$prefix"/include/evprof/*.h; do
        name=evprof/$(basename "$header")
        printf '#include <%s>\nextern int once;\n' "$name" >"$work/one.c"
        cc -std=c11 -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror \
            -fsyntax-only -I"$prefix/include" "$work/one.c"
        c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror \
            -fsyntax-only -I"$prefix/include" -x c++ "$work/one.c"
    done
    ;;
handlers)
    # README's server calls nothing of libevprof itself, and linkers of some
    # distributions drop what is not called: it comes before libc all the same, or
    # its wrappers would see nothing.
    awk '/^```c$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' \
        "$top/README.md" >"$work/server.c"
    for flag in '' -Wl,--as-needed -Wl,--no-as-needed; do
        # shellcheck disable=SC2046,SC2086
        cc $flag -o "$work/server" "$work/server.c" \
            $(pkg-config --cflags --libs evprof-evhttp)
        ldd "$work/server" | awk '
            /libevprof\.so/ { ours = NR } /libc\.so/ { theirs = NR }
            END { exit !(ours > 0 && ours < theirs) }' || {
            echo "libevprof comes too late with '$flag':"
            ldd "$work/server"
            exit 1
        }
    done
    ;;
needed)
    readelf -d "$libdir/libevprof.so" |
        sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort >"$work/got"
    grep -v -x -e 'libc\.so\.6' -e 'ld-linux.*' -e 'libdw\.so\.1' \
        -e 'libelf\.so\.1' -e 'libz\.so\.1' -e 'libm\.so\.6' \
        -e 'libcrypt\.so\.1' -e 'libprotobuf-c\.so\.1' "$work/got" >"$work/alien" || true
    if [ -s "$work/alien" ]; then
        echo "libevprof.so needs more than it may:"
        cat "$work/alien"
        exit 1
    fi
    readelf -d "$libdir/libevprof.so" | grep -q 'SONAME.*libevprof\.so\.'
    for name in pthread_create malloc_conf; do # versioned ones have an @
        exported | grep -qx "$name" || {
            echo "libevprof.so does not export $name unversioned"
            exit 1
        }
    done
    exported | grep -v -x -e 'pthread_.*' -e 'sem_.*' -e 'malloc_conf' \
        -e dlclose -e nanosleep -e clock_nanosleep -e poll -e select -e epoll_wait \
        >"$work/alien" || true
    if [ -s "$work/alien" ]; then
        echo "libevprof.so exports names that are not ours:"
        cat "$work/alien"
        exit 1
    fi
    ;;
embed)
    # Nothing is needed for what is switched off: only these may be found.
    unset PKG_CONFIG_PATH
    mkdir "$work/needed" "$work/project"
    for package in libevent libdw libelf liblzma libzstd zlib; do
        cp "$(pkg-config --variable=pcfiledir $package)/$package.pc" "$work/needed"
    done
    export PKG_CONFIG_LIBDIR="$work/needed"
    sed "s|@SOURCE@|$top|" "$here/embed.cmake.in" >"$work/project/CMakeLists.txt"
    awk '/^```c$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' \
        "$top/README.md" >"$work/project/server.c"
    grep -q evprof_evhttp_mount "$work/project/server.c"
    cmake -G Ninja -S "$work/project" -B "$work/build" >"$work/log" 2>&1 ||
        { cat "$work/log"; exit 1; }
    cmake --build "$work/build" --parallel 2 >"$work/log" 2>&1 ||
        { tail -n 40 "$work/log"; exit 1; }
    cmake --install "$work/build" --prefix "$work/installed" >/dev/null
    find "$work/installed" -type f | sed "s|$work/installed/||" >"$work/files"
    echo bin/server | diff - "$work/files"
    ;;
uninstall)
    # With a manifest of its own, so that tests beside it do not disturb.
    find "$work/prefix" -type f -o -type l >"$work/manifest"
    touch "$work/prefix/include/evprof/not_ours.h"
    cmake "-DMANIFEST=$work/manifest" -P "$top/conf/cmake/EvprofUninstall.cmake"
    find "$work/prefix" -type f -o -type l >"$work/left"
    echo "$work/prefix/include/evprof/not_ours.h" | diff - "$work/left"
    find "$work/prefix" -type d -name 'evprof' >"$work/left"
    echo "$work/prefix/include/evprof" | diff - "$work/left"
    grep -q 'uninstall' "$build/build.ninja"
    ;;
versions)
    # What the headers declare is exported in the version of a map, and what no
    # header has is for our own libraries of this very version.
    for header in "$prefix"/include/evprof/*.h; do
        echo "#include <evprof/$(basename "$header")>"
    done >"$work/all.c"
    cc -E -P -I"$prefix/include" "$work/all.c" | tr '\n' ' ' |
        grep -oP 'visibility\("default"\)\)\)[^(;]*?\bevprof_\w+(?=\()' |
        sed 's/.*[^a-z0-9_]//' | sort -u >"$work/declared"
    [ "$(wc -l <"$work/declared")" -gt 80 ]
    for name in evprof evprof_evhttp evprof_testing; do
        nm -D --defined-only "$libdir/lib$name.so" | awk '$2 != "A" { print $NF }'
    done | grep '^evprof_' >"$work/names"
    sed -n 's/@@EVPROF_[0-9]*\.[0-9]*$//p' "$work/names" | sort -u >"$work/public"
    diff "$work/declared" "$work/public"
    if grep -v -e '@@EVPROF_[0-9]*\.[0-9]*$' -e "@@EVPROF_PRIVATE_$version\$" \
        "$work/names"; then
        echo "these have no version"
        exit 1
    fi
    ;;
esac
echo "ok: $way"
