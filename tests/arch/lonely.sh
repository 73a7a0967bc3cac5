#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fails when an object defines a function or a variable for other files that no
# other object uses: only tests call it, or it could be static, or it is dead.
# Public functions are for programs. lonely.txt lists what else is right so.
# usage: lonely.sh NM OBJECTS...
set -eu
here=$(cd "$(dirname "$0")" && pwd)
nm=$1
shift
. "$(dirname "$0")/../begin.sh"
grep -ho '\<evprof_[a-z0-9_]*' "${HEADERS:-$here/../../core/include/evprof}"/*.h \
    "$here"/../../adapters/*/include/evprof/*.h | sort -u >"$work/public"
# What is generated comes whole, used or not.
"$nm" -A "$@" | grep -v '\.pb-c\.c\.o:' | awk '
    { where = $0; sub(/:.*/, "", where); kind = $(NF - 1); name = $NF }
    name !~ /^(evprof|cli)_/ || name ~ /^evprof_[a-z_]*_len$/ { next }
    kind == "U" { used[name] = 1 }
    kind ~ /^[TDBRVW]$/ { defined[name] = where }
    END { for (name in defined) if (!(name in used)) {
        sub(/.*\//, "", defined[name]); sub(/\.o$/, "", defined[name])
        print name, defined[name] } }' | sort >"$work/all"
join -v 1 "$work/all" "$work/public" >"$work/lonely"

status=0
list=${LONELY:-$here/lonely.txt}
while read -r name reason; do
    case $name in '' | '#'*) continue ;; esac
    [ -n "$reason" ] || { echo "lonely.txt: $name has no reason"; status=1; }
    grep -q "^$name " "$work/lonely" ||
        { echo "lonely.txt: $name is used elsewhere, or gone"; status=1; }
    grep -v "^$name " "$work/lonely" >"$work/rest" || true
    mv "$work/rest" "$work/lonely"
done <"$list"
while read -r name file; do
    echo "$file: nothing but tests uses $name: make it static, or take it out"
    status=1
done <"$work/lonely"
exit $status
