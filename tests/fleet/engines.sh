#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: engines.sh PUSHER GO PEERS
# A server that pushes, before what the engines are made of: peers/ is built on
# Pyroscope's published API, grpc-go and google/pprof. Totals, names, lines and
# labels that they read are those of the server. The engines themselves are tried
# for as well, and skipped where they are not to be had.
set -euo pipefail
pusher=$1 go=$2 source=$3
. "$(dirname "$0")/../begin.sh"
shown="$work/said $work/came"
before_end() {
    exec 9>&-
}

# Both are programs of modules that a Go module proxy may have.
for engine in github.com/grafana/pyroscope github.com/parca-dev/parca; do
    if timeout 60 "$go" list -m "$engine@latest" >"$work/version" 2>"$work/why"; then
        echo "note: $(cat "$work/version") can be had; nothing here runs it yet"
    else
        echo "skipped: the engine $engine itself: $(tr -s '\n\t' '  ' <"$work/why")"
    fi
done

cd "$source"
timeout 400 "$go" build -o "$work/peers" . 2>"$work/said" || {
    echo "skipped: the peers are not built: $(tail -1 "$work/said")"
    exit 0
}
mkfifo "$work/end" "$work/ports"
exec 9<>"$work/end"
"$work/peers" 3 10 >"$work/out" 2>"$work/said" &
peers=$!
running=$peers
while [ ! -s "$work/out" ]; do
    kill -0 "$peers" 2>/dev/null || fail "the peers do not start"
    read -rt 0.05 <> <(:) || true
done
read -r plain grpc grpcs proxy ca <"$work/out"

# pushes NAME URL DIRECTIVES
pushes() {
    echo "push { url $2; $3 every 1s; profiles cpu goroutine;
        label service_name $1; label zone eu-1; }" >"$work/$1.conf"
    "$pusher" "$work/$1.conf" <&9 >>"$work/said" 2>&1 &
    running="$running $!"
}
pushes pyroscope "http://127.0.0.1:$plain" ''
pushes parca "http://127.0.0.1:$grpc" 'format parca;'
pushes parcas "https://localhost:$grpcs" "format parca; tls_ca $ca;"
pushes proxied "http://127.0.0.1:$grpc" "format parca; proxy http://127.0.0.1:$proxy;"
pushes proxieds "https://localhost:$grpcs" \
    "format parca; tls_ca $ca; proxy http://127.0.0.1:$proxy;"
wait "$peers" || fail "the peers failed"
sed 1d "$work/out" >"$work/came"
if grep -q 'not all have come' "$work/came"; then fail "not all have come"; fi

# Each CPU window: as much time as samples of 10 ms, where the server works, and
# its labels. Threads have no duration.
line=$(awk '/volatile int i/ { print NR }' "$source/../../e2e/push/once.c")
[ -n "$line" ] || fail "the server's loop has no line"
for name in pyroscope parca parcas proxied proxieds; do
    awk -v name="service_name=$name,zone=eu-1}" -v line="$line" '
        index($0, name) == 0 { next }
        /__name__=process_cpu[,}]/ {
            match($0, /samples\/count=[0-9]+/)
            samples = substr($0, RSTART + 14, RLENGTH - 14)
            match($0, /cpu\/nanoseconds=[0-9]+/)
            ns = substr($0, RSTART + 16, RLENGTH - 16)
            match($0, / duration=[0-9]+/)
            long = substr($0, RSTART + 10, RLENGTH - 10)
            at += $0 ~ "at=burn_for_push:" line "(,|$|:)"
            right += ns == samples * 10000000 && samples > 0 && long > 0
            cpu++
        }
        /__name__=goroutine[,}]/ {
            threads += $0 ~ /goroutine\/count=[1-9]/ && $0 ~ / duration=0 /
            all++
        }
        /instance=[^,]*:[0-9]+[,}]/ { labelled++ }
        END {
            print cpu " windows, " all " times all threads of " name
            exit !(cpu >= 3 && right == cpu && at == cpu && all >= 3 &&
                threads == all && labelled == cpu + all)
        }' "$work/came" || fail "$name is not as it was sent"
done
