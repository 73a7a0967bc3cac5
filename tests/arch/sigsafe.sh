#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sigsafe.sh NM OBJECT...
#
# The law of the signal path: what those of the objects that are of sig_*.c use is defined in one
# of them or stands in this list. Each entry is async-signal-safe by POSIX or by
# what glibc does: raw calls, the errno of the thread, clocks and the CPU's number
# from the vdso, the loader's lock-free lookup. __tls_get_addr is not among them:
# the dynamic model of thread-local storage may allocate. evprof_unwind_refresh is
# what the unwinders name as `prepare`, which is called before the first walk, and
# evprof_unload_epoch a number.
set -u
nm=$1
shift
for object in "$@"; do
    shift
    case $object in */sig_*) set -- "$@" "$object" ;; esac
done
[ $# -gt 0 ] || { echo "sigsafe: no objects of sig_*.c given"; exit 1; }

allowed='_GLOBAL_OFFSET_TABLE_ __errno_location clock_gettime memcmp memcpy
memset sched_getcpu syscall _dl_find_object evprof_unwind_refresh
evprof_unload_epoch'
. "$(dirname "$0")/../begin.sh"

"$nm" -P "$@" | awk 'NF > 1 && $2 != "U" && $2 != "w" { print $1 }' \
    >"$work/defined"
printf '%s\n' $allowed >>"$work/defined"
sort -u "$work/defined" -o "$work/defined"
"$nm" -P -u "$@" | awk 'NF > 1 { print $1 }' | sort -u >"$work/used"
# On aarch64 libgcc chooses the instructions of an atomic operation by what the
# processor has; nothing else happens in these.
sed -i '/^__aarch64_\(cas\|swp\|ld[a-z]*\)[0-9]*_\(relax\|acq\|rel\|acq_rel\|sync\)$/d' \
    "$work/used"
comm -23 "$work/used" "$work/defined" >"$work/forbidden"
sed 's/$/: must not be used on the signal path/' "$work/forbidden"
[ ! -s "$work/forbidden" ]
