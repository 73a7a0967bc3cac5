#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# unreadable.sh PROGRAM
#
# Where a process may not read where its threads sleep: it dropped privileges,
# its program cannot be read or has capabilities, /proc belongs to another pid
# namespace, or there is no /proc. Sleepers then have a reason instead of a
# stack, unless they may be asked by signals.
set -u
program=$1
if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null; then
    echo "skipped: root and setpriv are needed"
    exit 0
fi
# Everybody has to be able to reach the copy.
dir=$(mktemp -d /tmp/evprof-unreadable.XXXXXX)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cp "$program" "$dir/plain"
cp "$program" "$dir/closed"
chmod 755 "$dir/plain"
chmod 711 "$dir/closed"
status=0

# expect NAME OUTPUT LINE...
expect() {
    name=$1 out=$2
    shift 2
    for line; do
        case $out in
        *"$line"*) ;;
        *)
            printf '%s: expected "%s" in\n%s\n' "$name" "$line" "$out"
            status=1
            ;;
        esac
    done
}

may_not='3 without (the process may not read /proc/self/task/*/syscall)'
expect readable "$("$dir/plain" keep)" \
    'dump: 3 with a stack, 0 without (-); runner has one; no sleepers' \
    'wall: some walked, no time without a stack, none sent' 'calls: none'
expect drop "$("$dir/plain" drop)" "dump: 0 with a stack, $may_not" \
    'runner has one; no sleepers were sent a signal' \
    'wall: none walked, some time without a stack, none sent' 'calls: none'
expect "drop, asked" "$("$dir/plain" drop ask)" \
    'dump: 3 with a stack, 0 without' 'runner has one; some sleepers' \
    'wall: none walked, no time without a stack, some sent' 'calls: some'
nobody='setpriv --reuid 65534 --regid 65534 --clear-groups --'
# Not every kernel and mount closes /proc for these two.
out=$($nobody "$dir/closed" keep)
case $out in
*"dump: 3 with a stack"*) ;;
*) expect 0711 "$out" "dump: 0 with a stack, $may_not" ;;
esac
expect 0711 "$out" 'runner has one; no sleepers were sent a signal' \
    'calls: none'
expect nobody "$($nobody "$dir/plain" keep)" 'dump: 3 with a stack, 0 without' \
    'no sleepers were sent a signal' 'calls: none'
if command -v setcap >/dev/null &&
    setcap cap_net_bind_service+ep "$dir/plain" 2>/dev/null; then
    out=$($nobody "$dir/plain" keep)
    case $out in
    *"dump: 3 with a stack"*) ;;
    *) expect capabilities "$out" "dump: 0 with a stack, $may_not" ;;
    esac
    expect capabilities "$out" 'no sleepers were sent a signal' 'calls: none'
    setcap -r "$dir/plain"
fi
if unshare -pf true 2>/dev/null; then
    expect "foreign /proc" "$(unshare -pf "$dir/plain" keep)" \
        'dump: 3 with a stack, 0 without (-); runner has one; no sleepers' \
        'wall: some walked, no time without a stack, none sent' 'calls: none'
fi
if unshare -m true 2>/dev/null; then
    expect "no /proc" \
        "$(unshare -m sh -c 'mount -t tmpfs none /proc && "$0" keep' \
            "$dir/plain")" \
        '3 without (there is no /proc of this process); runner has one' \
        'no sleepers were sent a signal' 'calls: none'
fi
exit $status
