# SPDX-License-Identifier: Apache-2.0
# nginx with a master and two workers that drop their rights, by wrk.

start() {
    need nginx
    need wrk
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
load() {
    # It counts whole seconds.
    wrk -t 1 -c 16 -d "$((3 / ${1:-1} > 0 ? 3 / ${1:-1} : 1))s" \
        "http://127.0.0.1:$port/index.html" |
        awk '/Requests\/sec/ { print $2 }'
}
answer() {
    curl -sf "http://127.0.0.1:$port/index.html"
}
