# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# To be sourced after begin.sh by a test that reads traces by the program of the
# folder `strict`, which `go` builds; without its module the test is skipped.

# build_strict GO FOLDER: into the folder `work`, which the test is in then.
build_strict() {
    name=build
    cd "$2"
    timeout 120 "$1" mod download 2>"$work/said" || {
        echo "skipped: the module golang.org/x/exp cannot be had"
        exit 0
    }
    "$1" build -o "$work/strict" . || fail "strict is not built"
    cd "$work"
}

# read_trace FILE: into `found`, a line a fact.
read_trace() {
    ./strict "$1" >found 2>said || fail "it is refused: $(head -3 said)"
}

# number WORD: of the line that begins with the word.
number() {
    awk -v word="$1" '$1 == word { print $2 }' found
}
