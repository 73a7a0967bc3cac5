#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The C and C++ blocks of README and of the guides are programs: each is compiled
# as a reader would. The one that profiles a part of itself is run and its profile
# read; the benchmark is run. Commands are those of commands.sh.
# usage: guides.sh SOURCE_DIR BIN_DIR LIB_DIR CFLAGS...
set -eu
top=$(realpath "$1") bin=$2 lib=$3
shift 3
. "$(dirname "$0")/../begin.sh"
cd "$work"

for text in "$top"/*.md "$top"/conf/doc/*.md; do
    awk -v base="$(basename "$text" .md)" '
        /^```c$/ { out = base "-" ++n ".c"; inside = 1; next }
        /^```c module$/ { out = base "-" ++n ".module"; inside = 1; next }
        /^```cpp$/ { out = base "-" ++n ".cc"; inside = 1; next }
        /^```$/ { inside = 0 }
        inside { print > out }' "$text"
done
count=0
for source in *.c; do
    packages=libevent
    if grep -q 'openssl/' "$source"; then
        packages='libevent_openssl openssl'
        pkg-config --exists $packages || continue
    fi
    # shellcheck disable=SC2046 # a list of words
    cc -std=c11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror "$@" \
        -o "${source%.c}" "$source" \
        -L"$lib" -Wl,-rpath,"$lib" -levprof_testing -levprof_evhttp -levprof \
        $(pkg-config --cflags --libs $packages)
    count=$((count + 1))
done
for source in *.cc; do
    c++ -std=c++14 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror "$@" \
        -o "${source%.cc}" "$source" -L"$lib" -Wl,-rpath,"$lib" -levprof
    "./${source%.cc}" >out
    grep -q '^working for /users$' out
done
[ "$count" -ge 4 ] || { echo "only $count programs were found"; exit 1; }

# A module is one object that a server loads.
for source in *.module; do
    cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror "$@" -fPIC -shared \
        -o module.so -x c "$source"
    nm -D --defined-only module.so | grep -q ' evprof_module$'
    echo "load_module $work/module.so;" >conf
    "$bin/evprof" -t -c conf >said 2>&1 || { cat said; exit 1; }
done

# What is typed has flags that the tool knows.
"$bin/evprof" -help all | sed -n 's/^  -\([a-zA-Z_]*\).*/\1/p' | sort -u >flags
printf '%s\n' t T c directives help version >>flags
sed -n 's/^evprof \([^|#]*\).*/\1/p' "$top"/*.md "$top"/conf/doc/*.md |
    sed "s/'[^']*'//g; s/^run .*//; s/^ps .*//" | tr ' ' '\n' |
    sed -n 's/^-\([a-zA-Z_][a-zA-Z_]*\).*/\1/p' | sort -u | while read -r flag; do
    grep -qx "$flag" flags || { echo "no flag -$flag"; exit 1; }
done

# The program of that source line, which must be there.
program_with() {
    found=$(grep -l "$1" ./*.c | head -n 1)
    [ -n "$found" ] || { echo "no guide has a program with $1" >&2; exit 1; }
    echo "${found%.c}"
}

writer=$(program_with cpu_start)
"$writer"
"$bin/evprof" -top cpu.pb.gz >top
if ! awk '$NF == "work" || $NF == "main" { found = 1 } END { exit !found }' top
then
    echo "the profile that $writer wrote does not show its function:"
    cat top
    exit 1
fi

labels=$(program_with labels_capture)
"$labels" >out
[ "$(cat out)" = 'working for /users
working for /orders' ] || { echo "$labels says:"; cat out; exit 1; }

benchmark=$(program_with BENCHMARK)
"$benchmark" -bench=. -benchtime=1ms >out
grep -q '^BenchmarkAdd.* ns/op$' out

# A link to a guide that is not there helps nobody.
for text in "$top"/*.md "$top"/conf/doc/*.md; do
    sed -n 's/.*](\([^)#:]*\)).*/\1/p' "$text" | while read -r link; do
        [ -e "$(dirname "$text")/$link" ] ||
            { echo "$text: no file $link"; exit 1; }
    done
done
echo ok
