#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The examples in conf/ that are ready to copy: each is read by its own program
# where Debian has it, and used; and the server's rules judge the address that a
# trusted proxy names, and no other's. usage: gateways.sh EVPROF HELPERS CONF
. "$(dirname "$0")/world.sh"
open_network
make_certificates
start_servers
start_nginx
start_squid
saved='Saved profile in'
leaf=debug/pprof/goroutine

# Their own programs have nothing to complain of.
nginx -t -q -c "$work/nginx.conf" -p "$work" \
    -g "pid $work/t.pid; error_log $work/nginx.log;" 2>"$work/out" ||
    fail "nginx -t: $(cat "$work/out")"
squid -k parse -f "$work/squid.conf" >"$work/out" 2>&1 ||
    fail "squid -k parse: $(cat "$work/out")"
grep -E 'ERROR|WARNING|FATAL' "$work/out" && fail "squid complains"
if command -v promtool >/dev/null; then
    promtool check config "$conf/prometheus.yml" >"$work/out" 2>&1 ||
        fail "promtool: $(cat "$work/out")"
    printf '%s\n' 'scrape_configs:' '  - job_name: files' \
        '    file_sd_configs:' "      - files: [\"$conf/targets.json\"]" \
        >"$work/files.yml"
    promtool check config "$work/files.yml" >"$work/out" 2>&1 ||
        fail "targets.json: $(cat "$work/out")"
else
    echo "skipped: no promtool, Debian has it in prometheus"
fi

# What the scrapers are told to ask for is there, as they want it: status 200,
# octets, gzip. One profile of each is enough of a wait.
paths=$(sed -n 's/^ *path *[:=] *"\{0,1\}\([^"]*\).*/\1/p' \
    "$conf/alloy.river" "$conf/parca.yaml" | sort -u)
mkdir "$work/scraped"
asked=0
for path in $paths; do
    asked=$((asked + 1))
    curl -s -o "$work/scraped/${path##*/}" -w '%{http_code} %{content_type}' \
        -H 'X-Real-IP: 127.0.0.1' "http://127.0.0.1:6060$path?seconds=1" \
        >"$work/scraped/${path##*/}.type" &
    scrapes="${scrapes-} $!"
done
# shellcheck disable=SC2086 # a list
wait ${scrapes-}
for path in $paths; do
    file="$work/scraped/${path##*/}"
    [ "$(cat "$file.type")" = "200 application/octet-stream" ] ||
        fail "$path: $(cat "$file.type" "$file")"
    gzip -t <"$file" || fail "$path is not compressed"
    "$evprof" -raw "$file" >/dev/null 2>&1 || fail "$path: no profile"
