# SPDX-License-Identifier: Apache-2.0
# Reads `nm -A` of the rooms' objects and prints every arrow between rooms that
# rooms.awk forbids, whatever headers were included for it. With -v circles=1 it
# prints instead "ROOM/FILE ROOM/FILE" for each pair of files of one room where
# the first calls the second, for tsort.
# Reads first the names that public headers declare, one a row: whoever includes
# such a header may call them.
BEGIN { fill_rooms() }
FNR == NR { is_public[$1] = 1; next }
# ".../core/base/CMakeFiles/evprof_base.dir/buf.c.o" is core/base/buf.
function place_of(path,   room, file) {
    if (match(path, /__\/(core|modules|adapters)\/[a-z_]+\//))
        room = substr(path, RSTART + 3, RLENGTH - 4)
    else {
        match(path, /(core|modules|adapters)\/[a-z_]+\/CMakeFiles/)
        room = substr(path, RSTART, RLENGTH - length("/CMakeFiles"))
    }
    file = path
    sub(/.*\//, "", file)
    sub(/\.c\.o$/, "", file)
    return room "/" file
}
{
    split($1, part, ":")
    place = place_of(part[1])
    kind = $(NF - 1)
    name = $NF
    # Others are libc's, which the wrappers stand in front of.
    if (name !~ /^(evprof|cli)_/) next
    if (kind == "U" || kind == "w") {
        count++
        user[count] = place
        used[count] = name
    } else if (kind ~ /^[TDBRVWGSC]$/) {
        home[name] = place
    }
}
END {
    for (i = 1; i <= count; i++) {
        if (!(used[i] in home) || used[i] in is_public) continue
        from = user[i]
        to = home[used[i]]
        if (circles) {
            if (room_of(from) == room_of(to) && from != to) print from, to
            continue
        }
        fault = arrow_fault(room_of(from), room_of(to))
        # The arrays of modules are the one way up: core declares them.
        if (used[i] ~ /^evprof_(profile_modules|formats|reports)$/) continue
        # What EvprofEmbed made of a file is named after that file.
        if (used[i] ~ "^" substr(to, length(room_of(to)) + 2)) continue
        if (fault != "") { print from ": " fault ": " used[i]; bad = 1 }
        else if (room_of(from) ~ /^modules\// && room_of(from) == room_of(to) &&
                 from != to && to !~ /(profile_modules|formats|reports)$/ &&
                 from !~ /(profile_modules|formats|reports)$/) {
            print from ": a module must not use another module: " used[i]
            bad = 1
        }
    }
    exit bad
}
