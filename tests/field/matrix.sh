#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# matrix.sh EVPROF MAKE_HOSTILE MAKE_INPUT: every report over every input of the
# tests. A report may fail with one clear line, never by a signal; text has no
# control bytes; what has a grammar is checked by a parser of that grammar.
set -u
evprof=$1 make_hostile=$2 make_input=$3
tests=$(cd "$(dirname "$0")/.." && pwd)
. "$(dirname "$0")/../begin.sh"
export TZ=UTC HOME="$work" LC_ALL=C
for program in jq xmllint dot; do
    command -v "$program" >/dev/null || {
        echo "skipped: $program is not installed"
        exit 77
    }
done
/usr/bin/python3 -c 'import html5lib' 2>/dev/null || {
    echo 'skipped: python3-html5lib is not installed'
    exit 77
}
cd "$work" || exit 1
"$make_hostile" >hostile
"$make_input" server >server
"$make_input" arena >arena
failed=0 count=0 good=0
fail() {
    failed=$((failed + 1))
    echo "FAIL: -$report $input: $1"
    head -c 300 err
}
cat >parse_html.py <<'END'
import sys
import html5lib
for name in sys.argv[1:]:
    parser = html5lib.HTMLParser(strict=True)
    with open(name, 'rb') as page:
        parser.parse(page)
END
# The grammar that the report promises.
check_out() {
    case $report in
    json | speedscope) jq empty <out 2>>err || fail 'no JSON' ;;
    svg | flame_svg | web) xmllint --noout out 2>>err || fail 'no XML' ;;
    flame | weblist*)
        /usr/bin/python3 parse_html.py out 2>>err || fail 'no HTML' ;;
    dot)
        dot -Tcanon out >canon 2>canon.err || fail 'no DOT'
        [ -s canon.err ] && fail "DOT: $(head -1 canon.err)" ;;
    proto | topproto)
        gzip -t <out 2>>err || fail 'no gzip'
        "$evprof" -symbolize=none -raw out >again 2>>err ||
            grep -q . again || fail 'is not read back' ;;
    callgrind | kcachegrind | png | gif | pdf | ps) ;;
    *)
        if tr -d '\t\n' <out | grep -q '[[:cntrl:]]'; then
            fail 'control bytes'
        fi
        grep -q '^File: forged' out && fail 'a name begins a line' ;;
    esac
}
reports=$("$evprof" -help | sed -n '/^Reports as text/,/^Options/p' |
    grep -o ' -[a-z_]*' | tr -d ' -')
for input in "$tests"/field/inputs/* "$tests"/fuzz/corpus/formats/* \
    "$tests"/fuzz/corpus/profile/* "$tests"/fuzz/corpus/heap_v2/* \
    hostile server arena; do
    [ -f "$input" ] || continue
    for report in $reports; do
        flag=-$report
        case $report in
        peek | list | disasm | weblist) flag=-$report=. ;;
        # Opened in a program: what they show are the reports above.
        web | eog | evince | gv | kcachegrind) continue ;;
        # Drawn by the same code as -svg, and slow.
        png | gif | pdf | ps) [ "$input" = hostile ] || continue ;;
        diff) flag="-diff -base=$input" ;;
        esac
        count=$((count + 1))
        rm -f out
        # shellcheck disable=SC2086 # a list of words
        timeout 60 "$evprof" -symbolize=none $flag -output=out "$input" \
            >stdout 2>err
        status=$?
        case $status in
        0)
            good=$((good + 1))
            [ -e out ] && check_out ;;
        2) [ -s err ] || fail 'fails without a word' ;;
        *) fail "status $status" ;;
        esac
        [ -s stdout ] && fail 'writes beside its file'
    done
done
echo "$count reports, $good of them written, $failed failed"
[ "$good" -gt 300 ] && [ "$failed" -eq 0 ]
