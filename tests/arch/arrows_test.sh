#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each rule of arrows.awk must object to a tree that breaks it and to no other.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$(dirname "$0")/../begin.sh"
tree=$work

check() { # check EXPECTED FILE LINE
    mkdir -p "$tree/core" "$tree/modules" "$tree/adapters" \
        "$(dirname "$tree/$2")"
    echo "$3" >"$tree/$2"
    if sh "$here/arrows.sh" "$tree" >/dev/null; then got=pass; else got=fail; fi
    rm "$tree/$2"
    if [ "$got" != "$1" ]; then
        echo "$2 with $3: expected $1, got $got"
        exit 1
    fi
}
include() { check "$1" "$2" "#include \"$3\""; }
system() { check "$1" "$2" "#include <$3>"; }

# Down is allowed, through rooms between; up and sideways are not.
include pass core/profile/a.c core/base/buf.h
include pass adapters/cli/a.c core/base/buf.h
include pass core/runtime/a.c core/unwind/unwind.h
include fail core/base/a.c core/profile/pprof.h
include fail core/profile/a.c core/graph/graph.h
include fail core/sample/a.c core/heap/heap.h
include fail modules/reports/a.c adapters/cli/cli.h
# Adapters see what they need, not all of the core.
include pass adapters/evhttp/a.c core/runtime/job.h
include fail adapters/evhttp/a.c core/report/report.h
include fail adapters/fetch/a.c core/runtime/job.h
include fail adapters/cli/a.c adapters/evhttp/serve.h
# A module knows no other module; every file stands in a room that is known.
include fail modules/reports/a.c modules/reports/b.h
include fail core/kitchen/a.c core/base/buf.h
include fail core/base/a.c core/kitchen/a.h
include fail core/base/a.c buf.h
# Public headers of adapters are the adapters'.
system pass adapters/listener/a.c evprof/evhttp.h
system pass core/base/a.c evprof/status.h
system fail core/runtime/a.c evprof/evhttp.h
system fail adapters/evhttp/a.c evprof/testing.h
# Libraries have their rooms.
system pass core/analysis/a.c pcre2.h
system pass adapters/evhttp/a.c event2/http.h
system pass core/base/a.c string.h
system fail core/base/a.c zlib.h
system fail core/runtime/a.c event2/http.h
system fail core/sample/a.c gelf.h
# What another file defines is declared in its header.
check fail core/base/a.c 'extern int evprof_thing(void);'
check pass core/base/a.c 'extern char **environ;'
check pass core/base/a.h 'extern const int evprof_thing;'
echo ok
