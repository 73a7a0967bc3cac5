#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# disasm.sh EVPROF FILE...: disassembles every function of each file and counts the
# instructions whose text equals llvm-objdump's of the same version. Names in
# angle brackets do not count: objdump names the nearest symbol, whatever it holds.
set -eu
evprof=$1
shift
objdump=${LLVM_OBJDUMP:-llvm-objdump}
. "$(dirname "$0")/../../begin.sh"

# ADDRESS<tab>TEXT, sorted.
normal() { sed -e 's/<[^>]*>//g' -e 's/[[:space:]]\{1,\}/ /g' -e 's/ $//' | sort; }

for file; do
    segment=$(readelf -lW "$file" | awk '$1 == "LOAD" && / R E /{print $2, $3; exit}')
    offset=$((${segment%% *} & ~4095)) vaddr=$((${segment##* } & ~4095))
    start=$((0x550000000000))
    {
        echo 'goroutine profile: total 1'
        { nm -S --defined-only "$file" 2>/dev/null || true
            nm -S -D --defined-only "$file"; } |
            awk '$3 ~ /^[tTwWi]$/ && $2 != 0 && !($1 in seen) {
                    seen[$1] = 1; print $1 }' |
            while read -r address; do
                printf '1 @ 0x%x\n' $((0x$address - vaddr + start + 1))
            done
        printf -- '\n--- Memory map: ---\n%x-%x: %s (@%x)\n' "$start" \
            $((start + 0x40000000)) "$file" "$offset"
    } >"$work/profile"
    "$evprof" -disasm=. "$work/profile" 2>/dev/null |
        sed -n 's/^ *[0-9.]* *[0-9.]* *\([0-9a-f]*\): \(.*\)$/\1 \2/p' |
        sed 's/ *;[^;]*$//' | normal >"$work/ours"
    "$objdump" --disassemble --no-show-raw-insn "$file" |
        sed -n 's/^ *\([0-9a-f]*\): *\(.*\)$/\1 \2/p' | normal >"$work/theirs"
    equal=$(comm -12 "$work/ours" "$work/theirs" | wc -l)
    all=$(wc -l <"$work/ours")
    awk -v f="$file" -v e="$equal" -v a="$all" 'BEGIN {
        printf "%s: %d of %d instructions equal (%.2f %%)\n", f, e, a, 100 * e / a }'
    comm -23 "$work/ours" "$work/theirs" | head -3 | sed 's/^/  ours: /'
done
