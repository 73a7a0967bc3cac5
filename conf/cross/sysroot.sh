#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: sysroot.sh FOLDER [ARCHITECTURE]
# Unpacks what a build for another processor needs into FOLDER: Debian's packages
# for it (arm64 by default), from where this machine's apt takes its own. Nothing
# is installed here, and no root is needed. A folder that is complete stays.
set -eu
folder=${1:?usage: sysroot.sh FOLDER [ARCHITECTURE]}
architecture=${2-arm64}
packages="libc6-dev libevent-dev libprotobuf-c-dev zlib1g-dev libdw-dev libelf-dev
    libunwind-dev libjemalloc-dev libpcre2-dev libiberty-dev libedit-dev libzstd-dev
    liblzma-dev libjansson-dev libcurl4-openssl-dev libcapstone-dev libcrypt-dev
    libcmocka-dev libnghttp2-dev libstdc++6"
wanted="$folder/usr/share/evprof-sysroot"
# shellcheck disable=SC2086
if [ "$(cat "$wanted" 2>/dev/null)" = "$(echo $packages)" ]; then
    echo "$folder is complete"
    exit 0
fi

mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/dpkg"
: >"$work/dpkg/status"
apt() {
    apt-get -qq -o Dir::State="$work" -o Dir::State::lists="$work/lists" \
        -o Dir::State::status="$work/dpkg/status" -o Dir::Cache="$work" \
        -o Dir::Cache::archives="$work/archives" -o Debug::NoLocking=1 \
        -o APT::Architecture="$architecture" \
        -o APT::Architectures="$architecture" -o APT::Sandbox::User= \
        -o APT::Install-Recommends=0 "$@"
}
apt update
# shellcheck disable=SC2086 # a list of words
apt --download-only -y install $packages >/dev/null
for package in "$work"/archives/*.deb; do
    dpkg-deb -x "$package" "$folder"
done
mkdir -p "$folder/usr/share"
# shellcheck disable=SC2086
echo $packages >"$wanted"
echo "$folder has $(ls "$work/archives" | grep -c '\.deb$') packages"
