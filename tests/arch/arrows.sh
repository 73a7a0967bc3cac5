#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fails when an #include runs upward or sideways between the floors of the house,
# a room includes a library that is not its own, or a source declares a function
# of another by itself.
# usage: arrows.sh [DIR]     DIR: the tree to read, by default this one
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}"
{
    find core modules adapters -name '*.[ch]' -exec \
        grep -H '^[[:space:]]*#[[:space:]]*include' {} + || true
    find core modules adapters -name '*.c' -exec grep -H '^extern' {} + || true
} | awk -f "$here/rooms.awk" -f "$here/arrows.awk"
