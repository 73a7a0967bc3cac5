#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: objects.sh TOOL PROGRAM FOLDER
# Objects whose files are removed or replaced while the program runs have their names,
# and never those of the file that took the place. FOLDER has the plugins.
set -euo pipefail
tool=$1 program=$2 folder=$3
. "$(dirname "$0")/../../begin.sh"
cd "$work"
export TMPDIR=$work PPROF_TMPDIR=$work
mkfifo in
plugin=$work/plugin.so

# Fresh copies: each is a file of its own.
bring() { # bring KIND
    rm -f "$plugin" other.so
    cp "$folder/preload_plugin_$1.so" "$plugin"
    cp "$folder/preload_other_$1.so" other.so
}
run=("$tool" run -cpuprofile cpu.pb -- "$program" "$plugin")
has() { # has FUNCTION
    "$tool" -top -symbolize=none cpu.pb >top
    grep -q " $1\$" top || fail "no $1: $(cat top err)"
    ! grep -q ' other_' top || fail "names of another file: $(cat top)"
}

# Those who may open what is mapped, and those who may not.
ways=("")
may_not="setpriv --bounding-set=-sys_admin,-checkpoint_restore"
[ "$(id -u)" -ne 0 ] || ! $may_not true 2>/dev/null || ways+=("$may_not")
for as in "${ways[@]}"; do
    for kind in id anonymous; do
        for step in remove other.so; do
            name="$as $kind $step"
            bring $kind
            $as "${run[@]}" load $step burn 2>err
            has plugin_outer
            bring $kind
            $as "${run[@]}" load burn $step 2>err
            has plugin_outer

            # When a part is written and the tool holds what the part is about.
            bring $kind
            $as "${run[@]}" load burn ask $step unload <in >out 2>err &
            running=$!
            exec 3>in
            until ls -l "/proc/$running/fd" 2>/dev/null | grep -qF "$plugin"; do
                kill -0 "$running" || fail "it ended early: $(cat err)"
                read -rt 0.05 <> <(:) || true
            done
            exec 3>&-
            wait "$running" || fail "it failed: $(cat err)"
            running=
            has plugin_outer
            has plugin_inner
        done
    done
done
echo ok
