#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: preload.sh TOOL LIBRARY PROGRAM OWN_MALLOC TCMALLOC ASAN TSAN EARLY
# Programs that know nothing of evprof are profiled, and behave as without it.
set -euo pipefail
tool=$1 library=$2 program=$3 own_malloc=$4 tcmalloc=$5 asan=$6 tsan=$7 early=$8
. "$(dirname "$0")/../../begin.sh"
cd "$work"
export TMPDIR=$work PPROF_TMPDIR=$work
status_of() { # status_of COMMAND...
    local status=0
    "$@" >out 2>err || status=$?
    echo "$status"
}

# It ends as the command ends, and says nothing of its own.
[ "$(status_of "$tool" run -- "$program" 7)" -eq 7 ] || fail "status: $(cat err)"
[ ! -s out ] && [ ! -s err ] || fail "it says: $(cat out err)"
[ "$(status_of bash -c 'exec "$@"' x "$tool" run -- "$program" term)" -eq 143 ] ||
    fail "the signal is lost"
[ "$(status_of "$tool" run -- ./none)" -eq 127 ] || fail "no such command"
[ "$(status_of "$tool" run)" -eq 2 ] || fail "no command is taken"
[ "$(status_of "$tool" run -nope 1 -- "$program")" -eq 2 ] || fail "a bad flag"
# A file that the library could not read would be a program without it, in silence.
echo 'follow_exec maybe;' >bad.conf
[ "$(status_of "$tool" run -conf bad.conf -- "$program" env)" -eq 2 ] ||
    fail "a bad configuration: $(cat out err)"
[ ! -s out ] || fail "it runs with a bad configuration"
expect '^bad.conf:1:1: "follow_exec" ' err

# Signals are handed on, also those that mean something to few servers only.
"$tool" run -- "$program" signals 4 >out 2>err &
running=$!
until grep -q ready out; do read -rt 0.05 <> <(:) || true; done
# A shell has its jobs ignore SIGINT, a program may take it all the same.
for number in WINCH TTIN ALRM TSTP RTMIN INT; do kill -$number "$running"; done
status=0
wait "$running" || status=$?
running=
[ "$status" -eq 4 ] || fail "signals: $status: $(cat out err)"
# The core is the program's, where the system has it in the folder.
mkdir core
(cd core && ulimit -c unlimited && status_of "$tool" run -- "$program" abort >/dev/null)
for file in core/core*; do
    [ ! -e "$file" ] || ! grep -q ' run -- ' "$file" || fail "our own core is there"
done
rm -r core

# Files, with a table afterwards; nothing is left behind.
[ "$(status_of "$tool" run -cpuprofile cpu.pb -mutexprofile=mutex.pb \
    -trace trace.out -top -- "$program" burn threads 3)" -eq 3 ] ||
    fail "files: $(cat err)"
grep -q ' burn$' out || fail "no table: $(cat out err)"
"$tool" -top cpu.pb >top
grep -q ' burn$' top || fail "the CPU profile has no names: $(cat top)"
"$tool" -top mutex.pb >top
grep -q 'contend' top || fail "the mutex profile is empty: $(cat top)"
[ "$(head -c 8 trace.out)" = "go 1.23 " ] || fail "no trace"
compgen -G "$work/evprof-run-*" >/dev/null && fail "a folder is left"

# Where there is no profile, the reason is the right one.
[ "$(status_of "$tool" run -cpuprofile none.pb -- "$program" limit burn 3)" -eq 3 ] ||
    fail "limit: $(cat err)"
expect 'none.pb: the program left no cpu profile: it may have no more than 3 files open' err
for flag in cpuprofile trace; do
    [ "$(status_of "$tool" run -$flag none/file -- "$program" burn 3)" -eq 3 ] ||
        fail "no folder: $(cat err)"
    grep -qi '^evprof: none/file: .*: no such file or directory$' err &&
        [ "$(wc -l <err)" -eq 1 ] || fail "no folder: $(cat err)"
done

# A heap profile of a program with an allocator of its own is not to be had, or
# of the one that takes its place; both run, and one line says so.
[ "$(status_of "$tool" run -heap -- "$own_malloc")" -eq 0 ] ||
    fail "own malloc: $(cat err)"
[ "$(grep -c 'allocator of its own built in' err)" -eq 1 ] &&
    [ "$(wc -l <err)" -eq 1 ] || fail "own malloc: $(cat err)"
