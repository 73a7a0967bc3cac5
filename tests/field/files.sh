#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# files.sh EVPROF: sources that are no profile or no file, and what is written.
set -u
evprof=$1
. "$(dirname "$0")/../begin.sh"
export TZ=UTC HOME="$work" LC_ALL=C PPROF_TMPDIR="$work/saved"
cd "$work" || exit 1
failed=0 count=0
fail() {
    failed=$((failed + 1))
    echo "FAIL: $1"
    cat err
}
# refuses TEXT ARGUMENTS...: fails with that text, on standard error only.
refuses() {
    text=$1
    shift
    count=$((count + 1))
    timeout 20 "$evprof" -symbolize=none "$@" >out 2>err </dev/null
    status=$?
    [ "$status" -eq 2 ] || fail "evprof $*: status $status"
    grep -qF -e "$text" err || fail "evprof $*: does not say '$text'"
    [ -s out ] && fail "evprof $*: writes to standard output"
}
mkfifo pipe
printf 'main;a 1\nmain;b 2\n' >stacks
mkdir folder

# What is no file.
refuses '/dev/zero: it is a device' -top /dev/zero
refuses '/dev/null: it is a device' -top /dev/null
refuses 'pipe: nothing came from it for 1 s' -top -timeout=1 pipe
refuses 'folder: it is a folder' -top folder
refuses 'nowhere: no such file' -top nowhere
count=$((count + 1))
head -c 100000000 /dev/zero | timeout 20 "$evprof" -top - >out 2>err
grep -q 'of no format' err || fail 'endless zeroes from a pipe'
count=$((count + 1))
(cat stacks >pipe &)
timeout 20 "$evprof" -folded pipe >out 2>err
cmp -s out stacks || fail 'a pipe is not read'

# What is no profile.
refuses 'it is a program or a library' -top "$(command -v sh)"
printf '<!DOCTYPE html><title>Sign in</title>' >page
refuses 'page: it is a web page' -top page
printf '{"a": 1}' >json
refuses 'json: it is JSON' -top json
printf '\3757zXZ\0\0' >xz
refuses 'unxz' -top xz
printf 'go 1.21 trace\0\0\0' >trace
refuses 'go tool trace' -top trace
printf 'PERFILE2' >perf.data
count=$((count + 1))
PATH=/nowhere "$evprof" -top perf.data >out 2>err
grep -q 'perf is not installed: install it' err || fail 'perf.data without perf'
: >empty
refuses 'empty: it is empty' -top empty

# The command line.
refuses 'there is no flag -tpo; did you mean -top?' -tpo stacks
[ "$(wc -l <err)" -eq 2 ] || fail 'an unknown flag: not two lines'
refuses '-list takes a pattern' -list x.pb.gz
refuses 'two reports' -top stacks -tree
refuses 'there is no unit parsec' -top -unit=parsec stacks
refuses 'no regular expression' -top stacks -focus='('
refuses '-normalize needs' -top -normalize stacks
refuses 'the pattern is missing' -peek= stacks
count=$((count + 1))
PATH=/nowhere "$evprof" -svg http://127.0.0.1:1/profile >out 2>err
grep -q 'needs Graphviz' err || fail '-svg without Graphviz'
PATH=/nowhere "$evprof" -evince http://127.0.0.1:1/profile >out 2>err
grep -q 'Fetching' err && fail 'fetches for what cannot be shown'
refuses 'name it with -base' -diff http://127.0.0.1:1/profile
grep -q Fetching err && fail 'fetches for what cannot be done'
count=$((count + 1))
"$evprof" -symbolize=none -top -cum stacks >out 2>err
"$evprof" -symbolize=none stacks -cum -top >again 2>>err
cmp -s out again && [ -s out ] || fail 'flags behind sources'
count=$((count + 1))
cp stacks ./-odd
"$evprof" -symbolize=none -folded -- -odd >out 2>err
cmp -s out stacks || fail '-- does not end flags'
count=$((count + 1))
"$evprof" -help >out 2>err || fail '-help fails'
[ "$(wc -l <out)" -le 50 ] || fail '-help is longer than a screen'
awk 'length > 80' out | grep -q . && fail '-help is wider than a screen'
"$evprof" -help all >out 2>err
awk 'length > 80' out | grep -q . && fail '-help all is wider than a screen'
for name in $("$evprof" -help | grep -o ' -[a-z_A-Z]*' | tr -d ' -'); do
    count=$((count + 1))
    "$evprof" -help "$name" >out 2>err && [ -s out ] || fail "-help $name"
done
grep -qiE 'pprof|windows|strconv' err && fail 'words of another tool'

# What is written.
count=$((count + 1))
"$evprof" -symbolize=none -top -output=report stacks 2>err
[ "$(stat -c %a report)" = 600 ] || fail 'a report is readable for others'
refuses 'write: no space left' -raw -output=/dev/full stacks
echo before >kept
chmod 640 kept
refuses 'no function matches' -peek=nothing -output=kept stacks
[ "$(cat kept)" = before ] || fail 'a failed report replaced a file'
count=$((count + 1))
"$evprof" -symbolize=none -folded -output=kept stacks 2>err
cmp -s kept stacks || fail 'a file is not replaced'
[ "$(stat -c %a kept)" = 640 ] || fail 'a replaced file has another mode'
ls -A | grep -q '^\.kept' && fail 'a temporary file stays'
count=$((count + 1))
ln -s kept link
"$evprof" -symbolize=none -top -output=link stacks 2>err
[ -L link ] || fail 'a link is replaced by a file'
refuses 'cannot be opened to write' -top -output=folder stacks
"$evprof" -symbolize=none -top -output=/dev/stdout stacks 2>err | grep -q main ||
    fail '-output=/dev/stdout'
echo "$count checks, $failed failed"
[ "$count" -gt 100 ] && [ "$failed" -eq 0 ]
