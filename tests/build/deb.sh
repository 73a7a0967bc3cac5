#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: deb.sh SOURCE_DIR
# The source tarball is the same twice; the Debian packages build of it without a
# network, lintian finds no error, each file is in one package, and the packages
# alone are enough to profile a program. 77: no history, or no packaging tools.
set -euo pipefail
source=$1
here=$(cd "$(dirname "$0")" && pwd)
. "$(dirname "$0")/../begin.sh"

for tool in dpkg-buildpackage dh lintian git; do
    command -v $tool >/dev/null || { echo "skipped: no $tool here"; exit 77; }
done
git -C "$source" rev-parse HEAD >/dev/null 2>&1 ||
    { echo 'skipped: no git history here'; exit 77; }

mkdir "$work/again"
sh "$source/conf/packaging/tarball.sh" "$work" >/dev/null
sh "$source/conf/packaging/tarball.sh" "$work/again" >/dev/null
cmp "$work"/evprof-*.tar.gz "$work"/again/evprof-*.tar.gz

# In a network of its own, where the machine allows one.
alone=
if unshare -rn true 2>/dev/null; then
    alone='unshare -rn'
fi
export DEB_BUILD_OPTIONS='parallel=2 nocheck'
$alone sh "$source/conf/packaging/deb.sh" "$work" >"$work/log" 2>&1 ||
    { tail -n 40 "$work/log"; exit 1; }
grep -q 'dpkg-gensymbols: warning' "$work/log" &&
    { grep -A 30 'dpkg-gensymbols: warning' "$work/log"; exit 1; }
# Whose address stands in the packages is for those who publish them.
address=bogus-mail-host,bogus-mail-host-in-debian-changelog
lintian --fail-on error --suppress-tags $address \
    "$work"/*.changes >"$work/lintian" 2>&1 || { cat "$work/lintian"; exit 1; }

for package in "$work"/*.deb; do
    case $package in *-dbgsym_*) continue ;; esac
    dpkg-deb -c "$package" | awk '$1 !~ /^d/ { print $6 }'
    dpkg-deb -x "$package" "$work/root"
done | grep -v '/usr/share/doc/[^/]*/\(changelog\|copyright\)' | sort | uniq -d \
    >"$work/twice"
[ ! -s "$work/twice" ] || { echo 'in two packages:'; cat "$work/twice"; exit 1; }

root=$work/root/usr
libdir=$(dirname "$(find "$root" -name libevprof.so)")
export PKG_CONFIG_PATH="$libdir/pkgconfig" LD_LIBRARY_PATH="$libdir"
# shellcheck disable=SC2046 # a list of words
cc -O2 -g -o "$work/program" "$here/consumer.c" \
    $(pkg-config --cflags --libs evprof-evhttp)
"$work/program" "$work"
"$root/bin/evprof" -top "$work/cpu.pb.gz" >"$work/top" 2>&1
awk '$NF == "busy" { found = 1 } END { exit !found }' "$work/top" ||
    { cat "$work/top"; exit 1; }
# As without the packages for development.
rm "$libdir"/libevprof.so "$libdir"/libevprof_evhttp.so "$libdir"/libevprof_testing.so
echo 'pprof { profile cpu { rate 50; } }' >"$work/conf"
"$root/bin/evprof" -t "$work/conf"
for page in man1/evprof.1 man3/evprof.3 man5/evprof.conf.5 man7/evprof.7; do
    [ -e "$root/share/man/$page.gz" ] || { echo "no $page"; exit 1; }
done
grep -c '^[WI]:' "$work/lintian" | sed 's/$/ warnings and remarks of lintian/'
echo ok