# Nor is a profile compressed by functions that only have the names of zlib's.
[ "$(status_of "$tool" run -cpuprofile zlib.pb -- "$own_malloc")" -eq 0 ] ||
    fail "own zlib: $(cat err)"
"$tool" -raw zlib.pb >raw || fail "own zlib: no profile"
[ "$(status_of "$tool" run -heap -memprofile heap.pb -- "$tcmalloc" burn 6)" \
    -eq 6 ] || fail "tcmalloc: $(cat err)"
grep -q 'libtcmalloc_minimal.so.4: jemalloc takes its place' err ||
    fail "tcmalloc: $(cat err)"
"$tool" -top -sample_index alloc_space heap.pb >top || fail "no heap profile"
[ "$(status_of "$tool" run -cpuprofile tc.pb -- "$tcmalloc" burn threads 0)" \
    -eq 0 ] || fail "tcmalloc: $(cat err)"
"$tool" -top tc.pb | grep burn >top || fail "tcmalloc: no profile"

# Sanitized programs: one wants its library first, one does not go with ours.
[ "$(status_of "$tool" run -cpuprofile asan.pb -- "$asan" burn threads 3)" \
    -eq 3 ] || fail "asan: $(cat err)"
[ ! -s err ] || fail "asan: $(cat err)"
"$tool" -top asan.pb | grep ' burn$' >top || fail "asan: no profile"
[ "$(status_of "$tool" run -- "$tsan" burn threads 3)" -eq 3 ] ||
    fail "tsan: $(cat err)"
grep -q 'built with ThreadSanitizer: it runs without' err ||
    fail "tsan: $(cat err)"
[ "$(wc -l <err)" -eq 1 ] || fail "tsan: $(cat err)"

# Locks, threads and allocations before our constructor, an allocator that looks
# up libc's; before us in the list and behind us.
for list in "$early:$library" "$library:$early"; do
    mkdir files
    [ "$(EVPROF_FILES=$work/files:cpu:mutex LD_PRELOAD=$list \
        status_of "$program" burn threads 3)" -eq 3 ] || fail "$list: $(cat err)"
    [ ! -s err ] || fail "$list: $(cat err)"
    [ -s files/mutex.* ] || fail "$list: no profile: $(ls files)"
    rm -r files
done
# What the libraries take of the room for thread-local variables that libc keeps
# for libraries which come later: less than a third of it (512 bytes).
bytes=$(readelf -lW "$library" | awk '$1 == "TLS" { print $6 }')
[ "$((bytes))" -le 160 ] || fail "thread-local variables of $bytes bytes"

# A program whose handler of SIGPROF is its end is not ended by our timers.
[ "$(status_of "$tool" run -cpuprofile handler.pb -- "$program" handler burn 4)" \
    -eq 4 ] || fail "handler: $(cat err)"
[ ! -s out ] && [ ! -s err ] || fail "handler: $(cat out err)"
"$tool" -top handler.pb >top
grep -q ' burn$' top || fail "handler: no profile: $(cat top)"

# What runs another program as its child is another program than the one it means.
[ "$(status_of "$tool" run -- timeout 9 sh -c 'exit 3')" -eq 3 ] || fail "$(cat err)"
[ "$(grep -c 'timeout: timeout runs another program' err)" -eq 1 ] ||
    fail "timeout: $(cat err)"

# What a process puts in its own place is still the program that was meant, as in the
# script that a container starts with, by whatever way it comes there, and whatever name
# was given; and what it leaves of itself says nothing of the rest.
printf '#!/bin/sh\nexport X=1\nexec nice "$@"\n' >inner
printf '#!/usr/bin/env -S sh -e\nexec env Y=2 "%s/inner" "$@"\n' "$work" >script
chmod +x script inner
[ "$(status_of "$tool" run -cpuprofile script.pb -- ./script "$program" burn 3)" -eq 3 ] ||
    fail "script: $(cat err)"
[ ! -s out ] && [ ! -s err ] || fail "script: $(cat out err)"
"$tool" -top script.pb >top 2>err
grep -q ' burn$' top || fail "a script loses the program: $(cat top err)"
grep -q "^File: $(basename "$program")" top || fail "a script gives the title: $(cat top)"
! grep -q idle err || fail "a script: $(cat err)"
# Nor does a thread of ours keep it from giving up rights on the way.
if [ "$(id -u)" -eq 0 ] && setpriv --reuid=1 --regid=1 --clear-groups true; then
    [ "$(status_of "$tool" run -cpuprofile user.pb -- \
        setpriv --reuid=1 --regid=1 --clear-groups sh -c 'exit 3')" -eq 3 ] ||
        fail "setpriv: $(cat err)"
