# SPDX-License-Identifier: Apache-2.0
# A manual page of section 3 from the comments of a public header.
# usage: awk -v name=evprof_trace -v what="SENTENCE" -v library=evprof -v date="DAY"
#            -v see="evprof 3 evprof 7" -f header.awk trace.h
# A comment and the declarations below it, up to an empty line, are one item; lines
# of a comment that are set in stay as they are.
function escape(text) {
    gsub(/\\/, "\\e", text)
    gsub(/\(\)/, "\\\\\\&()", text)
    if (text ~ /^[.']/) text = "\\&" text
    return text
}
# Sentences begin on lines of their own, and none is longer than 78 bytes.
function print_text(text,   words, n, i, line) {
    n = split(text, words, /[ \t]+/)
    line = ""
    for (i = 1; i <= n; i++) {
        if (words[i] == "") continue
        if (line != "" && length(line) + length(words[i]) + 1 > 78) {
            print escape(line)
            line = ""
        }
        line = line == "" ? words[i] : line " " words[i]
        if (words[i] ~ /[.?!:][)"]?$/) {
            print escape(line)
            line = ""
        }
    }
    if (line != "") print escape(line)
}
function print_literal(first, last, lines,   i) {
    print ".Bd -literal"
    for (i = first; i <= last; i++) print escape(lines[i])
    print ".Ed"
}
function print_comment(   i, paragraph, from) {
    paragraph = ""
    for (i = 1; i <= said; i++) {
        if (comment[i] ~ /^[ \t][ \t]/) {
            print_text(paragraph)
            paragraph = ""
            for (from = i; comment[i + 1] ~ /^[ \t][ \t]/; i++) { }
            print_literal(from, i, comment)
        } else if (comment[i] ~ /^[ \t]*$/) {
            if (paragraph != "") {
                print_text(paragraph)
                paragraph = ""
                if (i < said && comment[i + 1] !~ /^[ \t][ \t]/) print ".Pp"
            }
        } else {
            paragraph = paragraph " " comment[i]
        }
    }
    print_text(paragraph)
}
function finish_item() {
    if (said + coded == 0) return
    if (!intro) {
        head(); print_comment(); intro = 1
    } else if (section != "") {
        print ".Ss " section; section = ""
    }
    if (coded > 0) print_literal(1, coded, code)
    if (!was_intro) was_intro = 1
    else print_comment()
    split("", comment); split("", code)
    said = coded = 0
}
function head() {
    print ".Dd " date
    print ".Dt " toupper(name) " 3"
    print ".Os"
    print ".Sh NAME"
    print ".Nm " name
    print ".Nd " what
    print ".Sh LIBRARY"
    print "The header is for programs that link"
    print ".Fl l Ns " library "."
    print ".Sh SYNOPSIS"
    print ".In evprof/" file ".h"
    print ".Sh DESCRIPTION"
}
BEGIN { file = name; sub(/^evprof_/, "", file) }
/^\/\* ---- .* ---- \*\/$/ {
    finish_item()
    section = $0
    sub(/^\/\* ---- /, "", section)
    sub(/ ---- \*\/$/, "", section)
    next
}
/SPDX-License-Identifier/ { next }
/^#(include|ifndef|ifdef|endif|if|else|undef)/ || /^extern "C" \{$/ { next }
/^#define EVPROF_[A-Z]*_H$/ { next }
/^}$/ && depth == 0 { next }
skipping { if (/^}/) skipping = 0; next }
/^static inline/ { skipping = 1; said = coded = 0; next }
/^#define [A-Za-z0-9_]*__/ { while (/\\$/) { if ((getline) <= 0) break } said = 0; next }
inside {
    line = $0
    inside = line !~ /\*\//
    sub(/[ \t]*\*\/.*/, "", line)
    sub(/^[ \t]*\*?[ \t]?/, "", line)
    if (line != "" || inside) comment[++said] = line
    next
}
depth == 0 && !continued && /^\/\*/ {
    if (coded) finish_item()
    line = $0
    inside = line !~ /\*\//
    sub(/^\/\*[ \t]*/, "", line)
    sub(/[ \t]*\*\/.*/, "", line)
    if (line != "") comment[++said] = line
    next
}
/^[ \t]*$/ && depth == 0 && !continued { finish_item(); next }
{
    continued = /\\$/
    line = $0
    # What stands below the first line of a declaration moves with it.
    if (sub(/^EVPROF_API /, "", line)) shift = 1
    else if (line ~ /^[^ ]/) shift = 0
    else if (shift) sub(/^           /, "", line)
    sub(/[ \t]*\\$/, " \\", line)
    code[++coded] = line
    depth += gsub(/\{/, "{", line) - gsub(/\}/, "}", line)
}
END {
    finish_item()
    print ".Sh SEE ALSO"
    n = split(see, words, " ")
    for (i = 1; i + 1 <= n; i += 2)
        print ".Xr " words[i] " " words[i + 1] (i + 2 <= n ? " ," : "")
}
