# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# A small network of its own for the tests of fetching: sourced by them after
# they have entered a network namespace. Ports are fixed because nobody else is
# in there. 10.77.0.1 is where servers are, 10.77.0.2 where proxies are; neither
# is loopback, which no proxy is used for.
# Needs: $bin, the folder of the helpers; $conf, the folder of our examples.
set -u
server=10.77.0.1
proxy=10.77.0.2
pids=
failed=0
work=$(mktemp -d)
chmod 755 "$work"

fail() {
    echo "FAIL: $*"
    failed=1
}

clean_up() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null
    done
    for pid in $pids; do
        wait "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap clean_up EXIT

# start ADDRESS PORT COMMAND...: in the background until clean_up.
start() {
    address=$1 port=$2
    shift 2
    "$@" >>"$work/daemons.log" 2>&1 &
    pids="$pids $!"
    "$bin/wait_port" "$address" "$port" || {
        echo "$1 does not listen on $address:$port:"
        cat "$work/daemons.log"
        exit 1
    }
}

open_network() {
    ip link set lo up
    ip addr add "$server/32" dev lo
    ip addr add "$proxy/32" dev lo
}

# certificate NAME SUBJECT EXTENSION START END: signed by the test's authority.
certificate() {
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$1.key" \
        -out "$1.csr" 2>/dev/null
    echo "$3" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial \
        -days "$4" -extfile "$1.ext" -out "$1.crt" 2>/dev/null
}

make_certificates() {
    cd "$work" || exit 2
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca \
        -keyout ca.key -out ca.crt 2>/dev/null
    certificate server "$server" "subjectAltName=IP:$server" 2
    certificate other other.example "subjectAltName=DNS:other.example" 2
    certificate expired "$server" "subjectAltName=IP:$server" 0
    certificate client client "extendedKeyUsage=clientAuth" 2
    chmod 644 ./*.key
}

# The example configuration of nginx, with this network's names in it.
start_nginx() {
    htpasswd -bBc "$work/pprof.htpasswd" me 'pa:ss@word' 2>/dev/null
    sed -e "s#/etc/nginx/pprof.htpasswd#$work/pprof.htpasswd#" \
        -e "s#/etc/nginx/clients-ca.crt#$work/ca.crt#" \
        -e "s#/etc/nginx/server#$work/server#" \
        -e "s#listen \\(84[0-9]*\\)#listen $server:\\1#" \
        "$conf/nginx-auth-proxy.conf" >"$work/nginx.conf"
    # Two servers more: certificates that nobody should accept.
    sed -i '$d' "$work/nginx.conf"
    for kind in other:8446 expired:8447; do
        cat >>"$work/nginx.conf" <<EOF
    server {
        listen $server:${kind#*:} ssl;
        ssl_certificate      $work/${kind%:*}.crt;
        ssl_certificate_key  $work/${kind%:*}.key;
        location / { proxy_pass http://127.0.0.1:6060; }
    }
EOF
    done
    echo "}" >>"$work/nginx.conf"
    start "$server" 8443 nginx -c "$work/nginx.conf" -p "$work" \
        -g "daemon off; pid $work/nginx.pid; error_log $work/nginx.log;"
}

# The example configuration of Squid, with this network's names in it.
start_squid() {
    printf 'me:%s\n' "$(openssl passwd -apr1 sesame)" >"$work/squid-basic"
    ha1=$(printf 'me:profiles:sesame' | openssl md5 | sed 's/.*= //')
    printf 'me:profiles:%s\n' "$ha1" >"$work/squid-digest"
    chmod 644 "$work"/squid-*
    sed -e "s#http_port 3128#http_port $proxy:3128#" \
        -e "s#/etc/squid/digest#$work/squid-digest#" \
        -e "s#/etc/squid/basic#$work/squid-basic#" \
        -e "s#^acl pprof_ports port#& 7070 8446 8447#" \
        "$conf/squid.conf" >"$work/squid.conf"
    cat >>"$work/squid.conf" <<EOF
cache_log stdio:$work/squid-cache.log
access_log none
pid_filename $work/squid.pid
cache_effective_user proxy
shutdown_lifetime 0 seconds
visible_hostname proxy.test
EOF
    touch "$work/squid-cache.log" && chmod 666 "$work/squid-cache.log"
    start "$proxy" 3128 squid -N -f "$work/squid.conf"
}
