#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# pages.sh EVPROF MAN_SOURCES MAN3: the manual pages, and the completions that the
# tool prints.
set -u
evprof=$1 man=$2 man3=$3
. "$(dirname "$0")/../begin.sh"
cd "$work" || exit 1
failed=0
fail() {
    failed=$((failed + 1))
    echo "FAIL: $1"
}
"$evprof" -help man >evprof.1 || fail 'no manual page'
if command -v mandoc >/dev/null; then
    # Pages of other packages may not be installed.
    mandoc -Tlint -Wall evprof.1 "$man"/*.[57] "$man3"/*.3 2>&1 |
        grep '^mandoc: [^ ]*:[0-9]' | grep -v 'referenced manual not found' >lint
    [ -s lint ] && fail "mandoc: $(cat lint)"
fi
# An address with a ? is quoted wherever a command is shown: zsh looks for such a file.
for text in '' all; do
    # shellcheck disable=SC2086 # a word or none
    "$evprof" -help $text
done | cat - evprof.1 "$man"/*.7 | sed "s/'[^']*'//g" |
    grep -E '^[ .A-Za-z]*evprof .*://[^ ]*\?' && fail 'an address without quotes'
# Every public function stands in the page of its header.
[ "$(find "$man3" -name '*.3' | wc -l)" -ge 9 ] || fail 'no pages of headers'
for name in evprof_new evprof_profile_write evprof_evhttp_mount evprof_builder_add \
    evprof_region_begin evprof_testing_main evprof_version; do
    grep -q "$name" "$man3"/*.3 || fail "no page has $name"
done
# Every flag has an item, and nothing else has.
"$evprof" -help all | sed -n 's/^  -\([a-zA-Z_]*\).*/\1/p' | sort -u >flags
sed -n 's/^\.It Fl \([a-zA-Z_]*\).*/\1/p' evprof.1 | sort -u >items
diff flags items || fail 'the manual page and -help all differ'

"$evprof" -help bash >completion.bash
# shellcheck source=/dev/null
. ./completion.bash || fail 'bash completions'
complete_word() {
    COMP_WORDS=(evprof "$1")
    COMP_CWORD=1
    _evprof
    printf '%s ' "${COMPREPLY[@]+"${COMPREPLY[@]}"}"
}
[ "$(complete_word -foc)" = '-focus= ' ] || fail '-foc is not completed'
[ "$(complete_word -tag | wc -w)" -ge 6 ] || fail '-tag is not completed'
[ "$(complete_word cpu)" = ' ' ] || fail 'a file is completed as a flag'
sed -n "/flags='/,/^ *'/p" completion.bash | sed -n 's/^ *-\([a-zA-Z_]*\).*/\1/p' |
    sort -u >words
diff flags words || fail 'bash completions and -help all differ'
for shell in zsh fish; do
    "$evprof" -help $shell >completion.$shell || fail "$shell completions"
    grep -q tagfocus completion.$shell || fail "$shell: no -tagfocus"
    command -v $shell >/dev/null || continue
    $shell -n completion.$shell || fail "$shell does not read its completions"
done
echo "$(wc -l <flags) flags, $failed failed"
[ "$(wc -l <flags)" -gt 80 ] && [ "$failed" -eq 0 ]
