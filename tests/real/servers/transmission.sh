# SPDX-License-Identifier: Apache-2.0
# transmission-daemon, which has an evhttp of its own for its RPC, by ab.

start() {
    need transmission-daemon
    need ab
    mkdir -p "$work/transmission"
    preload "$1"
    "${before[@]}" transmission-daemon --foreground --no-auth --no-portmap \
        --no-dht --no-lpd --peerport "$((port > 40000 ? port - 7 : port + 7))" \
        --bind-address-ipv4 127.0.0.1 --rpc-bind-address 127.0.0.1 \
        --port "$port" --config-dir "$work/transmission" \
        --download-dir "$work/transmission" >"$work/log" 2>&1 &
    pid=$!
    await curl -s "http://127.0.0.1:$port/transmission/rpc"
}
load() {
    # 409 with the session's id is its answer to a request that has none.
    ab -q -n "$((120000 / ${1:-1}))" -c 8 "http://127.0.0.1:$port/transmission/rpc" 2>/dev/null |
        awk '/Requests per second/ { print $4 }'
}
answer() {
    curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/transmission/rpc"
}
