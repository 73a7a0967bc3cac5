#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every function that a header declares has a comment right above it; in public
# headers it may be that of a group without blank lines, which contracts.sh reads.
# usage: headers.sh [FILE...]     by default all headers of the tree
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] ||
    set -- $(find core modules adapters -name '*.h' ! -path '*/build/*' | sort)
awk '
    FNR == 1 { said = 0; depth = 0; inside = 0; statement = "" }
    # Comments.
    /^[ \t]*\/\*/ { inside = 1 }
    inside { if (/\*\//) { inside = 0; said = 1 } next }
    /^[ \t]*$/ { if (statement == "") said = 0; next }
    /^#/ { while (/\\$/) { if ((getline) <= 0) break } next }
    # Bodies of structs, enums and inline functions.
    {
        line = $0
        opens = gsub(/{/, "{", line)
        closes = gsub(/}/, "}", line)
        if (depth == 0 && opens > 0 && $0 !~ /extern "C"/) {
            head = statement " " $0
            check(head)
            statement = ""
        }
        if ($0 ~ /extern "C"/) next
        depth += opens - closes
        if (depth > 0 || closes > 0) { if (depth < 0) depth = 0; next }
        statement = statement " " $0
        if ($0 ~ /;[ \t]*$/) { check(statement); statement = "" }
    }
    function check(text,   name) {
        if (text !~ /(evprof|cli)_[a-z0-9_]*\(/ || text ~ /^ *typedef/) return
        match(text, /(evprof|cli)_[a-z0-9_]*\(/)
        name = substr(text, RSTART, RLENGTH - 1)
        if (said) {
            described[name] = 1
            if (FILENAME !~ /include\/evprof\//) said = 0
            return
        }
        if (name !~ /^(evprof|cli)_/) return
        place[name] = FILENAME
    }
    # Another architecture has the same function under the same comment.
    END {
        for (name in place)
            if (!(name in described)) {
                print place[name] ": " name " has no comment"
                bad = 1
            }
        exit bad
    }' "$@"
