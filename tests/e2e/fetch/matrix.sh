#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches through the real nginx, Squid and microsocks: kind of proxy x its
# authentication x the target's scheme x right, wrong and missing credentials;
# then answers that are no profile. No output may hold a secret.
# usage: matrix.sh EVPROF HELPERS CONF
. "$(dirname "$0")/world.sh"
open_network
make_certificates
start_servers
start_nginx
start_squid
start "$proxy" 1080 microsocks -i "$proxy" -p 1080 -u me -P sesame
start "$proxy" 1081 microsocks -i "$proxy" -p 1081
printf 'Authorization: Basic %s\n' "$(printf 'me:pa:ss@word' | openssl base64)" \
    >"$work/header"
plain="http://$server:7070/ok"
tls="https://me:pa%3Ass%40word@$server:8443/debug/pprof/goroutine"
saved='Saved profile in'

# No proxy: TLS and who we are.
fetch 0 "$saved" -tls_ca "$work/ca.crt" "$tls"
fetch 0 "$saved" "https+insecure://${tls#https://}"
fetch 0 "$saved" -tls_ca "$work/ca.crt" -header "@$work/header" \
    "https://$server:8443/debug/pprof/goroutine"
printf 'machine %s login me password pa:ss@word\n' "$server" >"$work/.netrc"
fetch 0 "$saved" -tls_ca "$work/ca.crt" -netrc \
    "https://$server:8443/debug/pprof/goroutine"
fetch 2 '401 Unauthorized' -tls_ca "$work/ca.crt" \
    "https://$server:8443/debug/pprof/goroutine"
fetch 2 '401 Unauthorized' -tls_ca "$work/ca.crt" \
    "https://me:wrongword@$server:8443/debug/pprof/goroutine"
fetch 2 'certificate' "$tls"
fetch 2 'does not match|no alternative certificate' -tls_ca "$work/ca.crt" \
    "https://$server:8446/debug/pprof/goroutine"
fetch 2 'does not speak TLS there; try http' \
    "https://$server:6060/debug/pprof/heap"
fetch 2 'expired' -tls_ca "$work/ca.crt" \
    "https://$server:8447/debug/pprof/goroutine"
fetch 2 '400 Bad Request' -tls_ca "$work/ca.crt" \
    "https://$server:8445/debug/pprof/goroutine"
fetch 0 "$saved" -tls_ca "$work/ca.crt" -tls_cert "$work/client.crt" \
    -tls_key "$work/client.key" "https://$server:8445/debug/pprof/goroutine"
fetch 2 'tls_cert and -tls_key must be given together' \
    -tls_cert "$work/client.crt" "https://$server:8445/debug/pprof/goroutine"

# Proxies: kind x authentication x target x credentials.
for target in plain tls; do
    case $target in
    plain) url=$plain ;;
    tls) url=$tls ;;
    esac
    for kind in any basic digest; do
        fetch 0 "$saved" -tls_ca "$work/ca.crt" -proxy "http://$proxy:3128" \
            -proxy_auth "$kind" -proxy_user "@$work/right" "$url"
        fetch 2 '407' -tls_ca "$work/ca.crt" -proxy "http://$proxy:3128" \
            -proxy_auth "$kind" -proxy_user "@$work/wrong" "$url"
    done
    fetch 2 '407' -tls_ca "$work/ca.crt" -proxy "http://$proxy:3128" "$url"
    fetch 0 "$saved" -tls_ca "$work/ca.crt" \
        -proxy "http://me:sesame@$proxy:3128" "$url"
    for kind in socks5 socks5h; do
        fetch 0 "$saved" -tls_ca "$work/ca.crt" -proxy "$kind://$proxy:1081" \
            "$url"
        fetch 0 "$saved" -tls_ca "$work/ca.crt" \
            -proxy "$kind://me:sesame@$proxy:1080" "$url"
        fetch 2 'the proxy refuses' -tls_ca "$work/ca.crt" \
            -proxy "$kind://me:guess@$proxy:1080" "$url"
        fetch 2 'the proxy refuses' -tls_ca "$work/ca.crt" \
            -proxy "$kind://$proxy:1080" "$url"
    done
done
EVPROF_PROXY_PASSWORD=sesame fetch 0 "$saved" -proxy "http://$proxy:3128" \
    -proxy_user me "$plain"

