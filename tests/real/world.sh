# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# To be sourced behind begin.sh, with the path of the library in `library`. Servers run
# as the process `pid`, on `port`, which is free now; a server may still lose it, and
# says so. A server's start function sets `pid` and returns when it answers; "with" as
# its argument preloads the library. Its load function prints requests a second; with
# a number N it is an Nth of its usual length.
cd "$work"
chmod 1777 "$work" # nginx's workers run as nobody
export PPROF_TMPDIR=$work
pid=
free_port() {
    python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
port=$(free_port)

before_end() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
}

await() { # await COMMAND...: until it succeeds, ten seconds at most
    for _ in $(seq 200); do
        "$@" >/dev/null 2>&1 && return
        read -rt 0.05 <> <(:) || true
    done
    fail "no answer to: $*"
}

need() {
    command -v "$1" >/dev/null || { echo "$name: skipped, no $1"; exit 77; }
}

# The words before a command that preload the library, or none.
before=()
preload() { # preload with|without
    before=()
    if [ "$1" = with ]; then
        before=(env "EVPROF_LISTEN=unix:$work/%p.sock" "LD_PRELOAD=$library")
    fi
}

# ---- Two servers at once ----

# Each has a world of its own below the folder `top`.
top=$work
declare -A pids=() ports=()

make_world() { # make_world NAME
    mkdir "$top/$1"
    chmod 1777 "$top/$1"
    pids[$1]='' ports[$1]=$(free_port)
}

enter() { # enter NAME: the variables that the server's functions use
    work=$top/$1 pid=${pids[$1]} port=${ports[$1]}
    cd "$work"
}

# For the end of the test.
end_both() {
    # shellcheck disable=SC2086 # none, one or two
    kill ${pids[*]} 2>/dev/null || true
    work=$top
}

# ---- One server ----

# Of several processes those that work; a worker's is the last.
last_socket() {
    local socket
    for socket in "$work"/*.sock; do echo "$socket"; done | tail -n 1
}

stop() {
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do read -rt 0.05 <> <(:) || true; done
    pid=
    rm -f "$work"/*.sock
}
