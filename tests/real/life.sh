#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: life.sh TOOL LIBRARY
# nginx with the library is started, reloaded, told to open its logs again, upgraded,
# stopped and started again by the commands of Debian's unit and init script, all of
# them with the library in their environment, as a drop-in gives it to them. After
# each step the processes that are there answer on sockets of their own, those that
# have gone leave none, and the server has answered throughout. Exit status 77: it is
# not installed.
set -euo pipefail
tool=$1 library=$2
. "$(dirname "$0")/../begin.sh"
. "$(dirname "$0")/world.sh"
name=life
before_end() {
    [ ! -s master ] || kill "$(cat master)" 2>/dev/null || true
}
PATH=$PATH:/usr/sbin:/sbin
need nginx
need start-stop-daemon
server=$(command -v nginx) # an upgrade executes it by this name
mkdir logs
echo hello >index.html
cat >nginx.conf <<CONF
worker_processes 2;
pid $work/master;
error_log $work/error.log;
events { worker_connections 512; }
http { access_log $work/access.log;
       server { listen 127.0.0.1:$port; root $work; } }
CONF
shown=error.log

unit() { # unit COMMAND...: with the environment of the drop-in
    env "EVPROF_LISTEN=unix:$work/%p.sock" "LD_PRELOAD=$library" "$@" 2>said ||
        fail "$*: $(cat said)"
    ! grep -v '\[notice\]' said || fail "$* says: $(cat said)"
}
daemon() { # daemon SIGNAL [PIDFILE]
    unit start-stop-daemon --stop --signal "$1" --quiet --name nginx \
        --pidfile "$work/${2-master}"
}
# The processes that should be there: a master and two workers of it.
are_up() {
    [ -s master ] && [ "$(pgrep -P "$(cat master)" | wc -l)" -eq 2 ]
}
answers() {
    curl -sf --unix-socket "$work/$1.sock" -o /dev/null \
        http://localhost/debug/pprof/cmdline
}
# Each process answers; nobody else has a socket; the server works.
check() { # check STEP
    local one
    name=$1
    await are_up
    for one in $(cat master) $(pgrep -P "$(cat master)"); do await answers "$one"; done
    await no_others
    curl -sf "http://127.0.0.1:$port/index.html" | grep -qx hello ||
        fail "the server does not answer"
    "$tool" -top -seconds 1 "unix:$work/$one.sock" >top 2>&1 ||
        fail "no profile: $(cat top)"
}
no_others() {
    [ "$(find . -name '*.sock' | wc -l)" -eq 3 ]
}
is_gone() {
    ! kill -0 "$1" 2>/dev/null
}

begin() {
    unit "$server" -t -q -p "$work" -c nginx.conf
    unit "$server" -p "$work" -c nginx.conf
}
begin
check start

first=$(pgrep -P "$(cat master)" | head -n 1)
unit "$server" -p "$work" -c nginx.conf -s reload
await is_gone "$first"
check reload

rm access.log
daemon USR1
await test -e access.log
check 'logs opened again'

old=$(cat master)
daemon USR2
await test -s master.oldbin
await test -s master
daemon QUIT master.oldbin
await is_gone "$old"
check upgrade
[ "$(cat master)" != "$old" ] || fail "it is the old one"

old=$(cat master)
unit start-stop-daemon --quiet --stop --retry QUIT/5 --pidfile "$work/master"
is_gone "$old" || fail "it is still there"
[ -z "$(find . -name '*.sock')" ] || fail "sockets are left: $(ls ./*.sock)"
begin
check 'start again'
! grep -qE 'exited on signal|emerg|alert' error.log || fail "$(cat error.log)"
unit start-stop-daemon --quiet --stop --retry QUIT/5 --pidfile "$work/master"
echo ok
