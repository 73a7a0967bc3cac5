# SPDX-License-Identifier: Apache-2.0
# memcached with two worker threads, by four connections of pipelined gets.

start() {
    need memcached
    preload "$1"
    "${before[@]}" memcached -u root -l 127.0.0.1 -p "$port" -t 2 &
    pid=$!
    await bash -c "echo version >/dev/tcp/127.0.0.1/$port"
}
load() {
    python3 - "$port" "$((3000 / ${1:-1}))" <<'LOAD'
import socket, sys, threading, time
def run(counts, i):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(b"set k 0 0 100\r\n" + b"x" * 100 + b"\r\n")
    s.recv(100)
    burst = b"get k\r\n" * 50
    end = began + int(sys.argv[2]) / 1000
    while time.time() < end:
        s.sendall(burst)
        need = 50 * 122
        while need > 0:
            part = s.recv(65536)
            if not part:
                return  # the server has ended
            need -= len(part)
        counts[i] += 50
counts = [0] * 4
began = time.time()
threads = [threading.Thread(target=run, args=(counts, i)) for i in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print(sum(counts) / (time.time() - began))
LOAD
}
answer() {
    exec 7<>"/dev/tcp/127.0.0.1/$port"
    printf 'set question 0 0 %d\r\n%s\r\nget question\r\nquit\r\n' "${#1}" "$1" >&7
    cat <&7
    exec 7>&-
}
