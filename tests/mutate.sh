#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Mutation run: changes one operator, number or statement of a room at a time,
# builds, and runs the tests of that room. A mutant that no test notices survives.
# It works in a copy of HEAD, so the tree may be used meanwhile, and draws the
# same mutants for the same seed. Builds are sanitized, so that what only spoils
# or leaks memory is noticed, too; a plain one is for tests that no sanitizer lets
# run. Those that change nothing anybody could notice stand in tests/mutants.txt
# with the reason, and do not count.
#
# usage: tests/mutate.sh [-n COUNT] [-s SEED] ROOM...     (core/conf, adapters/evhttp)
set -euo pipefail
cd "$(dirname "$0")/.."

count=30
seed=1
while getopts n:s: option; do
    case $option in
    n) count=$OPTARG ;;
    s) seed=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[[ $# -gt 0 ]] || { sed -n '/^# usage/s/^# //p' "$0" >&2; exit 2; }

# The tests of a room: programs that answer within a second, then the beginnings
# of the names of those that take longer, which run for what the first let pass,
# then of those that the plain build alone has.
tests_of() {
    plain=
    case $1 in
    core/base) quick='test_base test_conf test_profile' slow='test_(access|text|report|formats|graph|fetch|query|program|web|jobs)$|golden' ;;
    core/conf) quick='test_conf test_settings' slow='fuzz_conf|directives|test_access|test_reload' ;;
    core/access) quick='test_access fuzz_access' slow='test_http_access' ;;
    core/profile) quick='test_profile test_text test_limit test_profile_memory' slow='fuzz_profile|test_report' ;;
    core/objects) quick='test_objects test_objects_fixed test_objects_memory' slow='test_symbol' ;;
    core/unwind) quick='test_unwind_insn test_unwind_expr test_unwind_cfi test_unwind_rules test_unwind_depth test_unwind_walk test_unwind_epoch test_unwind_steps test_unwind_tables test_unwind_fp' slow='fuzz_(cfi|insn|tables|walk)|unwind_' ;;
    core/symbol)
        quick='test_symbol test_symbol_local test_symbol_code test_symbol_name_store test_symbol_helper'
        slow='test_symbol|e2e_names' plain='test_symbol_(scopes|memory)'
        ;;
    core/sample)
        quick='test_labels test_budget test_waiters test_stacktable test_windows test_tap test_threads'
        quick+=' test_proc test_sleeper test_cpu_watch test_deadlock_waits'
        slow='sample_(totals|windows|stop$|share|syscalls)|sleepers_calls|locks_'
        plain='sleepers_(unreadable|shapes)|test_interpose_'
        ;;
    core/heap)
        quick='test_heap_v2 test_heap_stacks' slow=test_jemalloc
        plain='test_heap|heap_|locks_heap_labels'
        ;;
    core/interpose)
        quick='test_interpose_mutex test_interpose_wait test_interpose_rwlock test_interpose_real'
        slow='test_interpose|locks_' plain='test_interpose|locks_early'
        ;;
    core/runtime)
        quick='test_jobs test_settings test_learning test_watch test_again test_kept_files'
        slow='test_(cpu_module|reload|evhttp|request_times)'
        ;;
    core/trace)
        quick='test_trace test_trace_pairing test_trace_recorder test_trace_ring test_trace_generation test_trace_follow test_trace_switches'
        quick+=' test_trace_events test_trace_samples'
        slow='test_trace_fork|trace_scenes' plain='trace_(strict|requests|switches)'
        ;;
    core/analysis) quick='test_profile test_formats test_report' slow='fuzz_(formats|merge|profile|regex)|golden|field_' ;;
    core/graph) quick='test_graph test_graph_memory test_report' slow=golden ;;
    core/report) quick='test_report test_web' slow='golden|e2e_names' ;;
    modules/profiles)
        quick='test_memory test_threadcreate test_deadlock_waits test_cpu_module test_settings'
        slow='test_evhttp_endpoints|locks_|trace_'
        plain='test_cpu_status|test_heap|deadlock'
        ;;
    modules/formats) quick=test_formats slow='fuzz_formats|golden|field_(inputs|files|perf)' ;;
    modules/reports) quick=test_report slow='golden|e2e_names' ;;
    adapters/evhttp)
        quick='test_query test_program test_metrics test_stale test_requests test_lists test_evhttp_life'
        slow='test_(listen|ports)|test_(evhttp|http_access|reload|limits)|evhttp_|doc_pages'
        ;;
    adapters/fetch) quick=test_fetch slow='fuzz_(url|sources)|fetch_' ;;
    *) echo "mutate: no tests are known for $1" >&2; exit 2 ;;
    esac
}

