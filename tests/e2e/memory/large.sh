#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: large.sh BUSY SHIM
# No type of profile takes large pieces of memory from the program's malloc, where
# they would stay, and change what malloc maps for the program from then on.
set -euo pipefail
busy=$1 shim=$2
. "$(dirname "$0")/../../begin.sh"
cd "$work"
cat >conf <<'CONF'
pprof {
    profile block { rate 1us; }
    profile mutex { fraction 1; }
    profile trace { flight_recorder 5s 16m; cpu on; }
}
CONF
serve env "LD_PRELOAD=$shim" "LARGE_LOG=$work/log" "$busy" conf "unix:$work/socket"
[ "$line" = ready ] || fail "it is not ready: $line"
[ -e log ] || fail "nobody notes what malloc is asked for"

for kind in 'profile?seconds=1' 'wall?seconds=1' goroutine 'goroutine?debug=2' mutex \
    block threadcreate deadlock memory 'mutex?seconds=1' 'block?debug=1' status \
    'trace?seconds=1' 'trace?flight=1' 'trace?seconds=1'; do
    curl -s --max-time 60 --unix-socket socket -o answer -w '%{http_code}' \
        "http://localhost/debug/pprof/$kind" >code
    [ "$(cat code)" = 200 ] || fail "$kind: $(cat code) $(head -c 300 answer)"
    [ ! -s log ] || fail "$kind, by malloc: $(sort log | uniq -c | sort -rn)"
done
echo ok
