#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tool.sh EVPROF COUNT FILE...: a profile of COUNT random addresses of each file, as
# the whole tool takes it: the first time, again, and pprof ($PPROF, or "go tool
# pprof") for the same.
set -eu
evprof=$1 count=$2
shift 2
pprof=${PPROF:-go tool pprof}
. "$(dirname "$0")/../../begin.sh"
export XDG_CACHE_HOME="$work/cache" PPROF_TMPDIR="$work"

timed() {
    what=$1
    shift
    # shellcheck disable=SC2016 # for the inner shell
    bash -c 'TIMEFORMAT="%U s user, %S s system, %R s"
        time "$@" >/dev/null 2>&1' - "$@" 2>"$work/time"
    echo "  $what: $(cat "$work/time")"
}

for file; do
    segment=$(readelf -lW "$file" | awk '$1 == "LOAD" && / R E /{print $2, $3; exit}')
    offset=$((${segment%% *} & ~4095)) vaddr=$((${segment##* } & ~4095))
    {
        echo "goroutine profile: total $count"
        { nm -S --defined-only "$file" 2>/dev/null || true
            nm -S -D --defined-only "$file" 2>/dev/null; } |
            awk -v n="$count" -v bias="$((0x550000000000 - vaddr + 1))" '
                function hex(s,  i, v) {
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
                    for (i = 0; i < n; i++) {
                        j = int(rand() * k)
                        x = a[j] + int(rand() * s[j]) + bias
                        printf "1 @ 0x%x%08x\n", int(x / 4294967296), x % 4294967296
                    }
                }'
        printf -- '\n--- Memory map: ---\n550000000000-550040000000: %s (@%x)\n' \
            "$file" "$offset"
    } >"$work/profile"
    echo "$file: $count addresses"
    timed "evprof, first" "$evprof" -top "$work/profile"
    timed "evprof, again" "$evprof" -top "$work/profile"
    # shellcheck disable=SC2086 # a list of words
    timed "pprof" $pprof -top "$work/profile"
done
