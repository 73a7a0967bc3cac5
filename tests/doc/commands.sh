#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The commands of README and of the guides, as typed by a reader: the tree is installed
# to a prefix of its own, and each line of a `sh` block runs in a folder with the
# programs of the same guide. Hosts, ports and seconds are those of this test;
# commands.txt lists what cannot run as it stands. Blocks of other languages are read
# by whom they are for, as far as that is installed.
# usage: commands.sh BUILD_DIR
set -u
build=$1
here=$(cd "$(dirname "$0")" && pwd)
top=$(realpath "$here/../..")
work=$(mktemp -d)
mkdir "$work/home" "$work/dir" "$work/shop" "$work/blocks"
cmake --install "$build" --prefix "$work/prefix" >/dev/null || exit 1
libdir=$(dirname "$(find "$work/prefix" -name libevprof.so)")
GOCACHE=$(go env GOCACHE 2>/dev/null)
export GOCACHE PATH=$work/prefix/bin:$PATH HOME=$work/home TMPDIR=$work
export PKG_CONFIG_PATH=$libdir/pkgconfig LD_LIBRARY_PATH=$libdir
export EVPROF_LISTEN=127.0.0.1:0 DEBUGINFOD_URLS='' BROWSER=true
unset EVPROF_CONF PPROF_BINARY_PATH
cd "$work/dir" || exit 1
# A name that no other process of this machine has.
program=server-$$
failed=0 count=0 server='' started=''
# shellcheck disable=SC2329 # by the trap
finish() {
    # shellcheck disable=SC2086 # a list
    kill $started 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT

fail() {
    failed=$((failed + 1))
    echo "FAIL: $1"
}

children() { # children PID
    cat "/proc/$1/task/$1/children" 2>/dev/null
}

# begin COMMAND...: in the background; `server` is the address of it, or of the
# program that it runs, then.
begin() {
    "$@" >>"$work/said" 2>&1 </dev/null &
    server_pid=$!
    started="$started $server_pid"
    server=''
    while kill -0 "$server_pid" 2>/dev/null && [ -z "$server" ]; do
        server=$(evprof ps | awk -v pid="$server_pid $(children "$server_pid")" '
            BEGIN { split(pid, part); for (i in part) ours[part[i]] }
            $1 in ours { print $3; exit }')
    done
    [ -n "$server" ] || fail "$* does not listen"
}

# Programs as the guides have them, but for the port, which the kernel chooses.
keep_program() { # keep_program FILE: a block of C
    if grep -q BENCHMARK "$1"; then cp "$1" add_test.c
    elif grep -q 'evhttp_bind_socket' "$1"; then
        sed 's/\<8080\>/0/; s/\<8443\>/0/' "$1" >server.c
    elif grep -q cpu_start "$1"; then
        cp "$1" work.c
        # shellcheck disable=SC2046 # lists of words
        cc -g -o server work.c $(pkg-config --cflags --libs evprof)
    fi
}

# What a reader of a guide has lying about.
make_scene() {
    local block
    for block in "$work"/blocks/{getting-started,testing}.*.c; do
        keep_program "$block"
    done
    cp server.c readme.c
    ./server >/dev/null || fail 'no profile'
    cp cpu.pb.gz before.pb.gz
    cp cpu.pb.gz after.pb.gz
    printf '#include <stdio.h>\nint main(int n, char **a) { return n != 2 || !*a[1]; }\n' \
        >batch.c
    cc -o batch batch.c
    printf 'Authorization: Bearer word\n' >a.header
    if command -v openssl >/dev/null; then
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
            -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.pem \
            2>/dev/null
        cp server.pem b.crt
        cp server.key b.key
    fi
    # shellcheck disable=SC2016 # the hash of "word"
    echo 'me:$6$abcdefgh$SByAdlFKQWuVuMNFUL.ERj1CxsscDs.v6nR2h2cyIkM.PAEUEqaMudTk3I/yfyFeaJY/da4dJto/1wXxMCaok/' >evprof.htpasswd
    chmod 600 evprof.htpasswd
    cp "$top/tests/field/inputs/perf_ip_sym.txt" perf.data
    # shellcheck disable=SC2046
    cc -o "$program" readme.c $(pkg-config --cflags --libs evprof-evhttp)
    cp "$program" redis-server
    begin "./$program"
    first=$server
    first_pid=$server_pid
    curl -sS -o t.out "http://$first/debug/pprof/trace?seconds=1" || fail 'no trace'
}

# adapt COMMAND: with the hosts, folders and seconds of this test.
adapt() {
    sed -E "s#https?://(127.0.0.1:8080|a:8443|b:8443)#http://$server#g
        s#127\\.0\\.0\\.1:8443#$server#g
        s#\\<(old|new|server):6060#$server#g
        s#-seconds 30|-seconds 10#-seconds 1#g; s#seconds=(10|5)#seconds=1#g
        s#-http=:|-http localhost:8080#-http=127.0.0.1:0#
        s#name:(postgres|shop-worker\\*)#name:$program#g
        s#(-seconds 1) 1234#\\1 $first_pid#
        s#/run/shop/#$work/shop/#
        s#redis-server /etc/redis/redis.conf#./redis-server#" <<<"$1"
}

way_of() { # way_of COMMAND: the way that commands.txt has for it, or "run"
    local way beginning reason
    while IFS='|' read -r way beginning reason; do
        [[ $way == \#* || -z $beginning || $1 != "$beginning"* ]] && continue
        echo "$beginning" >>"$work/used"
        echo "$way"
        return
    done <"$here/commands.txt"
    echo run
}

has_go() { # has_go VERSION: or a later one
    [ "$(printf 'go%s\n%s\n' "$1" "$(go env GOVERSION 2>/dev/null)" |
        sort -V | head -n 1)" = "go$1" ]
}

run_command() { # run_command GUIDE COMMAND
    local guide=$1 command=$2 way
    way=$(way_of "$command")
    command=$(adapt "$command")
    case $command in
    'go tool trace'*) has_go 1.23 || return ;;
    'go '*) has_go 1.0 || return ;;
    *openssl*) pkg-config --exists openssl || return ;;
    esac
    case $way in
    not) return ;;
    stays)
        local before=$server
        eval "begin ${command%%#*}"
        server=$before
        ;;
    site) open_site "$guide" "$command" ;;
    *)
        # Go compiles its tools when they are first asked for.
        timeout 300 bash -c "$command" >"$work/out" 2>"$work/err" </dev/null ||
            { fail "$guide: $command"; cat "$work/out" "$work/err"; }
        # What a reader has compiled is what he asks next.
        case $command in 'cc server.c'*) begin ./a.out ;; esac
        ;;
    esac
    count=$((count + 1))
}