done
[ "$asked" -eq 6 ] || fail "the scrapers ask for $asked paths, not 6"
# Neither program is in Debian: at least what was opened is closed, and YAML has
# no tabs and indents by twos.
for pair in '{ }' '[ ]'; do
    for file in alloy.river kubernetes.river; do
        [ "$(tr -cd "${pair% *}" <"$conf/$file" | wc -c)" -eq \
            "$(tr -cd "${pair#* }" <"$conf/$file" | wc -c)" ] ||
            fail "$file does not close a ${pair% *}"
    done
done
for file in parca.yaml prometheus.yml collector.yaml; do
    grep -nE '^(  )* [^ ]|	' "$conf/$file" && fail "$file: odd indentation"
done
address=$(sed -n 's/.*targets: *\["http:\/\/\([^"]*\)"\].*/\1/p' \
    "$conf/prometheus.yml")
code=$(curl -s -o /dev/null -w '%{http_code}' -H 'X-Real-IP: 127.0.0.1' \
    "http://$address")
[ "$code" = 200 ] || fail "what prometheus.yml watches answers $code: $address"

# Another service decides: it sees the request's bearer token or its cookies.
cat >"$work/decider.conf" <<EOF
events { }
http {
    access_log off;
    map \$http_authorization\$http_cookie \$known {
        "Bearer open-sesame" yes;
        "session=open-sesame" yes;
    }
    server {
        listen 127.0.0.1:9091;
        location / {
            if (\$known) { return 204; }
            return 401;
        }
    }
}
EOF
start 127.0.0.1 9091 nginx -c "$work/decider.conf" -p "$work" \
    -g "daemon off; pid $work/decider.pid; error_log $work/nginx.log;"
echo open-sesame >"$work/token"
echo wrong-sesame >"$work/other-token"
printf '%s\tFALSE\t/\tTRUE\t0\tsession\topen-sesame\n' "$server" \
    >"$work/cookies"
printf 'elsewhere.test\tFALSE\t/\tTRUE\t0\tsession\topen-sesame\n' \
    >"$work/other-cookies"
page="https://$server:8444/$leaf"
fetch 0 "$saved" -tls_ca "$work/ca.crt" -bearer_token_file "$work/token" "$page"
fetch 2 '401 Unauthorized' -tls_ca "$work/ca.crt" \
    -bearer_token_file "$work/other-token" "$page"
fetch 2 '401 Unauthorized' -tls_ca "$work/ca.crt" "$page"
fetch 2 'cannot read .*/no-token' -tls_ca "$work/ca.crt" \
    -bearer_token_file "$work/no-token" "$page"
fetch 0 "$saved" -tls_ca "$work/ca.crt" -cookie_file "$work/cookies" "$page"
fetch 2 '401 Unauthorized' -tls_ca "$work/ca.crt" \
    -cookie_file "$work/other-cookies" "$page"

# Each source with credentials of its own, through the gateways that ask for
# them.
printf 'Authorization: Basic %s\n' "$(printf 'me:pa:ss@word' | openssl base64)" \
    >"$work/header"
cat >"$work/sources" <<EOF
https://$server:8443/$leaf label:by=name header=@$work/header
https://$server:8444/$leaf label:by=token bearer=$work/token
https://$server:8445/$leaf label:by=certificate cert=$work/client.crt key=$work/client.key
EOF
fetch 0 "$saved" -tls_ca "$work/ca.crt" -sources "$work/sources"
"$evprof" -tags -tls_ca "$work/ca.crt" -sources "$work/sources" \
    >"$work/out" 2>&1
for by in name token certificate; do
    grep -q "): $by\$" "$work/out" || fail "no source by $by: $(cat "$work/out")"
done
echo 'https://h/ password=open-sesame' >"$work/bad-sources"
fetch 2 'bad-sources:1: "password" is none of' -sources "$work/bad-sources"

# A unix socket, named in the address and by a flag.
cat >"$work/socket.conf" <<EOF
events { }
http {
    server {
        listen unix:$work/gate.sock;
        location / {
            proxy_pass http://127.0.0.1:6060;
            proxy_set_header X-Real-IP 10.77.0.9;
        }
    }
}
EOF
nginx -c "$work/socket.conf" -p "$work" \
    -g "daemon off; pid $work/socket.pid; error_log $work/nginx.log;" &
pids="$pids $!"
timeout 30 sh -c "until [ -S '$work/gate.sock' ]; do :; done"
encoded=$(printf '%s' "$work/gate.sock" | sed 's#/#%2F#g')
fetch 0 "$saved" "http+unix://$encoded/$leaf"
fetch 0 "$saved" -unix_socket "$work/gate.sock" "http://any.test/$leaf"
fetch 2 'no.sock: no such file' -unix_socket "$work/no.sock" "http://any.test/$leaf"

# The rules see the address that nginx saw: ours is allowed, one that nginx does
# not come from is not believed, and a claim of the client's own never is.
cat >"$work/rules.conf" <<EOF
pprof {
    trusted_proxy 127.0.0.1;
    real_ip_header X-Real-IP;
    allow $server; deny all;
}
EOF
start 127.0.0.1 6063 "$bin/fetch_server" "$work/rules.conf" 127.0.0.1 6063
start "$proxy" 6063 "$bin/fetch_server" "$work/rules.conf" "$proxy" 6063
sed -e 's#127.0.0.1:6060#127.0.0.1:6063#' -e "s#$server:84#$server:94#" \
    "$work/nginx.conf" >"$work/rules-nginx.conf"
start "$server" 9443 nginx -c "$work/rules-nginx.conf" -p "$work" \
    -g "daemon off; pid $work/rules.pid; error_log $work/nginx.log;"
ask() {
    curl -s -o /dev/null -w '%{http_code}' --cacert "$work/ca.crt" \
        -u me:pa:ss@word "$@"
}
[ "$(ask --interface "$server" "https://$server:9443/$leaf")" = 200 ] ||
    fail "an allowed address behind nginx is refused"
[ "$(ask --interface "$proxy" "https://$server:9443/$leaf")" = 403 ] ||
    fail "an address behind nginx that is not allowed comes in"
[ "$(ask --interface "$proxy" -H "X-Real-IP: $server" \
    "https://$server:9443/$leaf")" = 403 ] ||
    fail "a client talks nginx into another address"
[ "$(ask --interface "$proxy" -H "X-Real-IP: $server" \
    "http://$proxy:6063/$leaf")" = 403 ] ||
    fail "a peer that is no trusted proxy is believed"

check_secrets open-sesame 'pa:ss@word' "$(cut -d' ' -f3 "$work/header")"
[ "$failed" -eq 0 ] && echo ok
exit $failed
