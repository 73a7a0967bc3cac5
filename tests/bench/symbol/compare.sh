#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# compare.sh NAMES_OF COUNT FILE...: asks NAMES_OF and llvm-symbolizer for COUNT
# random addresses inside the functions of each file, and prints how many whole
# chains are equal, what the others differ in, and what each took.
set -eu
names_of=$1 count=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
. "$(dirname "$0")/../../begin.sh"
peer=${LLVM_SYMBOLIZER:-llvm-symbolizer}

# Addresses inside sized functions, with a seed of its own, so that runs compare.
addresses() {
    { nm -S --defined-only "$1" 2>/dev/null || true
        nm -S -D --defined-only "$1" 2>/dev/null; } |
        awk -v n="$count" 'function hex(s,  i, v) {
                v = 0
                for (i = 1; i <= length(s); i++)
                    v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
                return v
            }
            $3 ~ /^[tTwWi]$/ && $2 != 0 && !($1 in seen) {
                seen[$1] = 1; a[k] = hex($1); s[k++] = hex($2)
            }
            END {
                srand(7)
                for (i = 0; k > 0 && i < n; i++) {
                    j = int(rand() * k)
                    printf "0x%x\n", a[j] + int(rand() * s[j])
                }
            }'
}

for file; do
    addresses "$file" >"$work/in"
    "$names_of" "$file" <"$work/in" >"$work/ours"
    "$peer" --obj="$file" --no-demangle --inlining --output-style=LLVM \
        <"$work/in" >"$work/theirs"
    echo "$file: $(wc -l <"$work/in") addresses"
    awk -f "$here/compare.awk" "$work/ours" "$work/theirs"
    echo "  ours: $("$names_of" "$file" -q <"$work/in")"
    /usr/bin/env bash -c 'TIMEFORMAT="  llvm: %U s user, %S s system"
        time "$@" >/dev/null' - \
        "$peer" --obj="$file" --no-demangle --inlining <"$work/in" 2>&1
    /usr/bin/env bash -c 'TIMEFORMAT="  addr2line: %U s user, %S s system"
        time "$@" >/dev/null' - addr2line -aif -e "$file" <"$work/in" 2>&1
done
