# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# A small network of its own for the tests of fetching, which source it first:
# it runs them again in a network namespace, or skips them where that needs
# rights that they do not have. Ports are fixed because nobody else is
# in there. 10.77.0.1 is where servers are, 10.77.0.2 where proxies are; neither
# is loopback, which no proxy is used for.
if [ "${EVPROF_IN_NAMESPACE-}" != 1 ]; then
    if ! unshare --net true 2>/dev/null; then
        echo "skipped: a network namespace needs root"
        exit 77
    fi
    EVPROF_IN_NAMESPACE=1 exec unshare --net sh "$0" "$@"
fi
set -u
evprof=$1 bin=$2 conf=$3
here=$(cd "$(dirname "$0")" && pwd)
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

# fetch EXPECTED_STATUS PATTERN ARGS...: the pattern must be in what is said, in
# one line when it failed, and something must be saved when it did not. All that
# is said is kept, for check_secrets.
fetch() {
    want=$1 pattern=$2
    shift 2
    rm -rf "$work/saved"
    timeout 60 "$evprof" -comments "$@" >"$work/out" 2>&1 </dev/null
    got=$?
    cat "$work/out" >>"$work/all"
    if [ "$got" -ne "$want" ]; then
        fail "$* exited $got, not $want:"
        cat "$work/out"
    elif ! grep -qE -- "$pattern" "$work/out"; then
        fail "$*: no /$pattern/ in:"
        cat "$work/out"
    elif [ "$want" -ne 0 ] && [ -e "$work/saved" ]; then
        fail "$* failed and saved something"
    elif [ "$want" -eq 0 ] && ! ls "$work"/saved/*.pb.gz >/dev/null 2>&1; then
        fail "$* saved nothing"
    fi
}

# until_true WHAT COMMAND...: looks again and again for at most half a minute;
# what a terminal shows and what daemons log comes when it comes.
until_true() {
    what=$1
    shift
    timeout 30 sh -c 'until "$@"; do :; done' sh "$@" ||
        fail "$what, not true within half a minute: $*"
}

# check_secrets SECRET...: nothing that was said or saved holds one.
check_secrets() {
    for secret in "$@"; do
        if grep -qF -- "$secret" "$work/all" ||
            { [ -e "$work/saved" ] &&
                find "$work/saved" | grep -qF -- "$secret"; }; then
            fail "the output holds the secret $secret"
        fi
    done
}

open_network() {
    ip link set lo up
    ip addr add "$server/32" dev lo
    ip addr add "$proxy/32" dev lo
    users_home=$HOME
    export HOME="$work" PPROF_TMPDIR="$work/saved"
    unset HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
    unset http_proxy https_proxy all_proxy no_proxy
    printf 'me:sesame\n' >"$work/right"
    printf 'me:guess\n' >"$work/wrong"
    : >"$work/all"
}

# The example server twice, on loopback for nginx to stand before and on its own
# address; a profile of it in $work/profile, and two odd servers that send it.
start_servers() {
    cat >"$work/evprof.conf" <<EOF
pprof {
    trusted_proxy 127.0.0.1;
    real_ip_header X-Real-IP;
    allow 10.77.0.0/16; allow 127.0.0.1; deny all;
}
EOF
    export MALLOC_CONF=prof:true,prof_active:false,prof_accum:true
    start 127.0.0.1 6060 "$bin/fetch_server" "$work/evprof.conf" 127.0.0.1 6060
    start "$server" 6060 "$bin/fetch_server" "$work/evprof.conf" "$server" 6060
    # A trusted proxy has to name the peer, also when it is this machine itself.
    "$evprof" -proto -output "$work/profile" -header 'X-Real-IP: 127.0.0.1' \
        http://127.0.0.1:6060/debug/pprof/goroutine >/dev/null 2>"$work/err" || {
        cat "$work/err"
        exit 1
    }
    start "$server" 7070 "$bin/odd_server" "$server" 7070 "$work/odd.log" \
        "$work/profile"
    start "$server" 7071 "$bin/odd_server" "$server" 7071 "$work/other.log" \
        "$work/profile"
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
    certificate proxy "$proxy" "subjectAltName=IP:$proxy" 2
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

# squid_world NAME: what an instance needs beside its own configuration.
squid_world() {
    cat >>"$work/$1.conf" <<EOF
cache_log stdio:$work/$1-cache.log
logformat seen %rm %ru secret=%{X-Secret}>h authorization=%{Authorization}>h
access_log stdio:$work/$1-access.log seen
pid_filename $work/$1.pid
cache_effective_user proxy
shutdown_lifetime 0 seconds
visible_hostname proxy.test
EOF
    touch "$work/$1-cache.log" "$work/$1-access.log"
    chmod 666 "$work/$1-cache.log" "$work/$1-access.log"
}

# The example configuration of Squid, with this network's names in it.
start_squid() {
    printf 'me:%s\n' "$(openssl passwd -apr1 sesame)" >"$work/squid-basic"
    ha1=$(printf 'me:profiles:sesame' | openssl md5 | sed 's/.*= //')
    printf 'me:profiles:%s\n' "$ha1" >"$work/squid-digest"
    chmod 644 "$work"/squid-*
    sed -e "s#http_port 3128#http_port $proxy:3128#" \
        -e "s#^\# https_port 3129#https_port $proxy:3129#" \
        -e "s#/etc/squid/digest#$work/squid-digest#" \
        -e "s#/etc/squid/basic#$work/squid-basic#" \
        -e "s#/etc/squid/proxy#$work/proxy#g" \
        -e "s#^acl pprof_ports port#& 7070 8446 8447 8450#" \
        "$conf/squid.conf" >"$work/squid.conf"
    squid_world squid
    start "$proxy" 3128 squid -N -f "$work/squid.conf"
}

# A Squid that asks for NTLM and nothing else.
start_ntlm_squid() {
    cp "$here/ntlm_check.sh" "$work/ntlm_check.sh"
    cat >"$work/ntlm.conf" <<EOF
http_port $proxy:3130
auth_param ntlm program /bin/sh $work/ntlm_check.sh me sesame
auth_param ntlm children 4 startup=1
auth_param ntlm keep_alive on
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
cache deny all
EOF
    squid_world ntlm
    start "$proxy" 3130 squid -n ntlm -N -f "$work/ntlm.conf"
}

# tinyproxy knows Basic only.
start_tinyproxy() {
    cat >"$work/tinyproxy.conf" <<EOF
Listen $proxy
Port 8888
BasicAuth me sesame
ConnectPort 8443
LogFile "$work/tinyproxy.log"
LogLevel Error
EOF
    start "$proxy" 8888 tinyproxy -d -c "$work/tinyproxy.conf"
}

# A realm of its own, with a ticket for "me" and a key for the proxy.
start_kerberos() {
    mkdir "$work/kdc"
    cat >"$work/krb5.conf" <<EOF
[libdefaults]
    default_realm = PROFILES.TEST
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
[realms]
    PROFILES.TEST = {
        kdc = $proxy:88
    }
[dbmodules]
    PROFILES.TEST = {
        db_library = db2
        database_name = $work/kdc/principal
    }
EOF
    cat >"$work/kdc.conf" <<EOF
[kdcdefaults]
    kdc_listen = $proxy:88
    kdc_tcp_listen = $proxy:88
[realms]
    PROFILES.TEST = {
        key_stash_file = $work/kdc/stash
    }
EOF
    export KRB5_CONFIG="$work/krb5.conf" KRB5_KDC_PROFILE="$work/kdc.conf"
    kdb5_util create -s -r PROFILES.TEST -P master >/dev/null 2>&1
    kadmin.local -q "addprinc -pw sesame me" >/dev/null 2>&1
    kadmin.local -q "addprinc -randkey HTTP/$proxy" >/dev/null 2>&1
    kadmin.local -q "ktadd -k $work/proxy.keytab HTTP/$proxy" >/dev/null 2>&1
    chmod 644 "$work/proxy.keytab" "$work/krb5.conf"
    start "$proxy" 88 krb5kdc -n -P "$work/kdc/pid"
}

# A Squid that asks for a Kerberos ticket and nothing else.
start_negotiate_squid() {
    cat >"$work/negotiate.conf" <<EOF
http_port $proxy:3131
auth_param negotiate program /usr/lib/squid/negotiate_kerberos_auth -k $work/proxy.keytab -s HTTP/$proxy@PROFILES.TEST
auth_param negotiate children 2 startup=1
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
cache deny all
EOF
    squid_world negotiate
    start "$proxy" 3131 squid -n negotiate -N -f "$work/negotiate.conf"
}
