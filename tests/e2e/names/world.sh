# SPDX-License-Identifier: Apache-2.0
# To be sourced: builds a program and offers `profile`, `expect` and `finish`.
evprof=$1 cc=$2
. "$(dirname "$0")/../../begin.sh"
export HOME="$work" LC_ALL=C
unset PPROF_BINARY_PATH PPROF_TOOLS DEBUGINFOD_URLS
cd "$work" || exit 1
failed=0

cat >prog.c <<'END'
#include <stdlib.h>

static volatile unsigned long sink;

static inline __attribute__((always_inline)) unsigned long
inner(unsigned long n)
{
    return sink * 31 + n;
}

__attribute__((noinline)) void
leaf(unsigned long n)
{
    for (unsigned long i = 0; i < n; i++) {
        sink += inner(i);
    }
}

int
main(int argc, char **argv)
{
    (void)argv;
    leaf((unsigned long)argc);
    return 0;
}
END
"$cc" -O1 -g -Wl,--build-id=sha1 -o prog prog.c || exit 1

symbol() { nm "$1" | awk -v s="$2" '$3 == s { print $1 }'; }
build_id() { readelf -n "$1" | sed -n 's/.*Build ID: //p'; }

# profile BINARY PATH [BUILD_ID]: two samples in `leaf` of BINARY, under `main`,
# as mapped from PATH.
profile() {
    set -- "$1" "$2" "${3-}" \
        "$(readelf -lW "$1" | awk '$1 == "LOAD" && / R E /{print $2, $3; exit}')"
    offset=$((${4%% *} & ~4095)) vaddr=$((${4##* } & ~4095))
    start=$((0x550000000000))
    leaf=$((0x$(symbol prog leaf) - vaddr + start))
    caller=$((0x$(symbol prog main) - vaddr + start))
    printf 'goroutine profile: total 5\n'
    printf '4 @ 0x%x 0x%x\n' $((leaf + 1)) $((caller + 1))
    printf '1 @ 0x%x\n\n' $((caller + 1))
    printf -- '--- Memory map: ---\n%x-%x: %s (@%x) %s\n' "$start" \
        $((start + 16384)) "$2" "$offset" "$3"
}

# expect WHAT PATTERN FILE: a line of FILE matches.
expect() {
    if ! grep -Eq -- "$2" "$3"; then
        echo "names: $1: no line matches: $2"
        cat "$3"
        failed=1
    fi
}

# reject WHAT PATTERN FILE: no line of FILE matches.
reject() {
    if grep -Eq -- "$2" "$3"; then
        echo "names: $1: a line matches: $2"
        cat "$3"
        failed=1
    fi
}

finish() { [ "$failed" -eq 0 ] && echo "all is as it should be"; }
