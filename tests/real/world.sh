# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# To be sourced behind begin.sh. Servers run as the process `pid`, on `port`, which
# is free now; a server may still lose it, and says so.
pid=
port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

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
