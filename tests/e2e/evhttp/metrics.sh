#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `metrics on;`: text that promtool finds nothing wrong with, and that a real
# Prometheus scrapes and answers for.
# usage: metrics.sh EXAMPLE
set -eu
. "$(dirname "$0")/../../begin.sh"
shown="$work/metrics $work/log $work/answer"

echo 'pprof { metrics on; }' >"$work/conf"
serve env EVPROF_CONF="$work/conf" "$1"
url=$line
curl -sf -o /dev/null "${url}profile?seconds=1"
curl -sfi "${url}metrics" | tr -d '\r' >"$work/reply"
sed '1,/^$/d' "$work/reply" >"$work/metrics"
grep -qi '^Content-Type: application/openmetrics-text; version=1.0.0' "$work/reply" ||
    fail "the wrong type"
[ "$(tail -n 1 "$work/metrics")" = '# EOF' ] || fail "no end"
grep -q '^evprof_process_threads [1-9]' "$work/metrics" || fail "no threads"
grep -q '^evprof_process_resident_bytes [1-9]' "$work/metrics" || fail "no RSS"
grep -q '^evprof_cpu_rate 100$' "$work/metrics" || fail "no counters"
grep -q '^# HELP evprof_cpu_samples ' "$work/metrics" || fail "no help"
if grep -v '^#' "$work/metrics" | grep -qv '^evprof_[a-z0-9_]* [-+0-9.e]*$'; then
    fail "a strange line"
fi
# Off unless it is said.
echo 'pprof { }' >"$work/conf"
command -v promtool >/dev/null || { echo "skipped: there is no promtool"; exit 77; }
# promtool reads the older text, which has no end mark; rule names are ours.
grep -v '^# EOF' "$work/metrics" | promtool check metrics >"$work/log" 2>&1 ||
    fail "promtool"

cat >"$work/prometheus.yml" <<YAML
scrape_configs:
  - job_name: evprof
    scrape_interval: 1s
    metrics_path: /debug/pprof/metrics
    static_configs:
      - targets: ["$(echo "$url" | sed 's|http://||; s|/.*||')"]
YAML
port=$(awk 'BEGIN { srand(); print 20000 + int(rand() * 20000) }')
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" \
    --web.listen-address="127.0.0.1:$port" >"$work/log" 2>&1 &
running="$running $!"
i=0
while [ "$i" -lt 200 ]; do
    curl -s "http://127.0.0.1:$port/api/v1/query?query=evprof_process_threads" \
        >"$work/answer" 2>/dev/null || true
    if grep -q '"value":\[[0-9.]*,"[1-9]' "$work/answer"; then
        echo ok
        exit 0
    fi
    read -rt 0.1 <> <(:) || true
    i=$((i + 1))
done
fail "Prometheus does not have it"
