#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches through the real nginx, Squid and microsocks: proxy kind x its
# authentication x the target's scheme x right, wrong and missing credentials.
# usage: matrix.sh EVPROF HELPERS CONF
if [ "${EVPROF_IN_NAMESPACE-}" != 1 ]; then
    EVPROF_IN_NAMESPACE=1 exec unshare --net --map-root-user sh "$0" "$@"
fi
evprof=$1 bin=$2 conf=$3
. "$(dirname "$0")/world.sh"
open_network
make_certificates
export HOME="$work" PPROF_TMPDIR="$work/saved"
unset HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy no_proxy

cat >"$work/evprof.conf" <<EOF
pprof {
    trusted_proxy 127.0.0.1;
    real_ip_header X-Real-IP;
    allow 10.77.0.0/16; allow 127.0.0.1; deny all;
}
EOF
start 127.0.0.1 6060 "$bin/fetch_server" "$work/evprof.conf" 127.0.0.1 6060
start_nginx
start_squid
start "$proxy" 1080 microsocks -i "$proxy" -p 1080 -u me -P sesame
start "$proxy" 1081 microsocks -i "$proxy" -p 1081
start "$server" 7070 "$bin/odd_server" "$server" 7070 "$work/odd.log" \
    "$work/../$(basename "$work")/profile" 2>/dev/null || true
exit $failed
