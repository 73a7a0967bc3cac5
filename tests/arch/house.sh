#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The rules of the house that a machine can read: every folder has a README, every
# source its licence line, no file is longer than 800 lines, no two headers define
# one type, and calls that hide truncation, errors or shared state are not used.
set -u
cd "$(dirname "$0")/../.."
found=$(mktemp)
trap 'rm -f "$found"' EXIT

# Those of tests/unit are named after rooms, those of tests/bench stand in a table.
find core modules adapters proto conf tests -type d \
    ! -path '*/include/evprof' ! -path 'adapters/*/include' \
    ! -path 'tests/unit/*' ! -path 'tests/bench/*' \
    ! -path '*/node_modules*' ! -path 'tests/fuzz/corpus*' ! -path 'tests/golden/*' |
    while read -r room; do
        [ -f "$room/README.md" ] || echo "$room: no README.md"
    done >>"$found"

find core modules adapters tests \( -name '*.[ch]' -o -name '*.cc' \) |
    while read -r file; do
        lines=$(wc -l <"$file")
        [ "$lines" -le 800 ] || echo "$file: $lines lines, 800 is the limit"
        head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
            echo "$file: no licence line"
    done >>"$found"

# Each block of the guides says its language, by which tests/doc knows what to do
# with it.
awk '/^```/ {
        if (!inside && $0 == "```") print FILENAME ":" FNR ": a block of no language"
        inside = !inside
    }
    # A shell may take a ? for a file that is called so.
    inside && /^(evprof|go|curl) / {
        bare = $0
        gsub(/\047[^\047]*\047|"[^"]*"/, "", bare)
        if (bare ~ /[?]/) print FILENAME ":" FNR ": an address without quotes"
    }
    /^    [^ ]/ && !inside && last == "" {
        print FILENAME ":" FNR ": a block of no language"
    }
    { last = $0 }' README.md CONTRIBUTING.md conf/doc/*.md >>"$found"

types=$(grep -rhoE --include='*.h' '(^typedef [^;{]* |^\} )[a-z_]+_t;' \
    core modules adapters | grep -oE '[a-z_]+_t;' | sort | uniq -d)
for type in $types; do
    echo "${type%;}: defined in two headers"
done >>"$found"

# One way to name a structure, see core/README.md.
find core modules adapters -name '*.[ch]' ! -path '*/example/*' -exec awk '
    /^typedef enum/ || (/^struct [a-z_0-9]+ \{/ && !/^struct (evprof|cli)/) {
        print FILENAME ":" FNR ": " $0 }
    /^typedef (struct|union) [a-z_0-9]+ \{/ { tag = $3 }
    /^typedef (struct|union) \{/ { tag = "?" }
    /^\} [a-z_0-9]+;/ && tag != "" {
        if ($2 != tag "_t;") print FILENAME ":" FNR ": the tag is " tag
        tag = "" }
    /^\};/ { tag = "" }' {} + >>"$found"

calls='strcpy|strcat|sprintf|vsprintf|atoi|atol|atof|strtok|gets'
grep -rnE --include='*.[ch]' "(^|[^A-Za-z0-9_>.])($calls)\\(" \
    core modules adapters | grep -vE '^[^:]*:[0-9]*: *(/?\*|//)' >>"$found"

# What runs in an application waits by core/base/lock.h: pthread's locks are wrapped
# and would show ours in the profiles of locks. And it asks libc for no time of the
# day, whose lock another thread may hold, in a forked child for ever.
runtime='core/base core/objects core/conf core/unwind core/symbol core/access
core/sample core/runtime modules/profiles adapters/evhttp adapters/listener
adapters/preload'
calls='pthread_(mutex|rwlock|spin|barrier)_[a-z]+|pthread_cond_[a-z]+|sem_[a-z]+'
calls="$calls|tzset|localtime(_r)?|gmtime(_r)?|mktime|timegm|strftime|syslog"
# shellcheck disable=SC2086
grep -rnE --include='*.[ch]' --exclude-dir=example \
    "(^|[^A-Za-z0-9_>.\"])($calls)\\(" $runtime |
    grep -vE '^[^:]*:[0-9]*: *(/?\*|//)' >>"$found"

# A fork waits for walks of the loader's list, see core/objects/objects.h; one is
# done before there are threads.
# shellcheck disable=SC2086
grep -rnE --include='*.[ch]' --exclude-dir=example 'dl_iterate_phdr\(' \
    $runtime core/heap core/interpose core/trace |
    grep -vE '^(core/objects/loader|adapters/evhttp/program)\.c:|^[^:]*:[0-9]*: *(/?\*|//)' >>"$found"

# The process's own folder in /proc has one name, see core/base/self.h.
# shellcheck disable=SC2086
grep -rnE --include='*.[ch]' --exclude-dir=example '"/proc/(thread-)?self' \
    $runtime core/elf core/heap core/unwind modules/profiles |
    grep -v '^core/base/self\.[ch]:' | sort -u >>"$found"

cat "$found"
[ ! -s "$found" ]