# The web UI says its address and serves it.
open_site() { # open_site GUIDE COMMAND
    local url=''
    : >"$work/out"
    eval "${2%%#*}" >"$work/out" 2>&1 </dev/null &
    local pid=$!
    while kill -0 $pid 2>/dev/null && [ -z "$url" ]; do
        url=$(sed -n 's/.*\(Serving web UI\|listening\) on \(http[^ ]*\).*/\2/p' \
            "$work/out")
    done
    curl -sSL "$url" 2>&1 | grep -qi '<!doctype html\|<html' ||
        { fail "$1: $2 serves nothing"; cat "$work/out"; }
    # That of a program which `go tool` runs is ended too.
    # shellcheck disable=SC2046
    kill $(children $pid) $pid
    wait $pid 2>/dev/null
}

# ---- The blocks ----

# Each block of a guide as a file, NAME.NUMBER.LANGUAGE; all of them in order.
cut_blocks() {
    local text
    for text in "$top/README.md" "$top/CONTRIBUTING.md" "$top"/conf/doc/*.md; do
        awk -v base="$work/blocks/$(basename "$text" .md)" -v text="$text" '
            /^```/ {
                if (out != "") { close(out); out = ""; next }
                language = substr($0, 4)
                sub(/ .*/, "", language)
                if (language == "") {
                    print text ":" FNR ": a block without a language" >"/dev/stderr"
                    bad = 1
                    language = "none"
                }
                out = base "." ++n "." language
                printf "" >out
                print out
                next
            }
            /^    [^ ]/ && out == "" && last == "" {
                print text ":" FNR ": a block that no test knows" >"/dev/stderr"
                bad = 1
            }
            { last = $0 }
            out != "" { print >out }
            END { exit bad }' "$text" || fail "$text"
    done >"$work/list"
}

