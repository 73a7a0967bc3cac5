#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: deb.sh FOLDER
# Builds the Debian packages of FOLDER's evprof-VERSION.tar.gz beside it, binary and
# source ones. Installs nothing: what is missing to build with, dpkg says.
set -eu
folder=$(realpath "${1:?usage: deb.sh FOLDER}")
debian=$(cd "$(dirname "$0")" && pwd)/debian
tarball=$(ls "$folder"/evprof-*.tar.gz)
version=$(basename "$tarball" .tar.gz)
version=${version#evprof-}
cp "$tarball" "$folder/evprof_$version.orig.tar.gz"
tar -xzf "$tarball" -C "$folder"
cd "$folder/evprof-$version"
cp -r "$debian" debian
rm debian/README.md debian/source/README.md
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -STimestamp)
export SOURCE_DATE_EPOCH
dpkg-buildpackage -us -uc