fi
# Not where the library would hurt, or the loader would say that it is missing.
[ "$(status_of "$tool" run -- sh -c "exec $asan burn threads 3")" -eq 3 ] && [ ! -s err ] ||
    fail "a sanitizer: $(cat err)"
checker=$(ldd "$asan" | awk '/libasan\.so/ { print $3 }')
[ "$(ASAN_OPTIONS=detect_leaks=0 status_of "$tool" run -- \
    sh -c "LD_PRELOAD=$checker exec $program burn 3")" -eq 3 ] && [ ! -s err ] ||
    fail "a sanitizer that is preloaded: $(cat err)"
mkdir gone
cp "$library" gone/libevprof_preload.so
[ "$(LD_PRELOAD=$work/gone/libevprof_preload.so status_of \
    sh -c 'rm -r gone; exec env true')" -eq 0 ] && [ ! -s err ] ||
    fail "the library is gone: $(cat err)"

# A crash keeps what was recorded a second ago, and its own status.
[ "$(status_of "$tool" run -cpuprofile crash.pb -trace crash.out -- "$program" \
    threads long abort)" -eq 134 ] || fail "crash: $(cat err)"
"$tool" -trace crash.out >text 2>err || fail "a crash: $(cat err)"
expect ' sync (mutex), by contend' text
"$tool" -top crash.pb >top
grep -q ' burn$' top || fail "a crash loses the profile"

# Programs that this one starts do not have it, others in the list stay.
libc=$(ldd "$program" | awk '/libc\.so/ { print $3 }')
LD_PRELOAD=$libc "$tool" run -- "$program" other >out
[ "$(grep LD_PRELOAD out)" = "LD_PRELOAD=$libc" ] ||
    fail "the environment: $(cat out)"

# bash has its own unsetenv().
"$tool" run -- bash -c 'cat /proc/self/maps; exit 0' >maps
expect 'libc\.so' maps
! grep -q libevprof maps || fail "bash's child has it"

# The program itself has it again, after it wrote over its environment too.
LD_PRELOAD=$libc "$tool" run -cpuprofile exec.pb -- "$program" title exec >out
[ "$(cat out)" = "LD_PRELOAD=$libc" ] || fail "the environment: $(cat out)"
"$tool" -top exec.pb >top
grep -q ' burn$' top || fail "an upgrade is not profiled: $(cat top)"

# What the program preloads itself, by executing itself again, stays.
"$tool" run -cpuprofile relink.pb -- "$program" relink burn >out
[ "$(cat out)" = "LD_PRELOAD=libm.so.6" ] || fail "it lost its own: $(cat out)"
"$tool" -top relink.pb >top
grep -q ' burn$' top || fail "a program that preloads is lost: $(cat top)"

# An end that runs no destructors is one: _exit, and another image.
for last in quit other; do
    status=$(status_of "$tool" run -cpuprofile "$last.pb" -- "$program" burn $last)
    [ "$status" -eq $([ $last = quit ] && echo 5 || echo 0) ] ||
        fail "$last: $status: $(cat err)"
    "$tool" -top "$last.pb" >top
    grep -q ' burn$' top || fail "$last loses the profile: $(cat top err)"
done
# However it runs them: another program has the library where `follow_exec` says so
# and `only` has no say over the environment; its own file has it again; what is
# recorded before is kept, and so is what a child of its own file does.
echo 'follow_exec on;' >follow.conf
echo 'follow_exec on; only nobody;' >nobody.conf
PATH=$PATH:$(dirname "$program")
for way in execl execle execlp execvp fexecve execveat spawn spawnp vfork system; do
    "$tool" run -cpuprofile by.pb -- "$program" burn by $way other >out ||
        fail "$way: $(cat out)"
    ! grep -q '^LD_PRELOAD=' out || fail "$way: another program has it: $(grep ^LD_ out)"
    "$tool" -top by.pb >top
    grep -q ' burn$' top || fail "$way loses the profile: $(cat top)"
    "$tool" run -conf follow.conf -- "$program" by $way other >out
    grep -q '^LD_PRELOAD=.*libevprof_preload\.so' out ||
        fail "$way: follow_exec is not followed: $(grep ^LD_ out)"
    "$tool" run -cpuprofile by.pb -- "$program" by $way itself >out
    [ "$(cat out)" = "LD_PRELOAD=" ] || fail "$way: the environment: $(cat out)"
    "$tool" -top by.pb >top 2>&1 || true
    # A shell is another program, and so is what it runs.
    case $way in
    system) ! grep -q ' burn$' top || fail "a shell's child has it: $(cat top)" ;;
    *) grep -q ' burn$' top || fail "$way: its own file has it not: $(cat top)" ;;
    esac
