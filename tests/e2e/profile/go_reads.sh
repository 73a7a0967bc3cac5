#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# go_reads.sh GO WRITER: what WRITER encodes must mean the same to go tool pprof.
set -eu
go=$1
writer=$2
. "$(dirname "$0")/../../begin.sh"
export PPROF_TMPDIR="$work" TZ=UTC

"$writer" >"$work/shop.pb.gz"
"$go" tool pprof -symbolize=none -raw "$work/shop.pb.gz" \
    >"$work/plain" 2>"$work/messages"

# Versions differ in how they number locations: addresses stand in for numbers.
awk 'NR == FNR { if ($0 ~ /^ +[0-9]+: 0x/) at[$1 + 0] = $2; next }
     /^ +[0-9]+ +-?[0-9]+: / { for (i = 3; i <= NF; i++) $i = at[$i] }
     { print }' "$work/plain" "$work/plain" >"$work/raw"

expect() {
    grep -qF -- "$1" "$work/raw" && return
    echo "go tool pprof -raw does not say: $1"
    cat "$work/messages" "$work/raw"
    exit 1
}
expect 'PeriodType: cpu nanoseconds'
expect 'Period: 10000000'
expect 'Duration: 2'
expect 'samples/count cpu/nanoseconds[dflt]'
expect '3 30000000: 0x7f0000000100 0x402000 0x401000'
expect 'route:[/cart]'
expect 'size:[4096 bytes]'
expect '1 -10000000: 0x402000 0x401000'
expect '0x401000 M=1 checkout shop/cart.c:12'
expect 'round_up shop/cart.c:33'
expect 'price shop/cart.c:25'
expect '0x7f0000000100 M=2 [F]'
expect '1: 0x400000/0x500000/0x0 /srv/bin/shop 0badc0de [FN]'
expect '2: 0x7f0000000000/0x7f0000200000/0x26000 /lib/libbasket.so'
