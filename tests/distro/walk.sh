#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: walk.sh ROOT [SUITE]
# A newcomer's walk in a fresh Debian: README's first command, the installation, the
# server of README built and profiled, a program that is already built, each program
# of the guides, and all gone again. What is said on the way has no complaint in it.
set -euo pipefail
folder=${1:?usage: walk.sh ROOT [SUITE]}
here=$(cd "$(dirname "$0")" && pwd)
top=$(realpath "$here/../..")
# shellcheck source=tests/distro/root.sh
. "$here/root.sh"
open_root "$folder" "${2-bookworm}"

inside 'sh conf/install-deps.sh && cmake --workflow --preset demo'
inside 'apt-get install -y --no-install-recommends procps libssl-dev' >/dev/null
log=$root/walk.log
{
    inside 'cmake --install build/release && ldconfig'
    inside '
        mkdir -p /walk
        awk "/^\`\`\`c\$/ { inside = 1; next } /^\`\`\`\$/ { if (inside) exit } inside" \
            README.md >/walk/server.c
        cd /walk
        cc -g server.c $(pkg-config --cflags --libs evprof-evhttp) -o server
        ./server &
        server=$!
        evprof -top -seconds 1 "http://127.0.0.1:8080/debug/pprof/wall"
        evprof -top "http://127.0.0.1:8080/debug/pprof/goroutine"
        kill $server
        evprof run -cpuprofile /walk/sort.pb.gz -- sort /src/README.md -o /walk/sorted
        man=$(evprof -help man | head -n 1)
        [ -n "$man" ]'
    inside 'sh tests/doc/guides.sh /src /usr/local/bin /usr/local/lib -I/usr/local/include'
    inside 'cmake --build build/release --target uninstall && ldconfig'
    inside '! command -v evprof'
} >"$log" 2>&1 || { tail -n 40 "$log"; exit 1; }

if grep -niE 'warning|error|not found|no such|cannot|failed|unknown' "$log" |
    grep -v '^[0-9]*:-- \(Installing\|Up-to-date\): '; then
    echo 'the walk has complaints in its log'
    exit 1
fi
echo "ok: $(wc -l <"$log") lines without a complaint"