done

"$tool" run -conf nobody.conf -- "$program" by execl other >out
grep -q '^LD_PRELOAD=.*libevprof_preload\.so' out || fail "only: $(grep ^LD_ out)"

# An exec that fails changes nothing.
[ "$(status_of "$tool" run -cpuprofile on.pb -- "$program" noexec burn 4)" \
    -eq 4 ] || fail "noexec: $(cat err)"
"$tool" -top on.pb >top
grep -q ' burn$' top || fail "a failed exec ends the profile: $(cat top)"

# Serving: a daemon that left its parent and wrote over its environment opens
# its socket; a fork that ends at once opens none.
mkfifo in
begin_serving() { # begin_serving WHAT...: starts it, its process in $pid
    : >ids
    EVPROF_LISTEN="unix:$work/%p.sock" LD_PRELOAD=$library \
        "$program" "$@" <in >ids &
    exec 3>in
    until [ -s ids ]; do read -rt 0.05 <> <(:) || true; done
    pid=$(head -n 1 ids) running=$pid
}
serve() { # serve WHAT...: and waits for its port
    begin_serving "$@"
    until [ -S "$work/$pid.sock" ]; do
        kill -0 "$pid" || fail "the program is gone"
        read -rt 0.05 <> <(:) || true
    done
}
# Closes its input, on which it ends.
end_serving() {
    exec 3>&-
    while kill -0 "$pid" 2>/dev/null; do read -rt 0.05 <> <(:) || true; done
    running=
}
# One that is to write files has written what it did in the foreground; that it goes
# on is said.
"$tool" run -cpuprofile left.pb -- "$program" burn daemon serve <in >ids 2>err &
exec 3>in
until [ -s ids ] && grep -q background err; do
    read -rt 0.05 <> <(:) || true
done
pid=$(cat ids) running=$pid
expect "process $pid) goes on in the background" err
end_serving
"$tool" -top left.pb >top
grep -q ' burn$' top || fail "the foreground is lost: $(cat top)"

# One that has just started is asked when its port is open.
begin_serving serve
"$tool" -raw -seconds 1 "$pid" >top 2>err || fail "before its port: $(cat err)"
expect 'Fetching http://localhost/debug/pprof/profile' err
end_serving
# Not for ever.
echo 'listen_after 1h;' >conf
export EVPROF_CONF=$work/conf
begin_serving serve
[ "$(status_of "$tool" -raw -seconds 1 "name:$(cat "/proc/$pid/comm")")" -eq 2 ] ||
    fail "a port that does not open is there"
expect 'its port is not open yet: `listen_after` or' err
end_serving
unset EVPROF_CONF

serve child daemon title serve
[ "$(find . -name '*.sock' | wc -l)" -eq 1 ] || fail "forks open sockets"
curl -sS --unix-socket "$pid.sock" -o cmdline http://x/debug/pprof/cmdline
tr '\0' ' ' <cmdline | grep -q daemon || fail "cmdline: $(cat cmdline)"
curl -sS --unix-socket "$pid.sock" -o memory \
    'http://x/debug/pprof/memory?format=json&smaps=1'
rss=$(awk '$1 == "VmRSS:" { print $2 * 1024 }' "/proc/$pid/status")
python3 - "$rss" <<'CHECK' || fail "memory: $(cat memory)"
import json, sys
numbers = json.load(open("memory"))
rss = int(sys.argv[1])
assert abs(numbers["process"]["rss"] - rss) < rss / 4, (numbers, rss)
assert abs(sum(numbers["mappings"].values()) - rss) < rss / 4, (numbers, rss)
CHECK
"$tool" ps >list
grep -q "^ *$pid .*unix:.*$pid.sock" list || fail "ps: $(cat list)"
"$tool" -top -seconds 1 "$pid" >top 2>err || fail "by its number: $(cat err)"
"$tool" -raw -seconds 1 "name:$(cat "/proc/$pid/comm")" >top 2>err ||
    fail "by its name: $(cat err)"
