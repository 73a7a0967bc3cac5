#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# names.sh EVPROF CC: addresses get names, from wherever the binary is found.
set -u
# shellcheck source=tests/e2e/names/world.sh
. "$(dirname "$0")/world.sh"

profile prog "$work/prog" >own
"$evprof" -top own >out 2>err
expect "own file" ' 4 80.00% .* leaf$' out
expect "own file" ' 5 .*100% .* main$' out
reject "nothing to say" . err

"$evprof" -symbolize=none -top own >out 2>err
expect "none asked for" '\[prog\]' out

strip -o gone prog
profile gone "$work/absent" >moved
"$evprof" -top moved >out 2>err
expect "no binary" '\[absent\]' out
expect "no binary" 'absent.*PPROF_BINARY_PATH' err
[ "$(grep -c . err)" -eq 1 ] || { echo "names: said more than once"; failed=1; }

"$evprof" -top prog moved >out 2>err
expect "binary before the profile" ' 4 80.00% .* leaf$' out
PPROF_BINARY_PATH=/nowhere:$work "$evprof" -top moved >out 2>err
expect "another name" '\[absent\]' out
mkdir path && cp prog path/absent
PPROF_BINARY_PATH=/nowhere:$work/path "$evprof" -top moved >out 2>err
expect "search path" ' 4 80.00% .* leaf$' out

id=$(build_id prog)
profile gone "$work/gone" "$id" >stripped
"$evprof" -top stripped >out 2>err
reject "stripped" ' leaf$' out
expect "functions of a stripped file" ' 4 80.00% .* gone\+0x[0-9a-f]+$' out
"$evprof" -strict -top stripped >out 2>err
expect "functions of a stripped file, strictly" '\[gone\]' out
"$evprof" -raw stripped >out 2>err
reject "such names are not written" 'gone\+0x' out
mkdir -p "tree/$(echo "$id" | cut -c1-2)"
cp prog "tree/$(echo "$id" | cut -c1-2)/$(echo "$id" | cut -c3-).debug"
PPROF_BINARY_PATH=$work/tree "$evprof" -top stripped >out 2>err
expect "tree of build ids" ' 4 80.00% .* leaf$' out
PPROF_BINARY_PATH=$work/tree "$evprof" -top "$id" moved >out 2>err
expect "build id before the profile" ' 4 80.00% .* leaf$' out

profile prog "$work/prog" 0011223344556677889900112233445566778899 >other
"$evprof" -top other >out 2>err
reject "another build id" ' leaf$' out
expect "another build id" "$id.*00112233" err

"$evprof" -lines -symbolize=fastlocal -top own >out 2>err
expect "symbols only" ' leaf$' out
"$evprof" -tools=/usr/bin -top own >out 2>err
expect "-tools" '-tools is not needed' err
expect "-tools" ' leaf$' out

# The saved profile has the names.
"$evprof" -proto -output named.pb.gz own 2>err
mv prog prog.away
"$evprof" -top named.pb.gz >out 2>err
expect "saved" ' 4 80.00% .* leaf$' out
reject "saved" . err
finish
