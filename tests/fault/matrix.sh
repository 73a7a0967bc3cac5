#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# matrix.sh LIMITED EVPROF
#
# Each limit with each profile: the answer is right, or it is an error with a
# sentence, or it says loudly what it lost (a comment that viewers show).
set -u
limited=$1 tool=$2
. "$(dirname "$0")/../begin.sh"
status=0

fail() {
    echo "$1"
    [ ! -s "$work/$2" ] || head -c 300 "$work/$2" | tr -d '\000-\010\016-\037'
    echo
    status=1
}

# What must be in a profile that is right.
wanted() {
    case $1 in
    profile) echo burn ;;
    goroutine | wall) echo rest ;;
    threadcreate) echo main ;;
    esac
}

check() { # check LIMIT FILE CODE
    what="$1: $2"
    case $3 in
    200)
        want=$(wanted "$2")
        [ -n "$want" ] || return
        "$tool" -top "$work/$2" 2>/dev/null | grep -q "$want" && return
        "$tool" -comments "$work/$2" 2>/dev/null | grep -qv '^# ' && return
        "$tool" -top "$work/$2" 2>&1 | head -8
        fail "$what: neither right nor loud" /dev/null
        ;;
    0) fail "$what: no whole answer" "$2" ;;
    *) [ "$(wc -c <"$work/$2")" -gt 10 ] || fail "$what: $3 without a word" "$2" ;;
    esac
}

run() { # run NAME LIMIT
    rm -f "$work"/*
    "$limited" "$work" "$2" >"$work/codes" 2>"$work/err" || {
        fail "$1: the server died" err
        return
    }
    grep '^skipped' "$work/codes" && return
    grep -q '"evprof-' "$work/text" && fail "$1: a thread of ours is listed" text
    while read -r file code; do
        check "$1" "$file" "$code"
    done <"$work/codes"
    echo "$1: $(tr '\n' ' ' <"$work/codes")"
}

# Numbers of x86-64; elsewhere only the first two.
run "descriptors" nofile
run "memory" memory
if [ "$(uname -m)" = x86_64 ]; then
    run timer_create 222
    run process_vm_readv 310
    run rt_tgsigqueueinfo 297
    run "eventfd2, epoll_create1" 290,291
    run "clone, clone3" 56,435
    run "openat, open" 257,2
    run getrandom 318
    run madvise 28
    run "timer_create, process_vm_readv, rt_tgsigqueueinfo" 222,310,297
fi
exit $status
