#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What happens while a profile is waited for: live lines and a prompt on a real
# terminal, ^C, retries, bodies that never end or grow beyond measure, and what
# other users of the machine can see meanwhile.
# usage: waits.sh EVPROF HELPERS CONF
. "$(dirname "$0")/world.sh"
open_network
start_servers
odd="http://$server:7070"
saved='Saved profile in'

# on_terminal COMMAND: on a terminal of its own; its input is descriptor 3, what
# it shows goes to $work/out.
on_terminal() {
    rm -f "$work/keys" "$work/out"
    mkfifo "$work/keys"
    TERM=xterm script -qefc "$1" "$work/out" <"$work/keys" >/dev/null 2>&1 &
    terminal=$!
    exec 3>"$work/keys"
    until_true "no terminal" test -s "$work/out"
}

# Too slow for the patience that -timeout names; looked at in the end.
for kind in dripping silent; do
    "$evprof" -comments -timeout 1 "$odd/$kind" >"$work/$kind.out" 2>&1 &
    eval "$kind=$!"
done

# A line for each source: the countdown, or what has come. ^C keeps the profile
# that was there already.
on_terminal "$evprof -comments '$odd/silent?seconds=30' $odd/dripping $odd/ok"
until_true "no countdown" grep -q "$server: [0-9]* s of 30 s to go" "$work/out"
until_true "no bytes" grep -q "$server: 1 kB received" "$work/out"
printf '\003' >&3
wait "$terminal" || fail "^C did not keep what had come: $(cat "$work/out")"
exec 3>&-
grep -q '1 of 3 profiles could be read' "$work/out" ||
    fail "^C on a terminal: $(cat "$work/out")"
grep -q "$saved" "$work/out" || fail "^C saved nothing: $(cat "$work/out")"

# With nothing there ^C is a failure like any other.
on_terminal "$evprof -comments '$odd/silent?seconds=30'"
until_true "no countdown" grep -q 's to go' "$work/out"
printf '\003' >&3
wait "$terminal"
[ $? -eq 2 ] || fail "^C with nothing there did not exit with 2"
exec 3>&-
grep -q 'there is no profile to show' "$work/out" ||
    fail "^C with nothing there: $(cat "$work/out")"

# A password that is typed is not shown. (The proxy is not one that asks: the
# prompt comes first.)
on_terminal "$evprof -comments -proxy $odd -proxy_user me http://any.test/ok"
until_true "no prompt" grep -q 'proxy password of me:' "$work/out"
printf 'sesame\n' >&3
wait "$terminal" || fail "a typed password: $(cat "$work/out")"
exec 3>&-
grep -q sesame "$work/out" && fail "a typed password was shown"
fetch 2 'a password is needed and there is no terminal' -proxy "$odd" \
    -proxy_user me http://any.test/ok

# While it waits, the list of processes shows no secret, and neither a core dump
# nor a debugger of another user gets at one.
: >"$work/odd.log"
"$evprof" -comments -header 'X-Secret: sesame' -proxy_user me:sesame \
    "http://me:sesame@$server:7070/silent" "$odd/ok" >"$work/out" 2>&1 &
waiting=$!
until_true "no request" grep -q /silent "$work/odd.log"
until_true "no request" grep -q /ok "$work/odd.log"
tr '\0' ' ' <"/proc/$waiting/cmdline" >>"$work/all"
grep -q 'Max core file size *0 *0 ' "/proc/$waiting/limits" ||
    fail "a core dump would hold secrets: $(cat "/proc/$waiting/limits")"
timeout 30 sh -c "until ! kill -INT $waiting 2>/dev/null; do :; done" &
wait "$waiting" || fail "^C did not keep the profile that had arrived"
grep -q 'silent: interrupted' "$work/out" || fail "^C: $(cat "$work/out")"
cat "$work/out" >>"$work/all"
wait "$!"

# What failed before it began is tried again; what may have begun is not.
fetch 2 '503 Service Unavailable' "$odd/flaky"
fetch 0 "$saved" -retry 3 "$odd/flaky"
: >"$work/odd.log"
fetch 2 '503 Service Unavailable' -retry 3 "$odd/late?seconds=1"
[ "$(grep -c /late "$work/odd.log")" -eq 1 ] ||
    fail "a begun profile was asked for again: $(cat "$work/odd.log")"
fetch 2 'connection refused' -retry 1 "http://$server:1/nobody"

# Endless, and small only while it is compressed.
fetch 2 'larger than -max_bytes allows' -max_bytes 100000 "$odd/endless"
head -c 300000000 /dev/zero | gzip -9 >"$work/bomb"
fetch_bounded() {
    (
        ulimit -v 600000
        fetch "$@"
        exit "$failed"
    ) || failed=1
}
fetch_bounded 2 'no profile or too large' "$odd/files/bomb"
fetch_bounded 2 'larger than -max_bytes allows' "$odd/encoded/bomb"
fetch 0 "$saved" "$odd/files/profile"

# 200 sources, and never more than so many connections: those before may still be
# closing, so that the server's count is fuzzy at its edge.
many=$(i=0 && while [ $((i += 1)) -le 200 ]; do echo "http://$server:7071/soon"; done)
curl -s "http://$server:7071/peak" >/dev/null
# shellcheck disable=SC2086 # a list
fetch 0 "$saved" -parallel 10 $many
peak=$(curl -s "http://$server:7071/peak")
[ "$peak" -le 20 ] || fail "-parallel 10 made $peak connections at once"
[ "$peak" -ge 2 ] || fail "sources are not fetched at once"

for kind in dripping silent; do
    eval "wait \"\$$kind\""
    [ $? -eq 2 ] || fail "$kind did not exit with 2"
    grep -q 'timed out' "$work/$kind.out" ||
        fail "$kind: $(cat "$work/$kind.out")"
done

check_secrets sesame
[ "$failed" -eq 0 ] && echo ok
exit $failed
