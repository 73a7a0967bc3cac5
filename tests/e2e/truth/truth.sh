#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# truth.sh TRUTH [CASE]
#
# EVPROF_SOAK=1 has what takes half a minute as well.
# One line a cell of the matrix of losses: the case, the profile type, and what
# the profile says (an extended regular expression; "!" in front: instead of a
# profile). The matrix itself is printed by the program, and each of its cells
# has to be here.
set -u
truth=$1 only=${2:-}
. "$(dirname "$0")/../../begin.sh"
mkdir "$work/empty"
export TRUTH_EMPTY_FOLDER=$work/empty
status=0 ran=0 skipped=0

fail() {
    printf '%s\n' "$*"
    status=1
}

# conf CASE PROFILE: the configuration that a case needs.
conf() {
    echo 'pprof {'
    case $1 in
    idle | idle_difference | labels_full | folded | beyond_samples | table_full_locks | too_many_events | helper_dead_*)
        echo 'profile block { rate 1us; } profile mutex { fraction 1; }' ;;
    esac
    # Names take most of the time, and are another row.
    case $1 in
    lines) echo 'symbolize_helper off;' ;;
    helper_dead_*) echo 'symbolize_helper /bin/false;' ;;
    names_*) echo 'symbolize names;' ;;
    *) echo 'symbolize off;' ;;
    esac
    case $1:$2 in
    folded:*) echo 'max_stacks 16;' ;;
    beyond_samples:*) echo 'max_samples 4;' ;;
    no_heap:*) echo 'profile heap { on_missing empty; } profile allocs { on_missing empty; }' ;;
    short_stacks:*) echo 'profile heap { max_stacks 16; sample_interval 64k; }' ;;
    idle:heap | idle:allocs) echo 'profile heap { sample_interval 32m; }' ;;
    interval_wide:*) echo 'profile heap { sample_interval 256m; }' ;;
    esac
    echo '}'
}

# check CASE PROFILE REGEX [KEY]: KEY is the row where the case has another name.
check() {
    name=$1 profile=$2 regex=$3 key=${4:-$1}
    echo "$key $profile" >>"$work/done"
    [ -z "$only" ] || [ "$only" = "$name" ] || return 0
    # The table of waits takes 16,384 stacks, of 500 a second.
    [ "$name" != table_full_locks ] || [ -n "${EVPROF_SOAK:-}" ] || return 0
    conf "$name" "$profile" >"$work/conf"
    case $name in
    only_in_use) malloc=prof:true,prof_active:false,prof_accum:false ;;
    no_heap) malloc=prof:false ;;
    new_threads_out)
        malloc=prof:true,prof_active:false,prof_accum:true,prof_thread_active_init:false
        ;;
    *) malloc=prof:true,prof_active:false,prof_accum:true ;;
    esac
    out=$(MALLOC_CONF=$malloc timeout 100 "$truth" "$work/conf" "$name" "$profile" 2>&1)
    rc=$?
    if [ "$rc" -eq 77 ]; then
        skipped=$((skipped + 1))
        echo "skipped: $name $profile: $out"
        return 0
    fi
    ran=$((ran + 1))
    [ "$rc" -eq 0 ] || fail "$name $profile: ended with $rc: $out"
    mark='\+ '
    [ "${regex#!}" = "$regex" ] || mark='! '
    grep -qE "^$mark$profile: ${regex#!}" <<<"$out" ||
        fail "$name $profile: expected \"$regex\" in"$'\n'"$out"
    grep -q "^status $profile\.lost_$key: [1-9]" <<<"$out" ||
        fail "$name $profile: the status page does not count it:"$'\n'"$out"
}

n='[1-9][0-9]*'
check timer_slots cpu "$n of $n threads were not sampled, or not from the start: no queued-signal slot was left; raise RLIMIT_SIGPENDING \(ulimit -i\)$"
check timer_slots_later cpu "$n of $n threads were not sampled, or not from the start" timer_slots
for refused in timer_refused timer_refused_settime; do
    check $refused cpu "!$n of $n threads were not sampled: the process may not make timers: Operation not permitted; allow timer_create" timer_refused
