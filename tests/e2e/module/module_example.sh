#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: module_example.sh SOURCE BUILD GO
# The example module, built outside the tree against the installed headers, is
# served, configured and listed like one of the library's own.
set -eu
source=$1 build=$2 go=$3
. "$(dirname "$0")/../../begin.sh"
export PPROF_TMPDIR="$work"
before_end() {
    exec 3>&-
}

cmake --install "$build" --prefix "$work/prefix" >/dev/null
cp -r "$source/modules/example" "$work/example"
cmake -G Ninja -S "$work/example" -B "$work/hello" \
    -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
cmake --build "$work/hello" >/dev/null

cat >"$work/conf" <<CONF
load_module hello/evprof_hello.so;
listen unix:$work/socket;
pprof { profile hello { name "the world"; times 3; } }
CONF
mkfifo "$work/in" "$work/out"
"$build/tests/serve_conf" "$work/conf" <"$work/in" >"$work/out" &
exec 3>"$work/in"
read -r ready <"$work/out"
[ "$ready" = ready ]

get() { # get PATH: below the prefix
    curl -sS --fail --unix-socket "$work/socket" \
        "http://localhost/debug/pprof/$1"
}
get 'hello?debug=1' >"$work/text"
[ "$(grep -c '^hello, the world$' "$work/text")" -eq 3 ]
get '' >"$work/index"
expect 'hello' "$work/index"
expect 'Greetings, by the function that greets' "$work/index"
get hello >"$work/hello.pb.gz"
"$go" tool pprof -traces "$work/hello.pb.gz" >"$work/traces" 2>&1
expect 'Type: greetings' "$work/traces"
expect 'hello_snapshot' "$work/traces"
expect 'name:.*the world' "$work/traces"

# The tool sees its directives as well, and says what is wrong with them.
tool=$build/bin/evprof
if [ -x "$tool" ]; then
    "$tool" -T -c "$work/conf" >"$work/dump"
    expect '^        times 3; .*conf:3$' "$work/dump"
    sed 's/times 3/tims 3/' "$work/conf" >"$work/bad"
    status=0
    "$tool" -t -c "$work/bad" 2>"$work/said" || status=$?
    [ "$status" -eq 1 ]
    expect 'bad:3:43: "tims" is unknown; did you mean "times"?' "$work/said"
    "$tool" -t -c "$work/conf" 2>"$work/said"
    expect 'conf: the configuration is good' "$work/said"
    "$tool" -directives >"$work/reference"
    expect '^# load_module FILE;' "$work/reference"
fi
