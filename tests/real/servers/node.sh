# SPDX-License-Identifier: Apache-2.0
# An HTTP server of Node.js: an event loop and its helper threads, by ab.

start() {
    need node
    need ab
    cat >"$work/server.js" <<'SERVER'
require("http").createServer((request, response) => {
  response.end("x".repeat(100));
}).listen(Number(process.argv[2]), "127.0.0.1");
SERVER
    preload "$1"
    "${before[@]}" node "$work/server.js" "$port" &
    pid=$!
    await curl -sf "http://127.0.0.1:$port/"
}
load() {
    ab -q -n "$((50000 / ${1:-1}))" -c 8 -k "http://127.0.0.1:$port/" 2>/dev/null |
        awk '/Requests per second/ { print $4 }'
}
answer() {
    curl -sf "http://127.0.0.1:$port/"
}
