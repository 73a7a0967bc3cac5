# SPDX-License-Identifier: Apache-2.0
# Reads "FILE:LINE" rows, LINE an #include or an extern declaration, and prints
# what the house forbids: arrows that rooms.awk does not allow, paths that do not
# begin at the top of the tree, modules that include each other, headers of other
# projects outside of their rooms, and declarations that stand in no header.
BEGIN {
    fill_rooms()
    # What is neither libc's nor Linux's has one of these beginnings.
    foreign = "^(event2/|curl/|elfutils/|libelf|gelf|dwarf|pcre2|jansson|zlib" \
        "|zstd|lzma|libunwind|crypt\\.h|histedit|editline|demangle|libiberty" \
        "|capstone|llvm-c/|jemalloc/|protobuf-c/|openssl/|microhttpd|ncurses)"
}
function object(file, why) { print file ": " why; bad = 1 }
# The room whose public header `<evprof/NAME.h>` is; "" for those of the core.
function owner_of(header) {
    if (header == "evprof/evhttp.h") return "adapters/evhttp"
    if (header == "evprof/testing.h") return "adapters/testing"
    return ""
}
function check_public(file, header,   to, fault) {
    to = owner_of(header)
    fault = to == "" ? "" : arrow_fault(room_of(file), to)
    if (fault != "") object(file, fault)
}
function check_foreign(file, header) {
    if (header ~ foreign && !may_include(room_of(file), header))
        object(file, "<" header "> is not for " room_of(file))
}
function check_own(file, target,   fault) {
    if (target !~ /^(core|modules|adapters|proto)\//) {
        object(file, "include \"" target "\" by its path from the top of the tree")
        return
    }
    fault = arrow_fault(room_of(file), room_of(target))
    if (fault != "") object(file, fault)
    else if (room_of(file) ~ /^modules\// && room_of(target) == room_of(file))
        object(file, "a module must not include another module")
}
{
    colon = index($0, ":")
    file = substr($0, 1, colon - 1)
    line = substr($0, colon + 1)
    if (file ~ /\/example\//) next
    # The linker's and libc's names have no header.
    if (line ~ /^extern/) {
        if (line !~ /environ|__start_|__stop_|evprof_(flame|pan_zoom|web|weblist)_|mallctl/)
            object(file, "declares what stands in no header: " line)
    } else if (match(line, /"[^"]*"/)) {
        check_own(file, substr(line, RSTART + 1, RLENGTH - 2))
    } else if (match(line, /<[^>]*>/)) {
        header = substr(line, RSTART + 1, RLENGTH - 2)
        if (header ~ /^evprof\//) check_public(file, header)
        else check_foreign(file, header)
    }
}
END { exit bad }
