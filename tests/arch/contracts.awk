# SPDX-License-Identifier: Apache-2.0
# Reads the output of statuses.awk, then public headers, and prints what their
# comments leave out. A function is described by the comment above its group.
#
# - Each status that the implementation names.
# - Who owns each pointer that is taken or returned: in a sentence that has the
#   parameter's name (or speaks of all) and one of the words of ownership. A type
#   whose own comment says so needs no word at each function.
# - The unit of each number, in a sentence with the parameter's name.
# - The fields of structures likewise.
function begin_words() {
    owner = "(cop(y|ies|ied)|own(s|ed)?|keeps?|kept|li(fe|ves?)|valid|static|" \
        "constant|freed|borrowed|caller's|application's|handed on|" \
        "(only|is|are) read|read only|only compared)"
    every = "(both|everything|all (three|pointers|texts)|each (text|pointer)|" \
        "points to|strings|texts|names)"
    unit = "(nanoseconds?|seconds?|bytes?|frames?|threads?|handles?|entries|" \
        "contentions?|iterations?|columns?|labels?|values?|arguments?|samples?|" \
        "unit|one in|how (many|often)|percent|number)"
    split("debug how line argc fd token task parent i status version", plain, " ")
    for (word in plain) no_quantity[plain[word]] = 1
    # These return an exit code or a token, not a status.
    no_status["evprof_testing_main"] = 1
}
BEGIN { begin_words() }
pass == 1 {
    may[$1] = " "
    for (k = 2; k <= NF; k++) may[$1] = may[$1] $k " "
    next
}
FNR == 1 { if (header != "") read_header(); header = FILENAME; text = "" }
{
    # Nothing of the preprocessor.
    if (continued || /^[ \t]*#/) { continued = /\\$/; text = text "\n"; next }
    if (/extern "C"/ || ($0 == "}" && !opened)) { text = text "\n"; next }
    if (/^}/) opened = 0
    else if (/{$/) opened = 1
    text = text $0 "\n"
}
END {
    if (header != "") read_header()
    check_all()
    exit bad
}

function plain_comment(raw) {
    gsub(/^\/\*+|\*+\/$/, "", raw)
    gsub(/\n[ \t]*\*?/, " ", raw)
    gsub(/[ \t]+/, " ", raw)
    return raw
}

# Cuts the header into comments and statements.
function read_header(   rest, at, gap, piece) {
    rest = text
    doc = statement = structure = ""
    depth = 0
    while (rest != "") {
        match(rest, /^[ \t\n]*/)
        gap = substr(rest, 1, RLENGTH)
        rest = substr(rest, RLENGTH + 1)
        if (gap ~ /\n[ \t]*\n/ && statement == "") doc = ""
        if (rest == "") break
        if (substr(rest, 1, 2) == "/*") {
            at = index(rest, "*/") + 1
            piece = plain_comment(substr(rest, 1, at))
            rest = substr(rest, at + 1)
            if (statement != "") continue
            if (gap !~ /\n/ && last_field != "") trailing(piece)
            else doc = piece
            continue
        }
        match(rest, /^([^;{}\/]|\/[^*])*/)
        statement = statement " " substr(rest, 1, RLENGTH)
        rest = substr(rest, RLENGTH + 1)
        piece = substr(rest, 1, 1)
        if (piece == "/") continue
        rest = substr(rest, 2)
        end_statement(piece)
        statement = ""
    }
}

function end_statement(sign,   words) {
    words = statement
    gsub(/[ \t\n]+/, " ", words)
    sub(/^ /, "", words)
    last_field = ""
    if (sign == "{") {
        depth++
        if (depth == 1) {
            structure = words ~ /struct/ && words !~ /\(/ ? words : ""
            sub(/.*struct /, "", structure)
            sub(/ .*/, "", structure)
            about_structure = doc
            doc = ""
        }
        return
    }
    if (sign == "}") { depth--; return }
    if (depth > 0) { if (structure != "") field(words); return }
    if (structure != "" && words ~ /^evprof_[a-z_]*_t ?$/) {
        sub(/ $/, "", words)
        about[words] = about_structure
        structure = ""
        return
    }
    if (words ~ /^typedef struct [a-z_]+ [a-z_]+ ?$/) {
        sub(/ $/, "", words)
        sub(/.* /, "", words)
        about[words] = doc
    } else if (words !~ /^typedef|^extern|^struct [a-z_]+ ?$|^enum/ && words ~ /\(/)
        declare(words)
}

function field(words) {
    last_field = ++fields
    field_words[fields] = words
    field_of[fields] = structure
    field_doc[fields] = doc
    field_about[fields] = about_structure
    field_header[fields] = header
}
function trailing(piece) {
    field_doc[last_field] = piece
    doc = ""
}

function declare(words) {
    functions++
    function_words[functions] = words
    function_doc[functions] = doc
    function_header[functions] = header
}

function complain(place, what) { print place ": " what; bad = 1 }

# Whether a sentence of `said` has both; `name` is a pattern for a word.
function sentence_with(said, name, words,   n, i, part, low) {
    n = split(said, part, /[.;] /)
    for (i = 1; i <= n; i++) {
        low = " " tolower(part[i]) " "
        if (low ~ ("[^a-z_]" words "[^a-z_]") &&
            (name == "" || low ~ ("[^a-z_]" name "[^a-z_]")))
            return 1
    }
    return 0
}

function is_number(type) {
    return type ~ /(^| )(int|long|unsigned|size_t|double|u?int64_t)$/
}

function owned_by_type(type,   name) {
    if (!match(type, /evprof_[a-z_]+_t|evprof_t/)) return 0
    name = substr(type, RSTART, RLENGTH)
    return name in about && sentence_with(about[name], "", owner)
}

function check_all(   i) {
    for (i = 1; i <= functions; i++)
        check_function(function_words[i], function_doc[i],
            function_header[i])
    for (i = 1; i <= fields; i++) check_field(i)
    if (functions < 3) complain("headers", "only " functions " functions were read")
}

function check_function(words, said, where,   name, before, inner, n, i, part, place) {
    sub(/__attribute__.*/, "", words)
    if (words ~ /^EVPROF_SETTER|^static inline/) return
    match(words, /[a-z_0-9]+ ?\(/)
    name = substr(words, RSTART, RLENGTH)
    sub(/ ?\($/, "", name)
    before = substr(words, 1, RSTART - 1)
    sub(/^EVPROF_API /, "", before)
    inner = substr(words, RSTART + RLENGTH)
    sub(/\) ?$/, "", inner)
    place = where ": " name
    if (said == "") { complain(place, "no comment"); return }
    check_statuses(place, name, said)
    if (before ~ /\*/ && !owned_by_type(before) && !sentence_with(said, "", owner))
        complain(place, "who owns what it returns, and how long")
    if (before ~ /(long|size_t|double) $/ && !sentence_with(said, "", unit))
        complain(place, "the unit of what it returns")
    if (before ~ /^int $/ && !(name in no_status) &&
        tolower(said) !~ /evprof_e|status|returns|token/)
        complain(place, "what it returns")
    n = parameters(inner, part)
    for (i = 1; i <= n; i++) check_parameter(place, part[i], said)
}

function check_statuses(place, name, said,   n, i, part) {
    if (name in no_status || !(name in may)) return
    n = split(may[name], part, " ")
    for (i = 1; i <= n; i++)
        if (said !~ (part[i] "([^A-Z]|$)")) complain(place, part[i] " is not named")
}

# Splits at the commas that stand in no parentheses.
function parameters(inner, part,   i, c, level, n) {
    split("", part)
    n = 1
    part[1] = ""
    for (i = 1; i <= length(inner); i++) {
        c = substr(inner, i, 1)
        if (c == "(") level++
        if (c == ")") level--
        if (c == "," && level == 0) { n++; part[n] = ""; continue }
        part[n] = part[n] c
    }
    return n
}

function check_parameter(place, words, said,   name, type) {
    gsub(/^ +| +$/, "", words)
    if (words == "void" || words == "..." || words ~ /\*format$/) return
    if (match(words, /\(\*[a-z_]+\)/)) {
        name = substr(words, RSTART + 2, RLENGTH - 3)
        if (said !~ ("[^a-z_]" name "[^a-z_]"))
            complain(place, "`" name "` is not named")
        return
    }
    match(words, /[a-z_0-9]+$/)
    name = substr(words, RSTART)
    type = substr(words, 1, RSTART - 1)
    gsub(/ +$/, "", type)
    if (type ~ /\*/) {
        if (!owned_by_type(type) && !sentence_with(said, name, owner) &&
            !sentence_with(said, every, owner))
            complain(place, "who owns `" name "`")
        if (type ~ /evprof_writer_t/ &&
            tolower(said) !~ /what (`out`|the writer) (returns|returned)/)
            complain(place, "what follows when the writer fails")
    }
    if (type ~ /(long|size_t|int64_t) \*$/ || is_number(type)) {
        if (name in no_quantity) {
            if (said !~ ("[^a-z_]" name "[^a-z_]"))
                complain(place, "`" name "` is not named")
        } else if (!sentence_with(said, name, unit))
            complain(place, "the unit of `" name "`")
    }
}

function check_field(i,   words, name, type, said, place) {
    words = field_words[i]
    said = field_doc[i]
    gsub(/ +$/, "", words)
    if (match(words, /\(\*[a-z_]+\)/)) {
        name = substr(words, RSTART + 2, RLENGTH - 3)
        place = field_header[i] ": " field_of[i] "." name
        if (said == "" && field_about[i] !~ ("`" name "`"))
            complain(place, "no comment")
        return
    }
    match(words, /[a-z_0-9]+$/)
    name = substr(words, RSTART)
    sub(/\[.*/, "", name)
    type = substr(words, 1, RSTART - 1)
    gsub(/ +$/, "", type)
    place = field_header[i] ": " field_of[i] "." name
    if (said == "" && field_about[i] !~ ("`" name "`")) complain(place, "no comment")
    if (type ~ /\*/ && !owned_by_type(type) && !sentence_with(said, "", owner) &&
        !sentence_with(field_about[i], name, owner) &&
        !sentence_with(field_about[i], every, owner))
        complain(place, "who owns it")
    said = said ". " field_about[i]
    if (is_number(type) && !(name in no_quantity) && name !~ /^(abi|flags)$/ &&
        !sentence_with(said, "", unit) && name !~ /seconds|_ns$|bytes/)
        complain(place, "its unit")
}
