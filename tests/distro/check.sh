#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: check.sh ROOT SUITE [demo]
# Both commands of README in a fresh Debian of SUITE (bookworm, trixie, sid), which
# debootstrap makes in the folder ROOT from where this machine's apt takes its
# packages; with `demo` only the first. By hand, as root; ROOT stays for a look.
set -euo pipefail
root=${1:?usage: check.sh ROOT SUITE [demo]} suite=${2:?usage: check.sh ROOT SUITE [demo]}
only=${3-}
here=$(cd "$(dirname "$0")" && pwd)
top=$(realpath "$here/../..")
[ "$(id -u)" -eq 0 ] || { echo 'root makes roots'; exit 2; }
command -v debootstrap >/dev/null || { echo 'debootstrap is missing'; exit 2; }

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
    grep -m 1 '/debian/*$')
[ -e "$root/etc/debian_version" ] ||
    debootstrap --variant=minbase "$suite" "$root" "$mirror"
# What the machine needs to reach its mirror, such as a proxy.
apt-config dump | grep -i '^Acquire::.*proxy' >"$root/etc/apt/apt.conf.d/90machine" ||
    true
cp /etc/resolv.conf "$root/etc/resolv.conf"

unmount() {
    umount "$root/dev/pts" "$root/dev/shm" "$root/dev" "$root/sys" "$root/proc" \
        2>/dev/null || true
}
trap unmount EXIT
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys" 2>/dev/null || mount --rbind /sys "$root/sys"
mount --bind /dev "$root/dev"
mount --bind /dev/pts "$root/dev/pts" 2>/dev/null || true
mount --bind /dev/shm "$root/dev/shm" 2>/dev/null || true

rm -rf "$root/src"
mkdir "$root/src"
git -C "$top" archive HEAD | tar -x -C "$root/src"
inside() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        sh -c "cd /src && $1"
}
inside 'sh conf/install-deps.sh && cmake --workflow --preset demo'
[ "$only" = demo ] ||
    inside 'sh conf/install-deps.sh --tests && cmake --workflow --preset check'
echo "ok: $suite"