[ "$(status_of "$tool" -top 999999999)" -eq 2 ] || fail "no such process"
end_serving

# Our threads have descriptors of their own. Whatever they do, the program sees none
# but the socket, which says to everyone whose it is; and they outlive its closing all.
serve close
fetch() { # fetch PATH: prints the status
    curl -sS --unix-socket "$pid.sock" -o got -w '%{http_code}' \
        "http://x/debug/pprof/$1"
}
for path in 'profile?seconds=1' goroutine 'trace?seconds=0.3' mutex; do
    [ "$(fetch "$path")" -eq 200 ] || fail "$path: $(cat got)"
done
ls -l "/proc/$pid/fd" >fds
[ "$(grep -c socket: fds)" -eq 1 ] && ! grep -qE 'anon_inode|memfd|/proc' fds ||
    fail "the program's descriptors: $(cat fds)"
printf x >&3
until [ "$(wc -l <ids)" -eq 2 ]; do read -rt 0.05 <> <(:) || true; done
[ "$(tail -n 1 ids)" -eq 3 ] || fail "the next file is number $(tail -n 1 ids)"
[ "$(fetch cmdline)" -eq 200 ] || fail "the port is closed: $(cat got)"
"$tool" ps >list
grep -q "^ *$pid .*unix:.*$pid.sock" list || fail "closed: ps: $(cat list)"
# Our own table holds none of the program's, so that what that closes is closed.
for table in "/proc/$pid/task"/*/fd; do ls -l "$table"; done >tables
[ "$(grep -c "$work/ids" tables)" -eq 1 ] || fail "our descriptors: $(cat tables)"
end_serving

# So have those that write files, from the first moment on.
mkdir files
: >ids
EVPROF_FILES=$work/files:cpu:mutex:trace LD_PRELOAD=$library "$program" burn close <in >ids &
exec 3>in
until [ -s ids ]; do read -rt 0.05 <> <(:) || true; done
pid=$(head -n 1 ids) running=$pid
for table in "/proc/$pid/task"/*/fd; do ls -l "$table"; done >tables
[ "$(grep -c "$work/ids" tables)" -eq 1 ] || fail "one table for all: $(cat tables)"
printf x >&3
until [ "$(wc -l <ids)" -eq 2 ]; do read -rt 0.05 <> <(:) || true; done
[ "$(tail -n 1 ids)" -eq 3 ] || fail "the next file is number $(tail -n 1 ids)"
end_serving
for file in cpu mutex trace; do
    [ -s "files/$file.$pid" ] || fail "no $file: $(ls files)"
done
rm -r files

# `only` names the programs; others are left alone.
printf 'only somebody-else;\nlisten unix:%s/only.sock;\n' "$work" >conf
EVPROF_CONF=$work/conf LD_PRELOAD=$library "$program" burn
[ ! -e only.sock ] || fail "only is not heeded"
# What it writes has mappings and no names, which take time that is not its own to give;
# the tool finds them. What serves a port as well has them.
for port in '' "unix:$work/%p.port"; do
    mkdir files
    EVPROF_LISTEN=$port EVPROF_FILES=$work/files:cpu LD_PRELOAD=$library \
        "$program" burn
    # The first part; on a busy machine there may be more.
    head -c $((8 + $(od -An -tu8 -N8 files/cpu.*))) files/cpu.* | tail -c +9 >off.pb
    rm -r files
    "$tool" -raw -symbolize=none off.pb >raw
    grep -q "$program [0-9a-f]\{40\}" raw || fail "no mapping: $(tail -n 5 raw)"
    [ -n "$port" ] || ! grep -q ' burn ' raw || fail "the program gives names"
    [ -z "$port" ] || grep -q ' burn ' raw || fail "with a port it gives no names"
    "$tool" -top off.pb >top 2>err
    grep -q ' burn$' top || fail "the tool does not name them: $(cat top err)"
done
"$tool" run -cpuprofile named.pb -- "$program" burn
"$tool" -top -symbolize=none named.pb >top
grep -q ' burn$' top || fail "evprof run gives no names: $(cat top)"
# A bad configuration leaves the program alone.
echo 'nonsense;' >conf
[ "$(EVPROF_CONF=$work/conf LD_PRELOAD=$library "$program" env)" = \
    "LD_PRELOAD=" ] || fail "a bad configuration"
echo ok
