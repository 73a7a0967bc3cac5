# SPDX-License-Identifier: Apache-2.0
# Reads "FILE:#include LINE" rows and prints every arrow that the house forbids:
# a room may include itself, the public headers, and what its row allows; rooms
# below allowed ones are allowed too. Modules may not include each other.
function row(room, allowed) { may[room] = allowed }
BEGIN {
    row("proto", "")
    row("core/base", "")
    row("core/profile", "proto core/base")
    row("core/objects", "core/base")
    row("core/conf", "core/base")
    row("core/analysis", "core/profile")
    row("core/unwind", "core/objects")
    row("core/symbol", "core/objects core/profile")
    row("core/graph", "core/analysis")
    row("core/access", "core/conf")
    row("core/sample", "core/unwind core/objects")
    row("core/report", "core/graph core/symbol core/analysis")
    row("core/heap", "core/sample core/profile core/objects")
    row("core/interpose", "core/sample")
    row("core/runtime", "core/heap core/sample core/symbol core/access core/conf core/profile")
    row("modules/profiles", "core/runtime core/heap core/sample")
    row("modules/formats", "core/analysis core/heap")
    row("modules/reports", "core/report core/analysis")
    row("adapters/evhttp", "core/runtime")
    row("adapters/fetch", "core/analysis")
    row("adapters/testing", "core/analysis core/symbol core/heap")
    row("adapters/listener", "adapters/evhttp core/runtime")
    row("adapters/web", "adapters/fetch core/report")
    row("adapters/preload", "adapters/listener adapters/evhttp core/runtime")
    row("adapters/cli", "adapters/fetch adapters/web core/report core/symbol core/conf")
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
{
    colon = index($0, ":")
    file = substr($0, 1, colon - 1)
    if (match($0, /"[^"]*"/) == 0) next
    target = substr($0, RSTART + 1, RLENGTH - 2)
    from = room_of(file)
    if (target !~ /^(core|modules|adapters|proto)\//) {
        if (file ~ /\/example\//) next
        print file ": include \"" target "\" by its path from the top of the tree"
        bad = 1
        next
    }
    to = room_of(target)
    delete seen
    if (!(from in may)) { print file ": " from " is no room of the house"; bad = 1 }
    else if (!allowed(from, to, seen)) { print file ": " from " must not use " to; bad = 1 }
    else if (from ~ /^modules\// && to == from && target != file) {
        print file ": a module must not include another module"; bad = 1
    }
}
END { exit bad }