# The environment, by Go's rules.
HTTP_PROXY="http://me:sesame@$proxy:3128" fetch 0 "$saved" "$plain"
http_proxy="http://$proxy:3128" fetch 2 '407' "$plain"
HTTP_PROXY="http://$proxy:3128" NO_PROXY="$server" fetch 0 "$saved" "$plain"
ALL_PROXY="http://$proxy:3128" fetch 2 '407' "$plain"
HTTP_PROXY="socks5://me:sesame@$proxy:1080" fetch 0 "$saved" "$plain"
HTTP_PROXY="socks5://me:sesame@$proxy:1080" fetch 2 \
    'SOCKS5 connection to any.test' http://any.test/
fetch 2 'no host is called|Could not resolve' \
    -proxy "socks5://me:sesame@$proxy:1080" http://any.test/
HTTP_PROXY="http://$proxy:1" fetch 0 "$saved" \
    -header 'X-Real-IP: 127.0.0.1' \
    http://127.0.0.1:6060/debug/pprof/goroutine

# The names that Go's tool uses, through the same proxies, with the real tool.
if command -v go >/dev/null; then
    for through in "https+insecure://${tls#https://}" \
        "http://$server:6060/debug/pprof/goroutine"; do
        HTTP_PROXY="http://me:sesame@$proxy:3128" \
            HTTPS_PROXY="http://me:sesame@$proxy:3128" \
            HOME="$users_home" go tool pprof -raw "$through" >"$work/out" 2>&1 ||
            fail "go tool pprof through the gateway: $(cat "$work/out")"
        grep -q '^Samples:' "$work/out" ||
            fail "go tool pprof read no profile through the gateway"
    done
fi

# Answers that are no profile.
fetch 2 'this is a login page, not a profile' "http://$server:7070/login"
fetch 2 'the server answered 500 Internal Server Error - no profile today' \
    "http://$server:7070/error"
fetch 2 'the server answered 404 Not Found' "http://$server:7070/nothing"
fetch 2 'broke off' "http://$server:7070/truncated"
fetch 0 "$saved" "http://$server:7070/redirect/$server:7070/ok"
fetch 2 'it redirects more than 10 times' \
    "http://$server:7070/redirect/$server:7070/redirect/$server:7070/redirect/$server:7070/redirect/$server:7070/redirect/$server:7070/redirect/$server:7070/redirect/$server:7070/redirect/$server:7070/redirect/$server:7070/redirect/$server:7070/redirect/$server:7070/ok"

# Where it is kept, and under which name.
: >"$work/a-file"
PPROF_TMPDIR="$work/a-file" "$evprof" -comments "$plain" >"$work/out" 2>&1 ||
    fail "no profile without its folder: $(cat "$work/out")"
grep -qF "$work/a-file cannot hold saved profiles: making $work/a-file: not a dir" \
    "$work/out" || fail "a file for a folder: $(cat "$work/out")"
grep -q "^Saved profile in $work/pprof/pprof\..*\.001\.pb\.gz$" "$work/out" ||
    fail "not kept in the home: $(cat "$work/out")"
PPROF_TMPDIR="$work/x/../y//z/" "$evprof" -comments "$plain" "$plain" \
    >"$work/out" 2>&1
grep -q "^Saved profile in $work/y/z/pprof\." "$work/out" ||
    fail "the folder's name is not tidied: $(cat "$work/out")"

# Credentials stay with the origin that they were given for.
: >"$work/other.log"
fetch 0 "$saved" -header 'X-Secret: pa:ss@word' \
    "http://me:sesame@$server:7070/redirect/$server:7071/ok"
grep -q '^/redirect.* authorization x-secret' "$work/odd.log" ||
    fail "the first origin got no credentials: $(cat "$work/odd.log")"
grep -q '^/ok$' "$work/other.log" ||
    fail "another origin got credentials: $(cat "$work/other.log")"

# Many sources; those that fail are counted, the others merged.
fetch 0 '2 of 3 profiles could be read' "$plain" "$plain" \
    "http://$server:7070/nothing"
fetch 0 "$saved" -base "$plain" -base "$plain" "$plain" "$plain" "$plain"
fetch 0 "$saved" -diff_base "$plain" -diff_base "$work/profile" "$plain"
fetch 2 'there is no base to compare with' -base "http://$server:7070/nothing" \
    "$plain"
printf '%s label:env=test header=@%s\n' "$plain" "$work/header" >"$work/sources"
fetch 0 "$saved" -sources "$work/sources"
"$evprof" -tags -sources "$work/sources" 2>/dev/null | grep -q 'env:' ||
    fail "a label of the sources file is not in the profile"

check_secrets sesame guess wrongword 'pa:ss@word' 'pa%3Ass' \
    "$(cut -d' ' -f3 "$work/header")"
[ "$failed" -eq 0 ] && echo ok
exit $failed
