#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Drives a test program through its flags and compares what it says, how it
# exits and what it leaves behind.
# usage: runner.sh ADD_TEST EVPROF
set -u
program=$1 tool=$2
. "$(dirname "$0")/../../begin.sh"
cd "$work" || exit 2
failed=0

run() { # run EXPECTED_STATUS ARGS...: stdout to out, stderr to err
    want=$1
    shift
    "$program" "$@" >out 2>err
    got=$?
    if [ "$got" -ne "$want" ]; then
        echo "FAIL: $* exited $got, not $want"
        tail -n 5 out err
        failed=1
    fi
}
has() { # has FILE PATTERN
    if ! grep -qE -- "$2" "$1"; then
        echo "FAIL: no /$2/ in $1:"
        head -n 20 "$1"
        failed=1
    fi
}
lacks() {
    if grep -qE -- "$2" "$1"; then
        echo "FAIL: /$2/ in $1:"
        head -n 20 "$1"
        failed=1
    fi
}

# Listing and choosing.
run 0 -list '^TestF'
[ "$(tr '\n' ' ' <out)" = "TestFatal TestFixture TestFixtureIsTornDown " ] || {
    echo "FAIL: -list printed:"
    cat out
    failed=1
}
run 0 -test.run=Strings -v
has out '^=== RUN   TestStrings$'
has out '^--- PASS: TestStrings \([0-9.]+s\)$'
has out '^PASS$'
run 0 -run=NoSuchTest
has err '^testing: warning: no tests to run$'
run 1 '-run=('
has err '^testing: invalid regexp for element 0 of -test.run \("\("\): a closing \) is missing: `\(`$'
run 0 -run=Add -skip=Add
run 0 -run=Strings -count=3 -v
[ "$(grep -c '^=== RUN' out)" -eq 3 ] || { echo "FAIL: -count"; failed=1; }
run 0 -run=. -shuffle=7
has out '^-test.shuffle 7$'
run 2 -shuffle=maybe
run 1 -cpu=0
has err '^testing: invalid value "0" for -test.cpu$'
run 2 -parallel=-1

# Parallel tests run together.
ADD_TEST_DO=meet run 0 -run=Parallel -parallel=2 -timeout=60s

# Failures.
ADD_TEST_DO=fail
export ADD_TEST_DO
run 1
has out '^--- FAIL: TestTree \('
has out '^    --- FAIL: TestTree/sub_one \('
has out '^        add_test.c:[0-9]+: bad sub$'
has out '^FAIL$'
run 1 -v -run=Tree
has out '^=== RUN   TestTree/sub_one#01$'
has out '^    add_test.c:[0-9]+: not here$'
has out '^    --- SKIP: TestTree/sub_one#01 \('
ADD_TEST_DO=fatal
run 1 -run=Fatal
has out 'ends here'
run 1 -failfast -v
lacks out 'RUN   TestHang'
unset ADD_TEST_DO

# Benchmarks.
run 0 -run='^$' -bench='Add|Sub|Parallel' -benchtime=10ms -cpu=1,2
has out '^goos: linux$'
has out '^BenchmarkAdd  *	 *[0-9]+	 *[0-9.]+ ns/op$'
has out '^BenchmarkAdd-2  *	 *[0-9]+	 *[0-9.]+ ns/op$'
has out '^BenchmarkParallel-2'
has out '^BenchmarkSub/size=1_and-2  *	 *[0-9]+	 *[0-9.]+ ns/op	 *[0-9.]+ MB/s	 *42.50 widgets/op$'
run 0 -run='^$' -bench=Loop -benchtime=50x
has out '^BenchmarkLoop(-[0-9]+)?  *	 *50	'
run 0 -run='^$' -bench=Folder -benchtime=5x
run 2 -bench=Add -benchtime=-1s
has err '^invalid value "-1s" for flag -test.benchtime: invalid duration$'

# Allocations are exact; a sanitizer's allocator cannot be counted.
run 0 -run='^$' -bench='Alloc|Vector' -benchmem -benchtime=1000x -cpu=1
if [ -z "${EVPROF_TEST_SANITIZED-}" ]; then
    has out '^BenchmarkAlloc .*	 *[0-9]+ B/op	       2 allocs/op$'
    has out '^BenchmarkVector .*	       1 allocs/op$'
fi

# Output that benchstat reads: name, an even number of further fields.
run 0 -run='^$' -bench='Add|Alloc|Sub' -benchtime=1ms -count=10
awk '/^Benchmark/ && (NF % 2 || NF < 4 || $2 !~ /^[0-9]+$/) { bad = 1; print }
     /^BenchmarkAdd/ { n++ } END { exit bad || n != 10 }' out || {
    echo "FAIL: lines that benchstat would not read"
    failed=1
}

# Events.
run 0 -json -run='Strings|Tree'
awk '!/^\{"Time":"[^"]*","Action":"[a-z]*".*\}$/ { print; bad = 1 }
     END { exit bad }' out || failed=1
has out '"Action":"run".*"Test":"TestStrings"'
has out '"Action":"skip".*"Test":"TestTree/sub_one".*"Elapsed":'
has out '"Action":"pass","Package":"add_test","Elapsed":'

