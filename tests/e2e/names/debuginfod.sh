#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# debuginfod.sh EVPROF CC WAIT_PORT: binaries and debug files from a debuginfod
# server, in a network of its own, so that its port is free.
set -u
if [ "${EVPROF_OWN_NETWORK-}" != yes ]; then
    command -v debuginfod >/dev/null || exit 77
    unshare -rnm true 2>/dev/null || exit 77
    EVPROF_OWN_NETWORK=yes exec unshare -rnm sh "$0" "$@"
fi
ip link set lo up || exit 77
wait_port=$3
# shellcheck source=tests/e2e/names/world.sh
. "$(dirname "$0")/world.sh"

mkdir files
cp prog files/prog
strip -o gone prog
id=$(build_id prog)
profile gone "$work/absent" "$id" >absent
profile gone "$work/gone" "$id" >stripped

debuginfod -d "$work/db" -p 8002 -F files >log 2>&1 &
server=$! running=$!
"$wait_port" 127.0.0.1 8002 || { cat log; exit 1; }
# It listens before it has read its folder, and says so.
until grep -q 'groomed\|fdcache' log || ! kill -0 "$server"; do :; done

export DEBUGINFOD_URLS="http://127.0.0.1:9 http://127.0.0.1:8002/"
"$evprof" -top absent >out 2>err
reject "without the flag" ' leaf$' out
until "$evprof" -debuginfod -top absent >out 2>err && grep -q leaf out; do
    kill -0 "$server" || break
done
expect "no binary" ' 4 80.00% .* leaf$' out
"$evprof" -debuginfod -lines -top stripped >out 2>err
expect "stripped binary" ' 4 80.00% .* leaf .*prog.c:[0-9]+$' out
"$evprof" -debuginfod -disasm=leaf absent >out 2>err
expect "machine code" '^ROUTINE =+ leaf$' out

# The source is there for the server only.
without_source() {
    unshare -m sh -c 'mount --bind /dev/null "$0/prog.c" && exec "$@"' \
        "$work" "$@"
}
without_source "$evprof" -debuginfod -list=leaf absent >out 2>err
expect "source" 'sink \+= inner' out

# What was got is kept.
kill "$server"
wait "$server"
running=
rm -rf .cache/evprof/names
"$evprof" -debuginfod -top absent >out 2>err
expect "kept" ' 4 80.00% .* leaf$' out
finish
