#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: tarball.sh FOLDER [COMMIT]
# Writes FOLDER/evprof-VERSION.tar.gz, the sources of a commit (HEAD by default) with
# the bundle of the web UI. The same commit gives the same bytes: names in order,
# nobody's user and group, the time of the commit.
set -eu
folder=$(realpath "${1:?usage: tarball.sh FOLDER [COMMIT]}")
commit=${2-HEAD}
cd "$(dirname "$0")/../.."
version=$(git show "$commit:core/include/evprof/version.h" |
    sed -n 's/^#define EVPROF_VERSION "\(.*\)"/\1/p')
git archive --format=tar --prefix="evprof-$version/" "$commit" | gzip -9n \
    >"$folder/evprof-$version.tar.gz"
echo "$folder/evprof-$version.tar.gz"
