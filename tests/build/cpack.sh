#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: cpack.sh BUILD_DIR
# The tar.gz that cpack makes has the files that `cmake --install` installs, byte for
# byte and with the same modes, in one folder that is called after the version.
set -euo pipefail
build=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/installed" >/dev/null
(cd "$work" && cpack --config "$build/CPackConfig.cmake" -G TGZ -B "$work/made" >log 2>&1) ||
    { cat "$work/log"; exit 1; }
archives=("$work"/made/*.tar.gz)
[ "${#archives[@]}" -eq 1 ] || { ls "$work/made"; exit 1; }
mkdir "$work/unpacked"
tar -xzf "${archives[0]}" -C "$work/unpacked"
name=$(basename "${archives[0]}" .tar.gz)
case $name in evprof-[0-9]*-Linux-*) ;; *) echo "it is called $name"; exit 1 ;; esac
[ "$(ls "$work/unpacked")" = "$name" ] ||
    { echo "there is more than $name:"; ls "$work/unpacked"; exit 1; }

list() { # list FOLDER: names, modes, where links lead
    (cd "$1" && find . ! -type d -printf '%p %m %l\n' | sort)
}
list "$work/installed" >"$work/left"
list "$work/unpacked/$name" >"$work/right"
diff "$work/left" "$work/right" || { echo 'the archive has other files'; exit 1; }
[ "$(wc -l <"$work/left")" -ge 60 ] || { echo 'that is little'; exit 1; }
diff -r --no-dereference "$work/installed" "$work/unpacked/$name" ||
    { echo 'the archive has other contents'; exit 1; }
# It works where it was unpacked.
"$work/unpacked/$name/bin/evprof" -version >"$work/version"
grep -q "$(echo "$name" | cut -d- -f2)" "$work/version" || { cat "$work/version"; exit 1; }
echo "ok: $name, $(wc -l <"$work/left") files"
