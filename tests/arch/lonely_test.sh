#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gives lonely.sh objects that must pass and objects that must fail.
# usage: lonely_test.sh CC NM
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cc=$1 nm=$2
. "$(dirname "$0")/../begin.sh"
cd "$work"
mkdir headers
echo 'void evprof_for_programs(void);' >headers/all.h

check() { # check WANTED EXCEPTIONS PATTERN: of one.c and two.c
    "$cc" -c one.c
    "$cc" -c two.c
    printf '%b' "$2" >list
    got=0
    HEADERS=headers LONELY=list sh "$here/lonely.sh" "$nm" one.o two.o >said ||
        got=$?
    if [ "$got" -ne "$1" ] || { [ -n "$3" ] && ! grep -q -- "$3" said; }; then
        echo "FAIL: $got instead of $1, and this without \"$3\":"
        cat said
        exit 1
    fi
}
echo 'void evprof_used(void); void evprof_used(void) {}' >one.c
echo 'void evprof_used(void); void evprof_for_programs(void);
    void evprof_for_programs(void) { evprof_used(); }
    static void evprof_hidden(void) {}
    int main(void) { evprof_hidden(); return 0; }' >two.c
check 0 '' ''
echo 'int evprof_number; void evprof_used(void); void evprof_used(void) {}' >one.c
check 1 '' 'one.*evprof_number'
check 0 '# known\nevprof_number the reason\n' ''
check 1 'evprof_number\n' 'evprof_number has no reason'
check 1 'evprof_number why\nevprof_used why\n' 'evprof_used is used elsewhere'
# A call within the file is none from elsewhere.
echo 'void evprof_used(void); void evprof_used(void) {}
    void evprof_own(void); void evprof_own(void) {}
    void (*evprof_pointer)(void) = evprof_own;' >one.c
echo 'extern void (*evprof_pointer)(void); void evprof_used(void);
    int main(void) { evprof_pointer(); evprof_used(); return 0; }' >two.c
check 1 '' 'one.*evprof_own'
