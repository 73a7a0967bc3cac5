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
# One at a time: other tests wait until the packages are there, and do not take half
# of them. npm writes the file last.
mkdir -p "$3"
exec 9>"$3/packages.lock"
flock 9
if [ ! -f node_modules/.package-lock.json ]; then
    # Where there is no network, one of them waits for it and not each.
    [ -z "$(find "$3/packages.missing" -mmin -10 2>/dev/null)" ] &&
        npm ci --ignore-scripts --no-audit --no-fund >/dev/null 2>&1 ||
        { touch "$3/packages.missing"
            skip "the npm packages of tests/web cannot be had"; }
fi
exec 9>&-
EVPROF=$2 SHOTS=$3 BROWSER_PATH=$browser exec node --test "$1"
