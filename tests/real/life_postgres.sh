#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: life_postgres.sh TOOL LIBRARY
# PostgreSQL with the library is started, profiled, reloaded, restarted, loses a
# process and is stopped in each of its ways by its own commands; then the same server
# runs under `evprof run` and is stopped by signals. It ends when it is told to, and
# its sockets go with it. Exit status 77: it is not installed.
set -euo pipefail
tool=$1 library=$2
. "$(dirname "$0")/../begin.sh"
. "$(dirname "$0")/world.sh"
name=postgres
for folder in /usr/lib/postgresql/*/bin; do PATH=$PATH:$folder; done
need initdb
need pgbench
as=() # it refuses to run as root
if [ "$(id -u)" -eq 0 ]; then
    need setpriv
    as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    "${as[@]}" test -r "$library" || { echo "$name: skipped, no access"; exit 77; }
fi
mkdir home data
chmod 700 data
[ "$(id -u)" -ne 0 ] || chown postgres home data
export HOME=$work/home TMPDIR=$work/home PGHOST=$work/home PGDATABASE=postgres
echo 'follow_exec on; only postgres;' >conf
"${as[@]}" initdb -D data -A trust -U postgres --no-sync >said || fail "$(tail said)"
cat >>data/postgresql.conf <<CONF
listen_addresses = ''
unix_socket_directories = '$work/home'
fsync = off
CONF
shown=home/log
before_end() {
    [ ! -s data/postmaster.pid ] ||
        kill -INT "$(head -n 1 data/postmaster.pid)" 2>/dev/null || true
}

ctl() { # ctl COMMAND...: what takes longer than this hangs
    timeout 30 "${as[@]}" env "EVPROF_CONF=$work/conf" "LD_PRELOAD=$library" \
        "EVPROF_LISTEN=unix:$work/home/%p.sock" \
        pg_ctl -D data -l home/log -t 10 -w "$@" >said 2>&1 ||
        fail "$*: $(tail said)"
}
answers() {
    [ "$("${as[@]}" psql -U postgres -Atc 'select 6 * 7')" = 42 ]
}
# Two connections; another one comes and goes before them.
load() {
    "${as[@]}" pgbench -U postgres -T 60 -c 2 >bench 2>&1 &
    loader=$!
    await is_loaded
}
is_loaded() {
    [ "$(backends | wc -l)" -eq 2 ]
}
backends() {
    pgrep -f -P "$(head -n 1 data/postmaster.pid)" '^postgres: postgres postgres'
}
is_open() {
    [ -S "home/$1.sock" ]
}
has_written() { # has_written PID: its first second is over
    compgen -G "home/evprof-run-*/cpu.$1" >/dev/null
}
no_sockets() {
    [ -z "$(find home -name '*.sock')" ]
}

ctl start
answers || fail "no answer"
await is_open "$(head -n 1 data/postmaster.pid)"
"${as[@]}" pgbench -U postgres -q -i >said 2>&1 || fail "$(tail said)"

name="a backend"
load
backend=$(backends | head -n 1)
await is_open "$backend"
"$tool" -top -seconds 1 "unix:$work/home/$backend.sock" >top 2>&1 ||
    fail "no profile: $(cat top)"
expect ' PostgresMain$' top

for mode in reload restart fast immediate smart; do
    name=$mode
    case $mode in
    reload) ctl reload ;;
    restart) ctl restart -m fast ;;
    smart) # waits for the connections to end
        kill "$loader"
        ctl stop -m smart ;;
    *) ctl stop -m $mode ;;
    esac
    case $mode in
    fast | immediate | smart)
        await no_sockets
        [ ! -e data/postmaster.pid ] || fail "it is still there"
        ctl start ;;
    esac
    answers || fail "no answer"
    if [ $mode != reload ]; then # the load went with the server
        wait "$loader" 2>/dev/null || true
        load
    fi
done

name="a process is killed"
backend=$(backends | head -n 1)
kill -KILL "$backend"
wait "$loader" || true
await answers
await is_open "$(pgrep -f -P "$(head -n 1 data/postmaster.pid)" checkpointer)"
rm -f "home/$backend.sock" # it could not do so
ctl stop -m fast
await no_sockets

for number in TERM INT; do
    name="evprof run, $number"
    "${as[@]}" "$tool" run -cpuprofile home/cpu.pb -- \
        postgres -D "$work/data" >>home/log 2>&1 &
    running=$!
    await answers
    load
    await has_written "$(backends | head -n 1)"
    [ $number != TERM ] || kill "$loader"
    kill -$number "$running"
    wait "$running" || fail "it ended with status $?"
    running=
    wait "$loader" || true
    "$tool" -top home/cpu.pb >top 2>&1
    expect ' PostgresMain$' top
    ! compgen -G 'home/evprof-run-*' >/dev/null || fail "a folder is left"
done
echo ok
