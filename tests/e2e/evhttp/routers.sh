#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# routers.sh EXAMPLE [PASSWORD]
#
# An example with a router of its own: the index, a profile and its own pages,
# at every address that it prints. With a password nothing is served without it.
set -eu
example=$1 password=${2:-}
work=$(mktemp -d)
server=
stop() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT
mkfifo "$work/address"
"$example" >"$work/address" &
server=$!
exec 3<"$work/address"

expect() { # expect CODE PATH [CURL ARGUMENTS]
    code=$1 path=$2
    shift 2
    got=$(curl -s -o "$work/body" -w '%{http_code}' "$@" "$url$path")
    [ "$got" = "$code" ] || { echo "$path: $got instead of $code"; exit 1; }
}

read -r url <&3
if [ -n "$password" ]; then
    expect 401 debug/pprof/
    expect 401 debug/pprof/goroutine
    expect 401 hello
    set -- -u "$password"
else
    set --
fi
check() {
    expect 200 debug/pprof/ "$@"
    grep -q 'goroutine?debug=1' "$work/body"
    expect 200 debug/pprof/goroutine "$@"
    expect 200 'debug/pprof/profile?seconds=1' "$@"
    expect 200 debug/pprof/cmdline "$@"
}
check "$@"
case $example in
*map)
    read -r url <&3
    check "$@"
    ;;
*) expect 200 hello "$@" ;;
esac
