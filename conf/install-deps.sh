#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what a build needs from Debian; with --tests also what the tests need.
# Run it as root, or with sudo on the PATH. Debian starts the daemons among them
# where it is not a container; the tests start their own and need none of those.
# Of names with a | between them it is the first that this Debian has.
set -eu

build="cmake ninja-build gcc g++ pkg-config
    libevent-dev libprotobuf-c-dev protobuf-c-compiler zlib1g-dev libdw-dev
    libelf-dev libunwind-dev libjemalloc-dev libpcre2-dev libiberty-dev
    libedit-dev libzstd-dev liblzma-dev libjansson-dev libcurl4-openssl-dev
    libcapstone-dev libcrypt-dev
    ca-certificates"
tests="libcmocka-dev golang-go curl clang libclang-rt-14-dev|libclang-rt-21-dev|libclang-rt-19-dev
    libtcmalloc-minimal4|libtcmalloc-minimal4t64 lld mold abigail-tools mandoc
    dpkg-dev debhelper fakeroot lintian binutils file procps graphviz tmux
    nginx-light squid microsocks tinyproxy-bin apache2-utils wrk openssl libssl-dev libnghttp2-dev iproute2
    krb5-kdc krb5-admin-server krb5-user prometheus
    gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user debuginfod
    nodejs npm chromium
    jq libxml2-utils python3-html5lib
    redis-server redis-tools memcached transmission-daemon
    mariadb-server mariadb-client"

packages=$build
case ${1-} in
--tests) packages="$build $tests" ;;
'') ;;
*)
    echo "usage: sh conf/install-deps.sh [--tests]" >&2
    exit 2
    ;;
esac

as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
fi
is_installed() {
    case $(dpkg-query -W -f='${Status}' "$1" 2>/dev/null || true) in
    *' installed') ;;
    *) return 1 ;;
    esac
}
missing=
for package in $packages; do
    # A Node.js that is not Debian's brings its npm, and conflicts with Debian's.
    if [ "$package" = npm ] && command -v npm >/dev/null; then
        continue
    fi
    for name in $(echo "$package" | tr '|' ' '); do
        ! is_installed "$name" || continue 2
    done
    missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo "all packages are installed"
    exit 0
fi
$as_root apt-get update
chosen=
for package in $missing; do
    for name in $(echo "$package" | tr '|' ' '); do
        ! apt-cache show "$name" >/dev/null 2>&1 || break
    done
    chosen="$chosen $name"
done
# shellcheck disable=SC2086 # a list of words
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y \
    --no-install-recommends $chosen
