# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# To be sourced by a test: `. "$(dirname "$0")/../../begin.sh"`, before it leaves
# its folder. When the test ends, so do the processes whose ids are in `running`,
# and its folder `work` is gone.
work=$(mktemp -d)
running=
shown= # files that a failure prints the end of
name=  # of the part of the test that runs, for messages

before_end() { :; } # a test may have more to end

end_test() {
    before_end
    # shellcheck disable=SC2086 # a list of process ids
    [ -z "$running" ] || kill $running 2>/dev/null || true
    rm -rf "$work"
}
trap end_test EXIT

# fail WORDS...: ends the test.
fail() {
    echo "FAIL: ${name:+$name: }$*"
    for file in $shown; do
        [ ! -s "$file" ] || { echo "$file:"; tail -n 30 "$file"; }
    done
    exit 1
}

# expect PATTERN FILE: or the test fails, with what is in the file.
expect() {
    grep -q -- "$1" "$2" || fail "no \"$1\" in $2: $(head -n 60 "$2")"
}

# serve COMMAND...: starts a server; `line` becomes the first line it prints, which
# is its address, and `server` its process id.
serve() {
    rm -f "$work/address"
    mkfifo "$work/address"
    "$@" >"$work/address" &
    server=$!
    running="$running $server"
    read -r line <"$work/address"
}
