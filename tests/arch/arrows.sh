#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fails when an #include runs upward or sideways between the floors of the house.
# usage: arrows.sh [DIR]     DIR: the tree to read, by default this one
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}"
find core modules adapters -name '*.[ch]' -exec \
    grep -H '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' {} + |
    awk -f "$here/arrows.awk"
