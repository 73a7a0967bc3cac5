# SPDX-License-Identifier: Apache-2.0
# Reads the sources and prints `FUNCTION STATUS...` for each function: the statuses
# that it and those it passes `err` to, or whose results it returns, name. What comes
# through function pointers is not seen. Static functions are known by their file.
FNR == 1 { name = ""; inside = 0; is_static = 0; in_comment = 0 }
{
    line = $0
    if (in_comment) {
        if (!sub(/^.*\*\//, "", line)) next
        in_comment = 0
    }
    gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
    gsub(/\/\*([^*]|\*[^\/])*\*\//, "", line)
    if (sub(/\/\*.*/, "", line)) in_comment = 1
}
inside && line ~ /^}/ { finish(); inside = 0; name = ""; is_static = 0; next }
inside { body = body " " line; next }
line ~ /^static / { is_static = 1 }
line ~ /^[a-z_][a-z0-9_]*\(/ {
    name = line
    sub(/\(.*/, "", name)
    body = ""
    next
}
line ~ /^{/ && name != "" { inside = 1; next }
line ~ /^}/ || line ~ /;$/ { name = ""; is_static = 0 }

# The text between a parenthesis, with which `text` begins, and its partner.
function arguments(text,   i, depth, c) {
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "(") depth++
        if (c == ")" && --depth == 0) return substr(text, 2, i - 2)
    }
    return substr(text, 2)
}

function finish(   key, rest, word, before, inner) {
    key = is_static ? FILENAME ":" name : name
    home[key] = FILENAME
    before = ""
    rest = body
    while (match(rest, /EVPROF_E[A-Z_]+/)) {
        word = substr(rest, RSTART, RLENGTH)
        before = before substr(rest, 1, RSTART - 1)
        rest = substr(rest, RSTART + RLENGTH)
        # A comparison gives none.
        if (before !~ /([!=]=|case) *$/ && word !~ /ERRNO|END/)
            direct[key] = direct[key] " " word
        before = before word
    }
    rest = body
    while (match(rest, /[a-z_][a-z0-9_]*\(/)) {
        word = substr(rest, RSTART, RLENGTH - 1)
        before = substr(rest, 1, RSTART - 1)
        inner = arguments(substr(rest, RSTART + RLENGTH - 1))
        rest = substr(rest, RSTART + RLENGTH)
        if (inner ~ /(^|[^a-z_])err *$/ ||
            before ~ /(return|status =|[?:]) *$/)
            calls[key] = calls[key] " " word
    }
}

function walk(key,   n, i, part) {
    if (key in reached) return
    reached[key] = 1
    n = split(direct[key], part, " ")
    for (i = 1; i <= n; i++) got[part[i]] = 1
    n = split(calls[key], part, " ")
    for (i = 1; i <= n; i++) {
        if ((home[key] ":" part[i]) in home) walk(home[key] ":" part[i])
        else if (part[i] in home) walk(part[i])
    }
}

END {
    for (key in home) {
        if (key ~ /:/) continue
        split("", reached)
        split("", got)
        walk(key)
        line = key
        for (status in got) line = line " " status
        print line
    }
}
