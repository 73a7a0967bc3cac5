#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# routers.sh EXAMPLE [PASSWORD]
#
# An example with a router of its own: the index, a profile and its own pages,
# at every address that it prints. With a password nothing is served without it.
set -eu
example=$1 password=${2:-}
. "$(dirname "$0")/../../begin.sh"
mkfifo "$work/address"
"$example" >"$work/address" &
running=$!
exec 3<"$work/address"

asks() { # asks CODE PATH [CURL ARGUMENTS]
    code=$1 path=$2
    shift 2
    got=$(curl -s -o "$work/body" -w '%{http_code}' "$@" "$url$path")
    [ "$got" = "$code" ] || fail "$path: $got instead of $code"
}

read -r url <&3
if [ -n "$password" ]; then
    asks 401 debug/pprof/
    asks 401 debug/pprof/goroutine
    asks 401 hello
    set -- -u "$password"
else
    set --
fi
check() {
    asks 200 debug/pprof/ "$@"
    grep -q 'goroutine?debug=1' "$work/body"
    asks 200 debug/pprof/goroutine "$@"
    asks 200 'debug/pprof/profile?seconds=1' "$@"
    asks 200 debug/pprof/cmdline "$@"
}
check "$@"
case $example in
*map)
    read -r url <&3
    check "$@"
    ;;
*) asks 200 hello "$@" ;;
esac
