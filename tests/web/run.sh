#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh TEST EVPROF DIR: runs a test of the web UI, which puts its pictures into
# DIR. Ends with 77 where what it needs is not there.
set -eu
cd "$(dirname "$0")"
skip() {
    echo "skipped: $1"
    exit 77
}
command -v node >/dev/null || skip "node is not installed"
browser=$(command -v chromium || command -v chromium-browser || true)
[ -n "$browser" ] || skip "chromium is not installed"
[ -d node_modules/playwright-core ] ||
    npm ci --ignore-scripts --no-audit --no-fund >/dev/null 2>&1 ||
    skip "the npm packages of tests/web cannot be had"
mkdir -p "$3"
EVPROF=$2 SHOTS=$3 BROWSER_PATH=$browser exec node --test "$1"
