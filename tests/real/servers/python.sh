# SPDX-License-Identifier: Apache-2.0
# Python's own HTTP server, a thread a request, by ab.

start() {
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
load() {
    need ab
    ab -q -n "$((4000 / ${1:-1}))" -c 4 "http://127.0.0.1:$port/" 2>/dev/null |
        awk '/Requests per second/ { print $4 }'
}
answer() {
    curl -sf "http://127.0.0.1:$port/"
}
