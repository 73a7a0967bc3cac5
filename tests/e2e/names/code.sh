#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# code.sh EVPROF CC: machine code and source with weights, by both disassemblers.
set -u
# shellcheck source=tests/e2e/names/world.sh
. "$(dirname "$0")/world.sh"

profile prog "$work/prog" >own
first=$(printf '%x' $((0x$(symbol prog leaf))))

for disassembler in capstone any; do
    export EVPROF_DISASSEMBLER=$disassembler
    "$evprof" -disasm=leaf own >out 2>err
    expect "disasm: total" '^Total: 5$' out
    expect "disasm: function" '^ROUTINE =+ leaf$' out
    expect "disasm: sum" '^ +4 +4 \(flat, cum\) 80.00% of Total$' out
    expect "disasm: instruction" "^ +4 +4 +$first: .*;leaf prog.c:1[2-4]" out
    expect "disasm: the end" '^ +\. +\. +[0-9a-f]+: retq?' out
    expect "disasm: a jump" "0x[0-9a-f]+ <leaf\+0x" out

    "$evprof" -output page.html -weblist=leaf own 2>err
    expect "weblist: function" '<h2>leaf</h2>' page.html
    grep -c '<h2>leaf</h2>' page.html >count
    expect "weblist: it is there once" '^1$' count
    grep -c ' 14 .*for (unsigned long i = 0' page.html >count
    expect "weblist: so is each line" '^1$' count
    expect "weblist: a line of one instruction" ' [0-9a-f]+: retq?' page.html
    expect "weblist: source" 'for \(unsigned long i = 0' page.html
    expect "weblist: inlined call" 'inner prog.c:8' page.html
    expect "weblist: machine code" " $first: " page.html
    reject "weblist: script" '<script' page.html
    reject "weblist: network" '(src|href)=' page.html
done
expect "which disassembler" 'Machine code by (LLVM|Capstone)' page.html

# By address: of the profile, and of the file.
"$evprof" -disasm=0x$first own >out 2>err
expect "address of the file" '^ROUTINE =+ leaf$' out
at=$(sed -n 's/^4 @ \(0x[0-9a-f]*\).*/\1/p' own)
"$evprof" -disasm="$at" own >out 2>err
expect "address of the profile" '^ROUTINE =+ leaf$' out
"$evprof" -list="$at" own >out 2>err
expect "list by address" '^ROUTINE =+ leaf in ' out
"$evprof" -list=0x$first own >out 2>err
expect "list by address of the file" '^ROUTINE =+ leaf in ' out
"$evprof" -output page.html -weblist="$at" own 2>err
expect "weblist by address" '<h2>leaf</h2>' page.html
"$evprof" -disasm=0x10 own >out 2>err
expect "no function" 'no function is at 0x10' err
"$evprof" -disasm=0x"$(symbol prog _start)" own >out 2>err
expect "no samples" 'has no samples' err
"$evprof" -disasm=nothing own >out 2>err
expect "no match" 'no function with samples matches nothing' err
"$evprof" -list=leaf own >out 2>err
expect "list" '^ +4 +4 +[0-9]+:' out

# Intel's order of operands.
"$evprof" -intel_syntax -disasm=main own >out 2>err
reject "intel" '%r' out

# Without the binary.
mv prog away
"$evprof" -disasm=leaf own >out 2>err
expect "no binary" 'prog: not found' err
finish
