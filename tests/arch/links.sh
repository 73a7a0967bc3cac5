#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fails when an object uses what a room above or beside it defines, or when two
# files of a room call each other.
# usage: links.sh NM OBJECTS...
set -eu
here=$(cd "$(dirname "$0")" && pwd)
nm=$1
shift
. "$(dirname "$0")/../begin.sh"
"$nm" -A "$@" >"$work/symbols"
grep -ho 'evprof_[a-z0-9_]*(' "$here"/../../core/include/evprof/*.h \
    "$here"/../../adapters/*/include/evprof/*.h | tr -d '(' >"$work/public"
status=0
awk -f "$here/rooms.awk" -f "$here/links.awk" "$work/public" "$work/symbols" ||
    status=1

awk -v circles=1 -f "$here/rooms.awk" -f "$here/links.awk" \
    "$work/public" "$work/symbols" | sort -u >"$work/calls"
# Calls that may close a circle, each with its reason.
while read -r from to reason; do
    case $from in '' | '#'*) continue ;; esac
    [ -n "$reason" ] || { echo "circles.txt: $from $to has no reason"; exit 1; }
    grep -v "^$from $to\$" "$work/calls" >"$work/rest" || true
    cmp -s "$work/calls" "$work/rest" &&
        { echo "circles.txt: $from no longer calls $to"; status=1; }
    mv "$work/rest" "$work/calls"
done <"${CIRCLES:-$here/circles.txt}"
if ! tsort "$work/calls" >/dev/null 2>"$work/loops"; then
    echo "files of a room that call each other in a circle:"
    sed 's/^tsort: //' "$work/loops"
    status=1
fi
exit $status
