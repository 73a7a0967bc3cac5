#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proxies that are reached or convinced in other ways: TLS to the proxy, NTLM,
# Kerberos, tinyproxy; and the question for symbols, which takes the same way as
# the profile did. usage: proxies.sh EVPROF HELPERS CONF
. "$(dirname "$0")/world.sh"
open_network
make_certificates
start_servers
start_nginx
start_squid
start_ntlm_squid
start_tinyproxy
plain="http://$server:7070/ok"
page="https://$server:8443/debug/pprof/goroutine"
printf 'Authorization: Basic %s\n' "$(printf 'me:pa:ss@word' | openssl base64)" \
    >"$work/header"
saved='Saved profile in'

# ways STATUS PATTERN ARGS...: a plain target, and one behind TLS and nginx.
ways() {
    want_both=$1 pattern_both=$2
    shift 2
    fetch "$want_both" "$pattern_both" "$@" "$plain"
    fetch "$want_both" "$pattern_both" -tls_ca "$work/ca.crt" \
        -header "@$work/header" "$@" "$page"
}

# TLS to the proxy: its certificate is judged by an authority of its own.
over="https://$proxy:3129"
ways 0 "$saved" -proxy "$over" -proxy_tls_ca "$work/ca.crt" \
    -proxy_user "@$work/right"
ways 2 '407' -proxy "$over" -proxy_tls_ca "$work/ca.crt" \
    -proxy_user "@$work/wrong"
ways 2 '407' -proxy "$over" -proxy_tls_ca "$work/ca.crt"
ways 2 'certificate' -proxy "$over" -proxy_user "@$work/right"
ways 2 'certificate' -proxy "$over" -proxy_tls_ca "$work/client.crt" \
    -proxy_user "@$work/right"
HTTP_PROXY="https://me:sesame@$proxy:3129" fetch 0 "$saved" \
    -proxy_tls_ca "$work/ca.crt" "$plain"

# NTLM: the proxy checks the answer to its challenge.
for kind in ntlm any; do
    ways 0 "$saved" -proxy "http://$proxy:3130" -proxy_auth "$kind" \
        -proxy_user "@$work/right"
    ways 2 '407' -proxy "http://$proxy:3130" -proxy_auth "$kind" \
        -proxy_user "@$work/wrong"
done
ways 2 '407' -proxy "http://$proxy:3130" -proxy_auth ntlm
ways 2 '407' -proxy "http://$proxy:3130" -proxy_auth basic \
    -proxy_user "@$work/right"
fetch 2 '-proxy_auth must be any, basic, digest, ntlm or negotiate' \
    -proxy "http://$proxy:3130" -proxy_auth kerberos "$plain"

# tinyproxy says 401 where 407 is meant.
ways 0 "$saved" -proxy "http://me:sesame@$proxy:8888"
ways 0 "$saved" -proxy "http://$proxy:8888" -proxy_auth basic \
    -proxy_user "@$work/right"
ways 2 '40[17]' -proxy "http://$proxy:8888" -proxy_user "@$work/wrong"
ways 2 '40[17]' -proxy "http://$proxy:8888"

# Kerberos: a ticket is all that is needed, and nothing helps without.
if command -v krb5kdc >/dev/null && command -v kinit >/dev/null; then
    start_kerberos
    start_negotiate_squid
    through="-proxy http://$proxy:3131 -proxy_auth negotiate"
    export KRB5CCNAME="FILE:$work/ticket"
    # shellcheck disable=SC2086 # two flags
    ways 2 '407' $through
    echo sesame | kinit me >/dev/null || fail "no ticket"
    # shellcheck disable=SC2086
    ways 0 "$saved" $through
else
    echo "skipped: no Kerberos, neither krb5-kdc nor krb5-user is installed"
fi

# Beyond here nginx and Squid write down who got which headers.
cat >"$work/nameless.conf" <<EOF
pprof { symbolize off; allow all; }
EOF
start 127.0.0.1 6061 "$bin/fetch_server" "$work/nameless.conf" 127.0.0.1 6061
cat >"$work/nginx-seen.conf" <<EOF
events { }
http {
    log_format seen '\$request \$status secret=\$http_x_secret '
                    'proxy=\$http_proxy_authorization\$http_x_proxy';
    access_log $work/access.log seen;
    server {
        listen $server:8450 ssl;
        ssl_certificate $work/server.crt;
        ssl_certificate_key $work/server.key;
        auth_basic profiles;
        auth_basic_user_file $work/pprof.htpasswd;
        location / { proxy_pass http://127.0.0.1:6061; }
    }
}
EOF
start "$server" 8450 nginx -c "$work/nginx-seen.conf" -p "$work" \
    -g "daemon off; pid $work/nginx-seen.pid; error_log $work/nginx.log;"
from="https://me:pa%3Ass%40word@$server:8450/debug/pprof/goroutine"
: >"$work/access.log"
: >"$work/squid-access.log"
fetch 0 "$saved" -symbolize=none -tls_ca "$work/ca.crt" \
    -proxy "http://me:sesame@$proxy:3128" -header 'X-Secret: the-targets' \
    -proxy_header 'X-Proxy: the-proxys' "$from"
until_true "the target got other headers" grep -q \
    '^GET /debug/pprof/goroutine .* 200 secret=the-targets proxy=-*$' \
    "$work/access.log"
until_true "the proxy got other headers" grep -q \
    "^CONNECT $server:8450 secret=- authorization=-$" "$work/squid-access.log"

# A server that names nothing is asked for names, as it was for the profile:
# through Squid, nginx and their passwords.
through="-tls_ca $work/ca.crt -proxy http://me:sesame@$proxy:3128"
# shellcheck disable=SC2086 # flags
"$evprof" -traces -symbolize=none $through "$from" >"$work/out" 2>&1 ||
    fail "no profile: $(cat "$work/out")"
grep -qw main "$work/out" && fail "the profile has names from the start"
# shellcheck disable=SC2086
"$evprof" -traces -symbolize=remote $through "$from" >"$work/out" 2>&1 ||
    fail "symbols: $(cat "$work/out")"
grep -qw main "$work/out" ||
    fail "no names through the gateway: $(cat "$work/out" "$work/access.log")"
until_true "nginx saw no question for symbols" grep -q \
    '^POST /debug/pprof/symbol HTTP/1.[01] 200' "$work/access.log"
cat "$work/out" >>"$work/all"

# Without an answer the profile is shown as it came.
cat >"$work/mute.conf" <<EOF
pprof { symbolize off; allow all; profile symbol off; }
EOF
start 127.0.0.1 6062 "$bin/fetch_server" "$work/mute.conf" 127.0.0.1 6062
fetch 0 'symbols from http://127.0.0.1:6062/debug/pprof/symbol: .* 404 Not Found' \
    -symbolize=remote http://127.0.0.1:6062/debug/pprof/goroutine

check_secrets sesame guess 'pa:ss@word' 'pa%3Ass' the-targets the-proxys
[ "$failed" -eq 0 ] && echo ok
exit $failed
