#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The measures of the house, for a look before and after a change: lengths of
# functions and files, comments, arrows and circles, repeated blocks by room.
# usage: sheet.sh [BUILD_DIR]     BUILD_DIR: for the circles, default build/dev
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
build=$(realpath "${1:-$top/build/dev}")
cd "$top"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

quantiles() { # quantiles NAME: of the numbers on standard input
    sort -n | awk -v name="$1" '{ v[NR] = $1 } END {
        printf "%-28s n %5d  median %4d  p90 %4d  p99 %4d  longest %4d\n", name,
            NR, v[int((NR + 1) / 2)], v[int(NR * .9 + .5)], v[int(NR * .99 + .5)],
            v[NR] }'
}
git ls-files 'core/*.c' 'modules/*.c' 'adapters/*.c' >"$work/sources"
git ls-files 'core/*.h' 'modules/*.h' 'adapters/*.h' >"$work/headers"
if command -v ctags >/dev/null; then
    ctags -L "$work/sources" --languages=C --kinds-C=f --fields=+ne -f - |
        awk -F'\t' '{ l = 0; e = 0
            for (i = 4; i <= NF; i++) {
                if ($i ~ /^line:/) l = substr($i, 6)
                if ($i ~ /^end:/) e = substr($i, 5)
            }
            if (e) print e - l + 1 }' | quantiles "lines a function"
fi
xargs wc -l <"$work/sources" | awk '$2 != "total" { print $1 }' |
    quantiles "lines a source"

comments() { # comments LIST: the share of lines that are comments
    xargs cat <"$1" | awk '
        /^[ \t]*\/\*/ { inside = 1 }
        { all++ }
        inside { said++ }
        /\*\// { inside = 0 }
        END { printf "%.1f %%\n", 100 * said / all }'
}
printf '%-28s %s\n' "comments in sources" "$(comments "$work/sources")"
printf '%-28s %s\n' "comments in headers" "$(comments "$work/headers")"

printf '%-28s %s\n' "forbidden #include arrows" \
    "$(sh "$here/arrows.sh" | wc -l)"
# Objects of sources that are gone stay in a build folder.
objects=$(find "$build" -path '*CMakeFiles/evprof_*' -name '*.c.o' \
    ! -path '*/tests/*' ! -path '*example*' | while read -r object; do
    room=${object#"$build"/}
    source=${room%%/CMakeFiles/*}/$(basename "$object" .o)
    [ ! -f "$source" ] || echo "$object"
done)
if [ -n "$objects" ]; then
    # shellcheck disable=SC2086
    sh "$here/links.sh" "${NM:-nm}" $objects >"$work/links" 2>&1 || true
    printf '%-28s %s\n' "forbidden calls" \
        "$(grep -c 'must not' "$work/links" || true)"
    printf '%-28s %s\n' "circles" \
        "$(grep -c 'contains a loop' "$work/links" || true)"
    printf '%-28s %s\n' "circles with a reason" \
        "$(grep -vc '^#' "$here/circles.txt" || true)"
fi

# Blocks of eight lines that stand in two places, counted by room.
while read -r file; do
    awk -v file="$file" '{ gsub(/[ \t]+/, " "); sub(/^ /, "") }
        /^$/ || /^[{}();]*$/ || /^[\/ ]?\*/ || /^#/ { next }
        { line[++n] = $0; at[n] = FNR }
        END { for (i = 1; i + 7 <= n; i++) {
            block = line[i]
            for (k = 1; k < 8; k++) block = block "\\n" line[i + k]
            print block "\t" file ":" at[i] } }' "$file"
done <"$work/sources" | sort | awk -F'\t' '
    $1 == last && $2 != place {
        split($2, part, "/"); room[part[1] "/" part[2]]++ }
    { last = $1; place = $2 }
    END { for (r in room) print "repeated blocks in " r, room[r] }' | sort
