#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each rule of links.sh must object to symbols that break it and to no others.
# The list of symbols is given instead of made: `cat` stands for nm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$(dirname "$0")/../begin.sh"
: >"$work/none"

object() { # object ROOM FILE KIND NAME: a row of nm -A
    echo "build/$1/CMakeFiles/evprof_x.dir/$2.c.o:0000 $3 $4"
}
check() { # check EXPECTED WHAT: the symbols stand in $work/symbols
    if CIRCLES=${circles:-$work/none} sh "$here/links.sh" "$work/nm" \
        "$work/symbols" >"$work/said"; then got=pass; else got=fail; fi
    if [ "$got" != "$1" ]; then
        echo "$2: expected $1, got $got"
        cat "$work/said"
        exit 1
    fi
}
printf '#!/bin/sh\nshift\nexec cat "$@"\n' >"$work/nm"
chmod +x "$work/nm"

{
    object core/base buf T evprof_buf_add
    object core/profile text U evprof_buf_add
} >"$work/symbols"
check pass "a call downward"
{
    object core/base buf U evprof_text
    object core/profile text T evprof_text
} >"$work/symbols"
check fail "a call upward"
{
    object modules/reports top T evprof_report_top
    object modules/reports tree U evprof_report_top
} >"$work/symbols"
check fail "a module that uses another"
{
    object core/kitchen pot U evprof_buf_add
    object core/base buf T evprof_buf_add
} >"$work/symbols"
check fail "an unknown room"
{
    object adapters/testing profiles U evprof_new
    object core/runtime evprof T evprof_new
} >"$work/symbols"
check pass "a call of a public function"
{
    object core/base buf U evprof_hash
    object core/base buf T evprof_buf_add
    object core/base hash U evprof_buf_add
    object core/base hash T evprof_hash
} >"$work/symbols"
check fail "a circle between files"
echo 'core/base/buf core/base/hash each is the other'"'"'s test' >"$work/known"
circles=$work/known check pass "a circle with a reason"
echo 'core/base/buf core/base/hash' >"$work/known"
circles=$work/known check fail "a circle without a reason"
echo 'core/base/arena core/base/hash it was there once' >"$work/known"
circles=$work/known check fail "a reason for a call that is gone"
echo ok
