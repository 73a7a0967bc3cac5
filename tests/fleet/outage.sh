#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: outage.sh SECONDS [BUILD]
# An engine that is away and a server that is killed, for so long (an hour by
# hand); BUILD is a build folder with tests, build/release by default. Nothing
# may be lost that the spool has room for.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:?usage: outage.sh SECONDS [BUILD]}
build=${2-build/release}
exec "$build/tests/fleet_outage" "$build/tests/push_once" "$seconds"