copy=$(mktemp -d)
trap 'git worktree remove --force "$copy" 2>/dev/null || rm -rf "$copy"' EXIT
git worktree add --quiet --detach "$copy" HEAD
cd "$copy"
export LSAN_OPTIONS=suppressions=$copy/tests/lsan.supp:print_suppressions=0
build=$copy/build/mutate
plain_build=$copy/build/plain

# The build of a preset, in this folder.
make_build() {
    cmake --preset "$1" -B "$2" -DEVPROF_WERROR=OFF \
        -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld -DCMAKE_SHARED_LINKER_FLAGS=-fuse-ld=lld >/dev/null
    cmake --build "$2" >/dev/null
}
make_build asan "$build"

# Whether `file: line -> changed` is known to be no fault.
is_equivalent() {
    grep -qxF "$1" tests/mutants.txt
}

# Whether the tests of a build with names that begin so pass.
pass() {
    ctest --test-dir "$2" -j2 --timeout 60 --stop-on-failure \
        -LE 'soak|real' -R "^($1)" >/dev/null 2>&1
}

# Says what became of the mutant that is in the tree.
try() {
    local target
    for target in $quick; do
        cmake --build "$build" --target "$target" >/dev/null 2>&1 || { echo stillborn; return; }
        pass "$target\$" "$build" || { echo killed; return; }
    done
    cmake --build "$build" >/dev/null 2>&1 || { echo stillborn; return; }
    pass "$slow" "$build" || { echo killed; return; }
    if [[ -n $plain ]]; then
        cmake --build "$plain_build" >/dev/null 2>&1 || { echo stillborn; return; }
        pass "$plain" "$plain_build" || { echo killed; return; }
    fi
    echo survived
}

# One room: draws mutants until `count` of them were built.
mutate_room() {
    local room=$1 quick slow plain built=0 killed=0 file line changed what old
    tests_of "$room"
    pass "${quick// /|}|$slow" "$build" ||
        { echo "mutate: the tests of $room fail as they are" >&2; exit 1; }
    if [[ -n $plain ]]; then
        [[ -d $plain_build ]] || make_build dev "$plain_build"
        pass "$plain" "$plain_build" ||
            { echo "mutate: the plain tests of $room fail as they are" >&2; exit 1; }
    fi
    while IFS=$'\t' read -r file line changed; do
        [[ $built -lt $count ]] || break
        old=$(sed -n "${line}s/^ *//p" "$file")
        what="$file: $old -> ${changed##+( )}"
        if is_equivalent "$what"; then
            continue
        fi
        changed=$changed awk -v line="$line" \
            'FNR == line { print ENVIRON["changed"]; next } { print }' "$file" >"$build/mutant"
        cp "$build/mutant" "$file"
        result=$(try)
        git checkout --quiet -- "$file"
        [[ $result != stillborn ]] || continue
        built=$((built + 1))
        [[ $result != killed ]] || killed=$((killed + 1))
        echo "$result $what"
    done < <(find "$room" -maxdepth 1 -name '*.c' | sort | while read -r file; do
        awk -v machine="$(uname -m)" -f tests/mutate.awk "$file" | sed "s|^|$file\t|"
    done | shuf --random-source=<(openssl enc -aes-256-ctr -pass "pass:$seed" \
        -nosalt -pbkdf2 </dev/zero 2>/dev/null))
    cmake --build "$build" >/dev/null
    [[ ! -d $plain_build ]] || cmake --build "$plain_build" >/dev/null
    echo "$room: $killed of $built mutants killed"
}

shopt -s extglob
for room; do
    mutate_room "$room"
done
