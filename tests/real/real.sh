#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: real.sh SERVER TOOL LIBRARY
# SERVER: redis, memcached, nginx or python. Exit status 77: it is not installed.
set -euo pipefail
server=$1 tool=$2 library=$3
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
chmod 1777 "$work" # nginx's workers run as nobody
export PPROF_TMPDIR=$work
fail() {
    echo "$server: $*"
    exit 1
}
need() {
    command -v "$1" >/dev/null || { echo "$server: skipped, no $1"; exit 77; }
}
# A port that is free now; the server may still lose it, and says so.
port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

await() { # await COMMAND...
    for _ in $(seq 200); do
        "$@" >/dev/null 2>&1 && return
        read -rt 0.05 <> <(:) || true
    done
    fail "no answer to: $*"
}

# Each start function sets $pid and returns when the server answers; "with" as its
# argument preloads the library. Each load function prints requests a second.
# The words before a command that preload the library, or none.
before=()
preload() { # preload with|without
    before=()
    if [ "$1" = with ]; then
        before=(env "EVPROF_LISTEN=unix:$work/%p.sock" "LD_PRELOAD=$library")
    fi
}

redis_start() {
    need redis-server
    need redis-benchmark
    preload "$1"
    "${before[@]}" redis-server --port "$port" --save '' --dir "$work" \
        --daemonize yes --pidfile "$work/pid" >/dev/null
    await redis-cli -p "$port" ping
    pid=$(cat "$work/pid")
}
redis_load() {
    redis-benchmark -p "$port" -n 150000 -q -t get --csv 2>/dev/null |
        awk -F'"' '/GET/ { print $4 }'
}

memcached_start() {
    need memcached
    preload "$1"
    "${before[@]}" memcached -u root -l 127.0.0.1 -p "$port" -t 2 &
    pid=$!
    await bash -c "echo version >/dev/tcp/127.0.0.1/$port"
}
memcached_load() {
    python3 - "$port" <<'LOAD'
import socket, sys, threading, time
def run(counts, i):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(b"set k 0 0 100\r\n" + b"x" * 100 + b"\r\n")
    s.recv(100)
    burst = b"get k\r\n" * 50
    end = time.time() + 3
    while time.time() < end:
        s.sendall(burst)
        need = 50 * 122
        while need > 0:
            need -= len(s.recv(65536))
        counts[i] += 50
counts = [0] * 4
threads = [threading.Thread(target=run, args=(counts, i)) for i in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print(sum(counts) / 3)
LOAD
}

nginx_start() {
    need nginx
    need ab
    mkdir -p "$work/logs"
    echo hello >"$work/index.html"
    cat >"$work/nginx.conf" <<CONF
worker_processes 2;
pid $work/pid;
error_log $work/error.log;
events { worker_connections 512; }
http { access_log off;
       server { listen 127.0.0.1:$port; root $work; } }
CONF
    preload "$1"
    "${before[@]}" nginx -p "$work" -c "$work/nginx.conf"
    await curl -sf "http://127.0.0.1:$port/"
    pid=$(cat "$work/pid")
}
nginx_load() {
    ab -q -n 60000 -c 16 -k "http://127.0.0.1:$port/index.html" 2>/dev/null |
        awk '/Requests per second/ { print $4 }'
}

python_start() {
    need /usr/bin/python3
    cat >"$work/server.py" <<'SERVER'
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"x" * 100
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])),
                                Handler).serve_forever()
SERVER
    preload "$1"
    "${before[@]}" /usr/bin/python3 "$work/server.py" "$port" &
    pid=$!
    await curl -sf "http://127.0.0.1:$port/"
}
python_load() {
    need ab
    ab -q -n 4000 -c 4 "http://127.0.0.1:$port/" 2>/dev/null |
        awk '/Requests per second/ { print $4 }'
}

stop() {
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do read -rt 0.05 <> <(:) || true; done
    pid=
    rm -f "$work"/*.sock
}

measure() { # measure with|without: requests a second
    "${server}_start" "$1"
    if [ "$1" = with ]; then
        await compgen -G "$work/*.sock"
    fi
    "${server}_load" >"rate"
    stop
    cat rate
}

"${server}_start" with
await compgen -G "$work/*.sock"
# Of several processes those that work; a worker's is the last.
for socket in "$work"/*.sock; do last=$socket; done
get() { # get PATH FILE: prints the status
    curl -s --unix-socket "$last" -o "$2" -w '%{http_code}' \
        "http://localhost/debug/pprof/$1"
}
"${server}_load" >/dev/null &
load=$!
"$tool" -proto -output=cpu.pb -seconds 2 "name:$(cat "/proc/$pid/comm")" \
    2>said || fail "no CPU profile: $(cat said)"
for name in goroutine threadcreate mutex block; do
    [ "$(get "$name" "$name.pb")" = 200 ] || fail "no $name"
done
[ "$(get 'trace?seconds=0.5' trace.out)" = 200 ] || fail "no trace"
heap=$(get heap heap.pb)
wait "$load"
"$tool" -top cpu.pb >top 2>/dev/null
echo "$server: CPU profile, $(awk '/Total samples/ { print $6, $7 }' top):"
awk 'NR > 6 && NR < 12' top
awk 'NR > 6 && $NF !~ /^\[/ { named++ } END { exit named < 3 }' top ||
    fail "no names: $(cat top)"
echo "$server: heap $heap," \
    "$("$tool" -raw goroutine.pb 2>/dev/null | grep -c '^ *[0-9]*: ') stacks"
stop

rates=()
for how in without with with without; do rates+=("$(measure $how)"); done
awk -v a="${rates[0]}" -v b="${rates[1]}" -v c="${rates[2]}" -v d="${rates[3]}" \
    -v s="$server" 'BEGIN { printf "%s: requests a second without %.0f %.0f, " \
        "with %.0f %.0f: %.3f\n", s, a, d, b, c, (b + c) / (a + d) }'