done
check held_back cpu "$n of $n expiries were not delivered: a thread with CPU time held SIGPROF back, or had the CPU only between two ticks of the kernel's clock;"
check handler_replaced cpu "$n of $n signals did not reach us: SIG_IGN took the place of our SIGPROF handler;"
check handler_replaced wall "$n of $n signals did not reach us: SIG_IGN took"
check handler_replaced goroutine "$n of $n signals did not reach us: SIG_IGN took"
check no_room cpu "$n of $n expiries were lost: there was no room when they came"
check table_full cpu "$n of $n expiries have no stack: the table of stacks was full;"
check table_full wall "$n of $n ns have no stack: the table of stacks was full;"
check table_full_locks block "$n of $n contentions have no stack: the table" table_full
check table_full_locks mutex "$n of $n contentions have no stack: the table" table_full
check too_deep cpu "$n of $n stacks are cut at 16 frames and lack their roots; raise depth"
check not_walked cpu "$n of $n stacks end before their roots: a caller could not be found;"
check unreadable wall "$n ns of sleeping threads have no stack: the process may not read its memory by process_vm_readv; .ask_sleepers on;. has"
check unreadable goroutine "4 sleeping threads have no stack: the process may not read its memory by process_vm_readv;"
check unanswered wall "$n times a thread did not answer in time and has no stack, or its last one;"
check unanswered goroutine "2 times a thread did not answer in time and has no stack"
check ask_slots wall "$n times a thread could not be asked for its stack: no queued-signal slot was left; raise RLIMIT_SIGPENDING \(ulimit -i\)$"
check ask_slots goroutine "2 times a thread could not be asked for its stack: no queued-signal slot was left; raise RLIMIT_SIGPENDING \(ulimit -i\)$"
for profile in wall goroutine; do
    check ask_refused $profile "$n times a thread could not be asked for its stack: the process may not make timers or queue signals; allow timer_create, timer_settime and rt_tgsigqueueinfo in the seccomp filter$"
done
for profile in cpu wall goroutine threadcreate; do
    check threads_unlisted $profile "threads that pthread_create did not start may be missing: there is no /proc of this process; mount /proc"
done
check too_many_events block "$n contentions with $n ns of delay are missing: there were too many a second; record fewer of them \(a higher rate\)"
check too_many_events mutex "$n contentions with $n ns of delay are missing: .*\(a higher fraction\)"
check switched_off block 'rate is 0, nothing is recorded; write "profile block \{ rate 10us; \}"'
check switched_off mutex 'fraction is 0, nothing is recorded; write "profile mutex'
check idle cpu 'idle: 0 samples in 0.3[0-9]* s$'
check idle block 'idle: 0 waits were recorded so far$'
check idle mutex 'idle: 0 waits were recorded so far$'
check idle heap 'idle: nothing was sampled yet, one allocation in 33554432 bytes is$'
check idle allocs 'idle: nothing was sampled yet, one allocation in 33554432 bytes is$'
check idle other 'idle: there is nothing in it now$'
for profile in goroutine threadcreate heap allocs block mutex; do
    check idle_difference $profile 'idle: no difference within 0.1 s$' idle
done
check only_in_use heap 'alloc_objects and alloc_space are 0: jemalloc was started without prof_accum:true;'
for profile in heap allocs; do
    check short_stacks $profile "max_stacks \(16\) was reached: $n samples have shortened stacks"
    check new_threads_out $profile 'threads are left out unless they switch themselves on: jemalloc was started with prof_thread_active_init:false;'
    check interval_wide $profile 'jemalloc samples one allocation in 268435456 bytes: smaller ones hardly show;'
    check dump_refused_proc $profile '!jemalloc could not write its dump: there is no /proc of this process; mount /proc$' dump_refused
    check dump_refused $profile '!jemalloc could not write its dump: files may have 100 bytes only; raise RLIMIT_FSIZE \(ulimit -f\)'
done
for profile in cpu wall allocs goroutine threadcreate block mutex other; do
    check folded $profile "$n samples beyond max_stacks have no stack; raise max_stacks$"
done
for profile in cpu wall allocs goroutine threadcreate block mutex other; do
    check beyond_samples $profile "$n samples beyond max_samples are one, \[beyond max_samples\]; raise max_samples$"
done
for profile in heap allocs; do
    check no_heap $profile 'there is no heap profile, this one is empty: .*prof'
done
for profile in cpu wall heap allocs goroutine block mutex; do
    check labels_full $profile "$n samples have the label value \(overflow\): the bound on distinct values \(7168\) was reached;"
done
check names_descriptors symbols "$n addresses in .*/truth have no name: Too many open files; give the tool" names
check names_chroot symbols "$n addresses in .*/truth have no name: its file is not there; give the tool" names
check names_denied symbols "$n addresses in .*/truth have no name: Permission denied; give the tool" names
check lines symbols 'lines are missing: symbolize_helper is off$'
for profile in cpu wall heap allocs goroutine threadcreate block mutex; do
    check helper_dead_$profile symbols 'lines are missing: the helper ended while it read /' lines
done
# plugins.sh and late.sh bring these about.
printf '%s\n' 'unloaded symbols' 'not_wrapped block' \
    'not_wrapped mutex' 'not_wrapped threadcreate' >>"$work/done"

"$truth" -cells | sort >"$work/cells"
sort -u "$work/done" >"$work/covered"
missing=$(comm -23 "$work/cells" "$work/covered")
[ -z "$missing" ] || fail "cells that nothing here brings about: $missing"
strange=$(comm -13 "$work/cells" "$work/covered")
[ -z "$strange" ] || fail "cells that the matrix does not have: $strange"
echo "$ran cells, $skipped skipped"
exit $status
