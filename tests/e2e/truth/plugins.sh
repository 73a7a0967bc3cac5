#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# plugins.sh PLUGINS FOLDER EVPROF
#
# Samples, waits and blocks of a plugin keep its names, for ever: when it is unloaded,
# when another one is loaded at its place, when its file is removed or replaced;
# with build ids and without. FOLDER has a.so, b.so and a-plain.so, b-plain.so,
# which have no build id.
set -u
plugins=$1 folder=$2 evprof=$3
. "$(dirname "$0")/../../begin.sh"
status=0
export MALLOC_CONF=prof:true,prof_active:false,prof_accum:true,lg_prof_sample:12

fail() {
    printf '%s\n' "$*"
    status=1
}

# of PROFILE FUNCTION: its cumulated share, in percent of everything under a
# plugin, named or not; 0 where it is not there.
of() {
    "$evprof" -top -nodefraction=0 -nodecount=1000 -relative_percentages \
        -focus='plugin_|/[ab]\.so' "$work/$1.pb.gz" 2>/dev/null |
        awk -v f="$2" '$6 == f { sub(/%/, "", $5); n = $5 } END { print int(n) }'
}

# Between these shares in percent of what the plugins did.
between() { # between PROFILE FUNCTION LOW HIGH
    share=$(of "$1" "$2")
    [ "$share" -ge "$3" ] && [ "$share" -le "$4" ] ||
        fail "$mode $kind: $1: $2 has $share %, expected $3 to $4:" \
            "$("$evprof" -top -nodecount=12 "$work/$1.pb.gz" 2>&1)"
}

# How much of the time that the program itself measured was spent under the
# plugin of that letter: a burn takes a fixed time of CPU, and how long it has to
# wait for that is the machine's affair.
on_the_clock() {
    awk -v letter="$1" '{ all += $2 } $1 == letter { n += $2 }
        END { print int(100 * n / all) }' "$work/clock"
}

# Each use of a plugin waits once, and the trace names that plugin.
waits_of() { # waits_of LETTER COUNT
    "$evprof" -trace "$work/trace.pb.gz" -pprof=sync -proto \
        -output="$work/sync.pb.gz" 2>/dev/null
    count=$("$evprof" -top -sample_index=contentions "$work/sync.pb.gz" 2>/dev/null |
        awk -v f="plugin_wait_$1" '$6 == f { n = $1 } END { print n + 0 }')
    [ "$count" -eq "$2" ] || fail "$mode $kind: trace: plugin_wait_$1 waited $count" \
        "times, not $2: $("$evprof" -trace "$work/trace.pb.gz" 2>&1)"
}

run() { # run MODE KIND PROFILE...
    mode=$1 kind=$2
    shift 2
    cp "$folder/a$kind.so" "$work/a.so"
    cp "$folder/b$kind.so" "$work/b.so"
    place=$(cd "$work" && "$plugins" "$mode" "$@" 2>&1) || fail "$mode: $place"
}

for kind in '' -plain; do
    for mode in keep close unlink replace late; do
        run $mode "$kind" cpu wall heap
        between cpu plugin_burn_a 85 100
        between cpu plugin_burn_b 0 0
        between wall plugin_burn_a 85 100
        between wall plugin_burn_b 0 0
        between heap plugin_allocate_a 80 100
        between heap plugin_allocate_b 0 0
    done
    for mode in reuse again; do
        run $mode "$kind" cpu wall heap trace
        [ "$place" = 'same place' ] ||
            { echo "skipped: the loader chose another address"; continue; }
        if [ $mode = reuse ]; then a=50 b=50 uses=1; else a=66 b=33 uses=2; fi
        between cpu plugin_burn_a $((a - 12)) $((a + 12))
        between cpu plugin_burn_b $((b - 12)) $((b + 12))
        between heap plugin_allocate_a $((a - 12)) $((a + 12))
        between heap plugin_allocate_b $((b - 12)) $((b + 12))
        a=$(on_the_clock a) b=$(on_the_clock b)
        between wall plugin_burn_a $((a - 12)) $((a + 12))
        between wall plugin_burn_b $((b - 12)) $((b + 12))
        waits_of a "$uses"
        waits_of b 1
        "$evprof" -comments "$work/cpu.pb.gz" 2>/dev/null | grep '^symbols: ' &&
            fail "$mode $kind: nothing is vague here"
    done
done

# One that stays is not split in two whenever another one goes.
kind=
run steady '' cpu heap
count=$("$evprof" -traces "$work/heap.pb.gz" 2>/dev/null |
    grep -c plugin_allocate_a)
[ "$count" -le 2 ] || fail "steady: heap has $count stacks of plugin_allocate_a"
between cpu plugin_burn_a 85 100

# Who is gone and has no file any more cannot be named: said, with the reason.
# says PROFILE REGEX
says() {
    "$evprof" -top "$work/$1.pb.gz" 2>/dev/null | grep -qE "$2" ||
        fail "$mode $kind: $1: the report does not say \"$2\":" \
            "$("$evprof" -top "$work/$1.pb.gz" 2>&1)"
}
for kind in '' -plain; do
    run lose "$kind" cpu heap
    for profile in cpu heap; do
        says $profile '^symbols: [1-9][0-9]* addresses in .*/a.so have no name: its file is not there; give the tool'
    done
    run swap "$kind" cpu heap
    for profile in cpu heap; do
        says $profile '^symbols: [1-9][0-9]* addresses in .*/a.so have no name: another file has taken the place of its file;'
        between $profile plugin_burn_b 0 0
    done
done
kind=

# libc's dlclose: what is not known is said.
export EVPROF_TRUTH_BARE=1
run reuse '' cpu heap trace
if [ "$place" = 'same place' ]; then
    for profile in cpu heap; do
        "$evprof" -comments "$work/$profile.pb.gz" 2>/dev/null |
            grep -qE '^symbols: [1-9][0-9]* of [1-9][0-9]* stacks may have names of another object: ' ||
            fail "bare reuse: $profile does not say that names are vague:" \
                "$("$evprof" -top "$work/$profile.pb.gz" 2>&1)"
    done
    grep -qaE 'symbols: [1-9][0-9]* of [1-9][0-9]* stacks may have names of another' \
        "$work/trace.pb.gz" || fail 'bare reuse: the trace does not say it'
fi
[ $status -eq 0 ] && echo ok
exit $status
