# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts beside it: a fresh Debian with this tree's last commit in
# /src, and how to run something in it.

[ "$(id -u)" -eq 0 ] || { echo 'root makes roots'; exit 2; }
command -v debootstrap >/dev/null || { echo 'debootstrap is missing'; exit 2; }

# open_root ROOT SUITE: makes it, or uses it again, until the script ends.
open_root() {
    root=$1 suite=$2
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
        grep -m 1 '/debian/*$')
    [ -e "$root/etc/debian_version" ] ||
        debootstrap --variant=minbase "$suite" "$root" "$mirror"
    # What the machine needs to reach its mirror, such as a proxy.
    apt-config dump | grep -i '^Acquire::.*proxy' >"$root/etc/apt/apt.conf.d/90machine" ||
        true
    # A mirror may be of another day than this machine.
    echo 'Acquire::Check-Valid-Until "false";' >>"$root/etc/apt/apt.conf.d/90machine"
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    # Packages start no daemons here.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
    trap close_root EXIT
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    mount --bind /dev/pts "$root/dev/pts"
    mount --bind /dev/shm "$root/dev/shm"
    rm -rf "$root/src"
    mkdir "$root/src"
    git -C "$top" archive HEAD | tar -x -C "$root/src"
}

close_root() {
    umount "$root/dev/shm" "$root/dev/pts" "$root/dev" "$root/proc" 2>/dev/null ||
        true
}

# inside COMMANDS: in a new environment, in the folder of the sources.
inside() {
    chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root LC_ALL=C.UTF-8 sh -euc "cd /src; $1"
}
