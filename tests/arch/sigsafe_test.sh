#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sigsafe_test.sh CC NM: a handler that allocates is found out.
set -eu
cc=$1
nm=$2
here=$(dirname "$0")
. "$(dirname "$0")/../begin.sh"

cat >"$work/sig_bad.c" <<'C'
#include <stdlib.h>
void *sig_bad(void);
void *sig_bad(void) { return malloc(8); }
C
"$cc" -c "$work/sig_bad.c" -o "$work/sig_bad.o"
if sh "$here/sigsafe.sh" "$nm" "$work/sig_bad.o" >"$work/out"; then
    echo "malloc was not noticed"
    exit 1
fi
grep -q '^malloc: must not' "$work/out"
