# SPDX-License-Identifier: Apache-2.0
# nginx with a master and two workers that drop their rights, by ab.

start() {
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
load() {
    ab -q -n 60000 -c 16 -k "http://127.0.0.1:$port/index.html" 2>/dev/null |
        awk '/Requests per second/ { print $4 }'
}
answer() {
    curl -sf "http://127.0.0.1:$port/index.html"
}