# Profiles, of a run that passes, fails, crashes and hangs.
# Rounds, not seconds: a busy machine gives a second few samples.
run 0 -run='^$' -bench=Add -benchtime=6000000x -cpuprofile=cpu.profile
if [ -z "${EVPROF_TEST_SANITIZED-}" ]; then
    "$tool" -top "$program" cpu.profile >top 2>&1
    # Flat and cumulative: Add itself, and the body that calls it, have it all.
    awk '$NF == "Add" && $2 + 0 >= 90 { add = 1 }
         $NF == "BenchmarkAdd" && $5 + 0 >= 95 { body = 1 }
         END { exit !(add && body) }' top || {
        echo "FAIL: the profile of BenchmarkAdd shows:"
        cat top
        failed=1
    }
fi
mkdir sub
ADD_TEST_DO=fail run 1 -run=Tree -outputdir=sub -cpuprofile=failed.profile
[ -s sub/failed.profile ] || { echo "FAIL: no profile of a failed run"; failed=1; }
# A sanitizer catches a crash before we do.
if [ -z "${EVPROF_TEST_SANITIZED-}" ]; then
    ADD_TEST_DO=crash run 2 -run=Crash -cpuprofile=crashed.profile
    has err '^panic: Segmentation fault in TestCrash$'
    has err '^TestCrash$'
    has err 'add_test\.c:[0-9]+$'
    [ -s crashed.profile ] || { echo "FAIL: no profile of a crash"; failed=1; }
    ADD_TEST_DO=overflow run 2 -run='^$' -bench=Overflow -cpuprofile=deep.profile
    has err '^panic: Segmentation fault in BenchmarkOverflow$'
    [ -s deep.profile ] || { echo "FAIL: no profile of an overflow"; failed=1; }
fi
ADD_TEST_DO=hang run 2 -run=Hang -timeout=300ms -cpuprofile=hung.profile
has err '^panic: test timed out after 300ms$'
has err '^	TestHang \('
has out '^--- FAIL: TestHang \((0\.[2-9]|[1-9][0-9]*\.)[0-9]+s\)$'
ADD_TEST_DO=hang run 2 -run=Hang -timeout=300ms -json -junit=hung.xml
has out '"Action":"fail",.*"Test":"TestHang","Elapsed":(0\.[2-9]|[1-9])'
grep -q 'tests="1" failures="1"' hung.xml || { cat hung.xml; failed=1; }

# Results for build servers, whatever the run is like.
ADD_TEST_DO=fail run 1 -run='Tree|Strings|Skipped' -junit=results.xml
grep -q '<testcase classname="add_test" name="TestStrings" time="[0-9.]*"></testcase>' results.xml ||
    { cat results.xml; failed=1; }
grep -q '<failure message=".*add_test.c:' results.xml || { cat results.xml; failed=1; }
grep -q '<skipped message=' results.xml || { cat results.xml; failed=1; }
if command -v xmllint >/dev/null; then
    xmllint --noout results.xml hung.xml || failed=1
fi
run 2 -run=Strings -junit=no/such/folder.xml
has err '^testing: write no/such/folder.xml: '

# One line a flag, in both spellings.
run 0 -h
has err '^  -bench, -test\.bench regexp  run only benchmarks'
has err '^  -junit, -test\.junit file  write results'

# Allocations of threads that a body makes are the body's; a thread itself has some.
if [ -z "${EVPROF_TEST_SANITIZED-}" ]; then
    run 0 -run='^$' -bench=Threads -benchmem -benchtime=100x
    has out '^BenchmarkThreads.* 10[0-9] allocs/op$'
fi

# The profile of a failed run is called one.
ADD_TEST_DO=fail run 1 -run=Tree -cpuprofile=failed.profile

has err '^testing: failed.profile is the profile of a run that failed$'

# And says so itself, also of a benchmark that failed, which has the file's name to
# nobody: a comment of the profile, as every report and pprof show it.
says() { # says FILE WORDS
    "$tool" -comments "$1" >comments 2>&1
    grep -qx "$2" comments || { echo "FAIL: $1 does not say it:"; cat comments; failed=1; }
}
says failed.profile 'testing: a test of this run failed'
ADD_TEST_DO=fail run 1 -run='^$' -bench=Fails -cpuprofile=failed.profile \
    -mutexprofile=failed_mutex.profile
has out '^--- FAIL: BenchmarkFails'
says failed.profile 'testing: a test of this run failed'
says failed_mutex.profile 'testing: a test of this run failed'
says hung.profile 'testing: this run took longer than -timeout'
[ ! -e crashed.profile ] || says crashed.profile 'testing: this run crashed'
run 0 -run='^$' -bench=Fails -cpuprofile=good.profile
"$tool" -comments good.profile >comments 2>&1
lacks comments 'testing:'
[ -s hung.profile ] || { echo "FAIL: no profile of a timeout"; failed=1; }

# Profiles that cannot be written end the run before its first test.
run 2 -run=Strings -v -cpuprofile=/nonexistent/cpu.profile
has err '^testing: open /nonexistent/cpu.profile: No such file or directory$'
lacks out 'RUN'
run 2 -run=Strings -outputdir=nowhere -memprofile=mem.profile
exit $failed