run_block() { # run_block FILE: each command of it; a line may go on after \
    local guide line command=''
    guide=$(basename "$1")
    while IFS= read -r line; do
        command=$command$line
        if [[ $command == *\\ ]]; then
            command=${command%\\}
            continue
        fi
        [ -z "$command" ] || run_command "${guide%.*.*}" "$command"
        command=''
    done <"$1"
}

check_module() { # check_module FILE
    cp "$1" answer.c
}

check_conf() { # check_conf FILE
    sed "s#/usr/lib/evprof/answer.so#$work/dir/answer.so#" "$1" >block.conf
    evprof -t block.conf >"$work/out" 2>&1 ||
        { fail "$1"; cat "$work/out"; }
}

check_cmake() { # check_cmake FILE: the lines of a project that has a server
    mkdir -p "$work/project"
    cp readme.c "$work/project/server.c"
    { echo 'cmake_minimum_required(VERSION 3.25)'
        echo 'project(server C)'
        echo 'add_executable(server server.c)'
        cat "$1"; } >"$work/project/CMakeLists.txt"
    { cmake -G Ninja -S "$work/project" -B "$work/project/build" \
        -DCMAKE_PREFIX_PATH="$work/prefix" &&
        cmake --build "$work/project/build"; } >"$work/out" 2>&1 ||
        { fail "$1"; cat "$work/out"; }
}

# Files of other programs: what they name of ours is there.
check_names() { # check_names FILE
    local word
    for word in $(grep -oE 'EVPROF_[A-Z]+' "$1" | sort -u); do
        grep -rq "\"$word\"" "$top/adapters" "$top/core" --include='*.c' ||
            fail "$1: nothing reads $word"
    done
    for word in $(grep -oE 'libevprof[a-z_]*\.so' "$1" | sort -u); do
        [ -e "$libdir/$word" ] || fail "$1: $word is not installed"
    done
}

check_unit() { # check_unit FILE: a drop-in of systemd
    check_names "$1"
    command -v systemd-analyze >/dev/null || return 0
    mkdir -p "$work/units/server.service.d"
    printf '[Service]\nExecStart=/bin/true\n' >"$work/units/server.service"
    cp "$1" "$work/units/server.service.d/evprof.conf"
    SYSTEMD_UNIT_PATH=$work/units: systemd-analyze verify --man=no \
        "$work/units/server.service" >"$work/out" 2>&1
    ! grep -q 'server.service.d/evprof.conf' "$work/out" ||
        { fail "$1"; cat "$work/out"; }
}

check_yaml() { # check_yaml FILE
    check_names "$1"
    python3 -c 'import yaml' 2>/dev/null || return 0
    python3 -c 'import sys, yaml; yaml.safe_load(open(sys.argv[1]))' "$1" ||
        fail "$1 is no YAML"
}

cut_blocks
: >"$work/used"
make_scene
(cd "$work/shop" && EVPROF_LISTEN=unix:$work/shop/%p.sock exec evprof run \
    -listen "unix:$work/shop/%p.sock" -- ../dir/redis-server) >>"$work/said" 2>&1 &
started="$started $!"
guide=''
while read -r block; do
    name=$(basename "$block")
    # Each guide begins with the server of README.
    if [ "${name%%.*}" != "$guide" ]; then
        guide=${name%%.*}
        cp readme.c server.c
        server=$first
    fi
    case $block in
    *.sh) run_block "$block" ;;
    *.c) if grep -q 'evprof_module = {' "$block"; then check_module "$block"
        else keep_program "$block"; fi ;;
    *.nginx) check_conf "$block" ;;
    *.cmake) check_cmake "$block" ;;
    *.sources) adapt "$(cat "$block")" >fleet ;;
    *.ini) check_unit "$block" ;;
    *.yaml) check_yaml "$block" ;;
    *.dockerfile) check_names "$block" ;;
    *.cpp) ;; # guides.sh compiles and runs it
    *) fail "$block: nobody knows this language" ;;
    esac
done <"$work/list"

# A reason that no command needs any more is in the way.
while IFS='|' read -r way beginning reason; do
    [[ $way == \#* || -z $way ]] && continue
    [ -n "$reason" ] || fail "commands.txt: $beginning has no reason"
    grep -qxF -- "$beginning" "$work/used" ||
        fail "commands.txt: no guide has the command $beginning"
done <"$here/commands.txt"
echo "$count commands ran, $failed failed"
[ "$count" -ge 40 ] && [ "$failed" -eq 0 ]
