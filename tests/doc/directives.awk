# SPDX-License-Identifier: Apache-2.0
# The reference of the directives, which is a configuration file with comments,
# as a section of a manual page.
function roff(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    return text
}
/^# Every directive/, /place\.$/ { next }
/^ *$/ { next }
/^[a-z]+ \{$/ {
    print ".SS In " $1 " { }"
    next
}
/^ *# [a-z_]+ [^ ].*;$/ {
    sub(/^ *# /, "")
    name = $1
    sub(/^[a-z_]+ /, "")
    print ".TP\n.BI " name " \" " roff($0) "\""
    next
}
/^ *#     / {
    sub(/^ *#     /, "")
    gsub(/`/, "")
    print roff($0)
    next
}
/^ *profile [a-z]+ \{$/ || /^ *profile [a-z]+ on;$/ {
    print ".PP\n.B " ($3 == "{" ? "profile " $2 " { }" : "profile " $2 " on;")
    next
}
/^ *\}$/ { next }
{
    sub(/^ */, "")
    print ".br\nDefault:\n.B " roff($0)
}
