#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: directives.sh PRINT_REFERENCE ROOT [--update]
# conf/evprof.conf and the directives in the manual page evprof.conf(5) must be
# what the tables in the code say. --update writes them anew.
set -eu
print=$1
root=$2
update=${3-}
here=$root/tests/doc
conf=$root/conf/evprof.conf
man=$root/conf/man/evprof.conf.5
. "$(dirname "$0")/../begin.sh"

"$print" >"$work/reference"
{
    echo "# SPDX-License-Identifier: Apache-2.0"
    cat "$work/reference"
} >"$work/evprof.conf"
{
    sed '/directives.sh --update: begin$/q' "$man"
    awk -f "$here/directives.awk" "$work/reference"
    sed -n '/directives.sh --update: end$/,$p' "$man"
} >"$work/evprof.conf.5"

if [ "$update" = --update ]; then
    cp "$work/evprof.conf" "$conf"
    cp "$work/evprof.conf.5" "$man"
    exit 0
fi
status=0
diff -u "$conf" "$work/evprof.conf" || status=1
diff -u "$man" "$work/evprof.conf.5" || status=1
[ "$status" -eq 0 ] || echo "run: sh tests/doc/directives.sh $print . --update"
exit "$status"
