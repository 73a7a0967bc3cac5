# SPDX-License-Identifier: Apache-2.0
# redis-server, one thread of its own and background ones, by redis-benchmark.

start() {
    need redis-server
    need redis-benchmark
    preload "$1"
    "${before[@]}" redis-server --port "$port" --save '' --dir "$work" \
        --daemonize yes --pidfile "$work/pid" >/dev/null
    await redis-cli -p "$port" ping
    pid=$(cat "$work/pid")
}
load() {
    redis-benchmark -p "$port" -n "$((150000 / ${1:-1}))" -q -t get --csv 2>/dev/null |
        awk -F'"' '/GET/ { print $4 }'
}
answer() {
    redis-cli -p "$port" set question "$1"
    redis-cli -p "$port" get question
}
