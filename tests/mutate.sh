#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Mutation run: changes one operator, number or statement of a room at a time,
# builds, and runs the tests of that room. A mutant that no test notices survives.
# It works in a copy of HEAD, so the tree may be used meanwhile, and draws the
# same mutants for the same seed. Those that change nothing anybody could notice
# stand in tests/mutants.txt with the reason, and do not count.
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

# The tests that are a room's, by the beginnings of their names.
tests_of() {
    case $1 in
    core/base) echo 'test_base|test_conf|test_profile|test_url' ;;
    core/conf) echo 'test_conf|test_settings|fuzz_conf|directives' ;;
    core/access) echo 'test_access|fuzz_access|test_http_access' ;;
    core/profile) echo 'test_profile|test_text|fuzz_profile' ;;
    core/objects) echo 'test_objects|test_symbol' ;;
    core/unwind) echo 'test_unwind|fuzz_(cfi|tables|walk)|unwind_(oracle|hazard)' ;;
    core/symbol) echo 'test_symbol|e2e_names' ;;
    core/sample) echo 'test_(labels|budget|waiters|stacktable|tap|threads)|sample_|sleepers_calls|locks_(dump|wall|cpu)' ;;
    core/heap) echo 'test_heap|test_jemalloc|fuzz_heap|heap_' ;;
    core/interpose) echo 'test_interpose|locks_' ;;
    core/runtime) echo 'test_(jobs|settings|learning|cpu_module|reload|evhttp)|module_' ;;
    core/trace) echo 'trace_' ;;
    core/analysis) echo 'test_(formats|report|profile)|fuzz_(merge|formats|regex)|golden|field_' ;;
    core/graph) echo 'test_(graph|report)|golden' ;;
    core/report) echo 'test_report|golden|test_web' ;;
    modules/profiles) echo 'test_(cpu_module|evhttp_endpoints|settings|heap)|module_|locks_(block|http|dump)|trace_' ;;
    modules/formats) echo 'test_formats|fuzz_formats|golden|field_' ;;
    modules/reports) echo 'test_report|golden' ;;
    adapters/evhttp) echo 'test_(evhttp|http_access|query|reload|limits)|evhttp_|doc_pages' ;;
    adapters/fetch) echo 'test_fetch|fuzz_(url|sources)|fetch_' ;;
    *) echo "mutate: no tests are known for $1" >&2; exit 2 ;;
    esac
}

copy=$(mktemp -d)
trap 'git worktree remove --force "$copy" 2>/dev/null || rm -rf "$copy"' EXIT
git worktree add --quiet --detach "$copy" HEAD
cd "$copy"
build=$copy/build/mutate
cmake --preset dev -B "$build" -DEVPROF_WERROR=OFF >/dev/null
cmake --build "$build" >/dev/null

# Whether `file: line -> changed` is known to be no fault.
is_equivalent() {
    grep -qxF "$1" tests/mutants.txt
}

# Says what became of the mutant that is in the tree.
try() {
    cmake --build "$build" >/dev/null 2>&1 || { echo stillborn; return; }
    if ctest --test-dir "$build" -j2 --timeout 60 --stop-on-failure \
        -LE 'soak|real' -R "^($1)" >/dev/null 2>&1; then
        echo survived
    else
        echo killed
    fi
}

# One room: draws mutants until `count` of them were built.
mutate_room() {
    local room=$1 tests built=0 killed=0 file line changed what old
    tests=$(tests_of "$room")
    ctest --test-dir "$build" -j2 --timeout 60 -LE 'soak|real' -R "^($tests)" \
        >/dev/null || { echo "mutate: the tests of $room fail as they are" >&2; exit 1; }
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
        result=$(try "$tests")
        git checkout --quiet -- "$file"
        [[ $result != stillborn ]] || continue
        built=$((built + 1))
        [[ $result != killed ]] || killed=$((killed + 1))
        echo "$result $what"
    done < <(find "$room" -maxdepth 1 -name '*.c' | sort | while read -r file; do
        awk -f tests/mutate.awk "$file" | sed "s|^|$file\t|"
    done | shuf --random-source=<(openssl enc -aes-256-ctr -pass "pass:$seed" \
        -nosalt -pbkdf2 </dev/zero 2>/dev/null))
    cmake --build "$build" >/dev/null
    echo "$room: $killed of $built mutants killed"
}

shopt -s extglob
for room; do
    mutate_room "$room"
done
