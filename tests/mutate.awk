# SPDX-License-Identifier: Apache-2.0
# Lists the mutants of one C file: line, TAB, the changed line. A line can give
# several: one for each operator and number in it, and one without the statement
# that it holds. Lines outside of functions, comments and texts are left alone,
# and code for another processor than `machine`, which is not compiled.

function propose(changed) {
    if (changed != $0) {
        printf "%d\t%s\n", FNR, changed
    }
}

# Each place where `from` stands in the code of the line becomes `to`, in turn.
function swap(from, to,    at, rest, before) {
    before = ""
    rest = $0
    while ((at = index(rest, from)) > 0) {
        propose(before substr(rest, 1, at - 1) to substr(rest, at + length(from)))
        before = before substr(rest, 1, at + length(from) - 1)
        rest = substr(rest, at + length(from))
    }
}

function swap_numbers(    rest, before, number) {
    before = ""
    rest = $0
    while (match(rest, /[^A-Za-z0-9_.][0-9]+[^A-Za-z0-9_.]/)) {
        number = substr(rest, RSTART + 1, RLENGTH - 2)
        propose(before substr(rest, 1, RSTART) (number + 1) \
                substr(rest, RSTART + RLENGTH - 1))
        before = before substr(rest, 1, RSTART + RLENGTH - 2)
        rest = substr(rest, RSTART + RLENGTH - 1)
    }
}

# Whether the condition of the line is on the processor, and on this one.
function is_machine() { return $0 ~ "defined\\(__" machine "__\\)$" }

FNR == 1 { in_function = in_comment = depth = left_out = 0; last = ";" }
/^#if/ {
    outer[++depth] = left_out
    is_about[depth] = /^#if defined\(__(x86_64|aarch64)__\)$/
    is_taken[depth] = is_about[depth] && is_machine()
    left_out = outer[depth] || (is_about[depth] && !is_taken[depth])
}
/^#elif/ && is_about[depth] {
    left_out = outer[depth] || is_taken[depth] || !is_machine()
    is_taken[depth] = is_taken[depth] || is_machine()
}
/^#else/ && is_about[depth] { left_out = outer[depth] || is_taken[depth] }
/^#endif/ { left_out = outer[depth--] }
left_out { next }

/^\{/ { in_function = 1; last = "{"; next }
/^\}/ { in_function = 0; next }
/^ *\/\*/ { in_comment = 1 }
in_comment { if (/\*\//) { in_comment = 0 } next }
!in_function || /^ *$/ || /^#/ { next }

!/["']/ && !/\/[*\/]/ && !/case |_Static_assert|^ *enum |^ *static / {
    swap(" < ", " <= "); swap(" <= ", " < "); swap(" > ", " >= ")
    swap(" >= ", " > "); swap(" == ", " != "); swap(" != ", " == ")
    swap(" && ", " || "); swap(" || ", " && ")
    swap(" + ", " - "); swap(" - ", " + "); swap(" | ", " & ")
    swap("return true;", "return false;"); swap("return false;", "return true;")
    swap("(!", "(")
    swap_numbers()
}

# A whole statement on one line, behind the end of another.
/^ +(\(void\))?[a-z_][A-Za-z0-9_.>\[\]*-]*( [-+|&]?= |\().*;$/ && last ~ /[;{}]$/ &&
    !/^ +(return|if|for|while|break|continue|goto|else)/ {
    match($0, /^ +/)
    propose(substr($0, 1, RLENGTH) ";")
}
{ last = $0 }
