# SPDX-License-Identifier: Apache-2.0
# The floors of the house: which rooms each room may use. What an allowed room
# may use is allowed too. The map in core/README.md shows the same.
function row(room, allowed) { may[room] = allowed }
# Headers of other projects that a room may include; libc's are free.
function uses(room, headers) { outside[room] = headers }
function fill_rooms() {
    row("proto", "")
    row("core/base", "")
    row("core/profile", "proto core/base")
    row("core/gotrace", "core/base")
    row("core/objects", "core/base")
    row("core/elf", "core/objects core/base")
    row("core/conf", "core/base")
    row("core/analysis", "core/profile")
    row("core/unwind", "core/objects")
    row("core/symbol", "core/elf core/objects core/profile")
    row("core/timeline", "proto core/gotrace core/profile")
    row("core/graph", "core/analysis")
    row("core/access", "core/conf")
    row("core/sample", "core/unwind core/objects core/profile")
    row("core/report", "core/graph core/symbol core/analysis")
    row("core/heap", "core/sample core/profile core/objects core/elf")
    row("core/trace", "core/gotrace core/sample core/profile")
    row("core/interpose", "core/sample")
    row("core/runtime", "core/heap core/trace core/sample core/symbol core/access core/conf core/profile")
    row("modules/profiles", "core/runtime core/heap core/trace core/sample")
    row("modules/formats", "core/analysis core/heap")
    row("modules/reports", "core/report core/symbol core/analysis")
    row("adapters/evhttp", "core/runtime")
    row("adapters/fetch", "core/analysis")
    row("adapters/gather", "core/analysis core/runtime")
    row("adapters/push", "adapters/fetch core/analysis core/runtime proto")
    row("adapters/testing", "core/analysis core/symbol core/heap core/runtime")
    row("adapters/symbolizer", "core/symbol")
    row("adapters/disasm", "core/symbol")
    row("adapters/listener", "adapters/evhttp core/runtime")
    row("adapters/web", "adapters/fetch core/report core/runtime")
    row("adapters/preload", "adapters/listener adapters/evhttp core/runtime core/interpose")
    row("adapters/attach", "core/analysis")
    row("adapters/cli", "core/timeline adapters/attach adapters/fetch adapters/web core/report core/symbol core/conf")

    uses("core/profile", "zlib.h")
    uses("core/analysis", "zlib.h zstd.h pcre2.h")
    uses("core/unwind", "libunwind.h")
    uses("core/symbol", "elfutils/ libelf.h gelf.h dwarf.h libiberty/ lzma.h zstd.h")
    uses("core/elf", "zlib.h")
    uses("core/access", "crypt.h")
    uses("core/report", "jansson.h")
    uses("modules/formats", "zlib.h")
    uses("adapters/evhttp", "event2/")
    uses("adapters/listener", "event2/")
    uses("adapters/web", "event2/ jansson.h")
    uses("adapters/fetch", "curl/ jansson.h")
    uses("adapters/push", "curl/")
    uses("adapters/disasm", "capstone/")
    uses("adapters/attach", "elfutils/")
    uses("adapters/cli", "histedit.h")
}
function room_of(path,   parts) {
    split(path, parts, "/")
    return parts[1] == "proto" ? "proto" : parts[1] "/" parts[2]
}
# Whether `from` may use `to`, following what the rooms below may use.
function allowed(from, to, seen,   n, i, list) {
    if (from == to) return 1
    if (from in seen) return 0
    seen[from] = 1
    n = split(may[from], list, " ")
    for (i = 1; i <= n; i++)
        if (allowed(list[i], to, seen)) return 1
    return 0
}
# Prints why `from` must not use `to`, "" where it may.
function arrow_fault(from, to,   seen) {
    if (!(from in may)) return from " is no room of the house"
    if (!(to in may)) return to " is no room of the house"
    return allowed(from, to, seen) ? "" : from " must not use " to
}
# Whether a header of another project is on the list of the room.
function may_include(room, header,   n, i, list) {
    n = split(outside[room], list, " ")
    for (i = 1; i <= n; i++)
        if (list[i] == header || (list[i] ~ /\/$/ && index(header, list[i]) == 1))
            return 1
    return 0
}
