#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: one_word.sh SOURCE
# A profile type and a report are each added to a copy of the tree as
# one file and one word; all that lists such things must then show them.
set -eu
source=$1
. "$(dirname "$0")/../../begin.sh"

mkdir "$work/tree"
tar -C "$source" -cf - CMakeLists.txt CMakePresets.json README.md LICENSE \
    adapters conf core modules proto | tar -C "$work/tree" -xf -
cd "$work/tree"

cat >modules/profiles/pulse.c <<'PROFILE'
#include <evprof/module.h>

static const char *const aliases[] = { "heartbeat", NULL };

static int
snapshot(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
         evprof_error_t *err)
{
    const int64_t one = 1;
    const evprof_stack_t empty = { .pcs = NULL };
    (void)state;
    (void)ask;
    (void)err;
    int status = evprof_builder_type(out, "beats", "count");
    return status == 0 ? evprof_builder_add(out, &empty, NULL, 0, &one)
                       : status;
}

static long
count(void *state)
{
    (void)state;
    return 1;
}

const evprof_module_t evprof_profile_pulse = {
    .abi = EVPROF_MODULE_ABI,
    .name = "pulse",
    .summary = "Whether the program is alive.",
    .leaf = "beat",
    .aliases = aliases,
    .file_flag = "pulseprofile",
    .file_help = "write the pulse to `file`",
    .snapshot = snapshot,
    .count = count,
};
PROFILE
cat >modules/reports/shout.c <<'REPORT'
#include "core/report/report.h"

static int
write_shout(evprof_view_t *view, const evprof_writer_t *out,
            evprof_error_t *err)
{
    (void)view;
    (void)err;
    return out->write(out->ctx, "AHOY\n", 5);
}

const evprof_report_t evprof_report_shout = {
    .name = "shout",
    .summary = "A loud word",
    .suffix = "",
    .write = write_shout,
};
REPORT
sed -i 's/^  cpu$/  cpu\n  pulse/; s/^  top text tree/  top shout text tree/' \
    modules/CMakeLists.txt
cmake -G Ninja -B build -DCMAKE_BUILD_TYPE=Debug >configured 2>&1 ||
    { cat configured; exit 1; }
cmake --build build --target evprof evprof_evhttp evprof_testing_library \
    evprof_tool evprof-first >built 2>&1 || { tail -n 30 built; exit 1; }


# The server: index, status, its leaf, its alias, the configuration.
cat >server.c <<'SERVER'
#include <stdio.h>
#include <unistd.h>

#include <evprof/evhttp.h>

int
main(int argc, char **argv)
{
    evprof_error_t err;
    evprof_t *prof = evprof_new(argc > 2 ? argv[2] : NULL, &err);
    if (prof == NULL || evprof_listen(prof, argv[1], &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    puts("ready");
    fflush(stdout);
    return (int)read(0, &err, 1) > 0;
}
SERVER
cc -Icore/include -Iadapters/evhttp/include -o server server.c -Lbuild/lib \
    -Wl,-rpath,"$work/tree/build/lib" -levprof_evhttp -levprof
mkfifo in out
./server "unix:$work/socket" <in >out &
pid=$! running=$!
exec 3>in
read -r ready <out
[ "$ready" = ready ]
get() { curl -sS --unix-socket "$work/socket" \
    "http://localhost/debug/pprof/$1"; }
get '' >index
expect '>beat<' index
expect 'Whether the program is alive' index
get status >status
expect '^pulse: on$' status
for leaf in beat pulse heartbeat; do
    get "$leaf?debug=1" >text
    expect 'pulse profile: total 1' text
done
exec 3>&-
wait "$pid" && running=

tool=build/bin/evprof
"$tool" -directives >directives
expect 'profile pulse' directives
echo 'pprof { profile heartbeat off; }' >test.conf
"$tool" -t -c test.conf
echo 'pprof { profile none off; }' >test.conf
"$tool" -t -c test.conf >said 2>&1 && { echo "an unknown profile is taken"; exit 1; }
expect 'pulse' said

# The tool: help, the flag, the shell and its help.
"$tool" -help >help
expect '-shout' help
"$tool" -help shout >help
expect 'A loud word' help
printf 'main;work 3\n' >folded
[ "$("$tool" -shout folded)" = AHOY ]
printf 'help\nshout\n' | "$tool" folded >shell 2>&1
expect 'AHOY' shell
expect 'shout' shell

# The runner's flag.
cat >add.c <<'TEST'
#include <evprof/testing.h>
TEST(Nothing) { (void)t; }
EVPROF_TEST_MAIN()
TEST
cc -D_GNU_SOURCE -Icore/include -Iadapters/testing/include -o add add.c \
    -Lbuild/lib -Wl,-rpath,"$work/tree/build/lib" -levprof_testing -levprof
./add -pulseprofile="$work/pulse.pb.gz" >/dev/null
"$tool" -raw "$work/pulse.pb.gz" >raw
expect 'beats/count' raw
echo ok
