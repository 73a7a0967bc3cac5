#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: check.sh ROOT SUITE [demo]
# Both commands of README in a fresh Debian of SUITE (bookworm, trixie, sid), which
# debootstrap makes in the folder ROOT; with `demo` only the first.
set -euo pipefail
folder=${1:?usage: check.sh ROOT SUITE [demo]} suite=${2:?usage: check.sh ROOT SUITE [demo]}
here=$(cd "$(dirname "$0")" && pwd)
top=$(realpath "$here/../..")
# shellcheck source=tests/distro/root.sh
. "$here/root.sh"
open_root "$folder" "$suite"

inside 'sh conf/install-deps.sh && cmake --workflow --preset demo'
[ "${3-}" = demo ] ||
    inside 'sh conf/install-deps.sh --tests && cmake --workflow --preset check'
echo "ok: $suite"
