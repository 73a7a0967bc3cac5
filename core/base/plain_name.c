/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass from left to right. Brackets are skipped as balanced groups; the
 * words "operator", "(anonymous namespace)" and braces are copied whole, since
 * they hold brackets that are part of a name.
 */
#include "core/base/plain_name.h"

#include <ctype.h>
#include <string.h>

static bool
is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static bool
starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* The length of a parenthesised group, 0: it does not end. */
static size_t
paren_len(const char *at)
{
    size_t depth = 0;
    for (size_t i = 0; at[i] != '\0'; i++) {
        depth += at[i] == '(';
        depth -= at[i] == ')';
        if (depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* The length of a list of template arguments, 0: it does not end. Comparisons
 * in it stand in parentheses, but "->" does not. */
static size_t
angle_len(const char *at)
{
    size_t depth = 0;
    for (size_t i = 0; at[i] != '\0'; i++) {
        size_t inner = at[i] == '(' ? paren_len(at + i) : 0;
        if (inner > 0) {
            i += inner - 1;
        } else if (at[i] == '<') {
            depth++;
        } else if (at[i] == '>' && (i == 0 || at[i - 1] != '-')) {
            if (--depth == 0) {
                return i + 1;
            }
        }
    }
    return 0;
}

/* The length of "operator" with the sign that follows, 0: no such word. */
static size_t
operator_len(const char *name, size_t at)
{
    static const char *const signs[] = {
        "()", "<=>", "<<=", ">>=", "->*", "<<", ">>", "<=", ">=", "->", "<", ">"
    };
    static const char word[] = "operator";
    size_t len = sizeof(word) - 1;
    if (!starts_with(name + at, word) || is_word_char(name[at + len]) ||
        (at > 0 && is_word_char(name[at - 1]))) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (starts_with(name + at + len, signs[i])) {
            return len + strlen(signs[i]);
        }
    }
    return len;
}

/* What may follow a list of parameters: "f() const::local". */
static size_t
qualifier_len(const char *at)
{
    static const char *const words[] = { " const", " volatile", " &&", " &" };
    size_t len = 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (starts_with(at + len, words[i])) {
            len += strlen(words[i]);
        }
    }
    bool is_end = at[len] == '\0' || starts_with(at + len, "::");
    return is_end ? len : 0;
}

/* Copies "{...}", with or without the parameters of a lambda; gives the length
 * of what was read, 0: it does not end. */
static size_t
copy_braces(evprof_buf_t *out, const char *at, unsigned drop)
{
    size_t depth = 0;
    size_t i = 0;
    do {
        size_t inner = at[i] == '(' ? paren_len(at + i) : 0;
        if (inner > 0) {
            if ((drop & EVPROF_NAME_DROP_LAMBDA_PARAMS) == 0) {
                evprof_buf_add(out, at + i, inner);
            }
            i += inner;
            continue;
        }
        depth += at[i] == '{';
        depth -= at[i] == '}';
        evprof_buf_putc(out, at[i++]);
    } while (depth > 0 && at[i] != '\0');
    return depth == 0 ? i : 0;
}

/* The length of what is left out at `at`, 0: nothing. */
static size_t
dropped_len(const char *name, size_t at, unsigned drop)
{
    const char *text = name + at;
    if (text[0] == '(' && (drop & EVPROF_NAME_DROP_PARAMS) != 0) {
        size_t len = paren_len(text);
        return len == 0 ? 0 : len + qualifier_len(text + len);
    }
    unsigned lists = EVPROF_NAME_DROP_TEMPLATES | EVPROF_NAME_EMPTY_TEMPLATES;
    if ((drop & lists) == 0) {
        return 0;
    }
    if (starts_with(text, "::<") && (drop & EVPROF_NAME_DROP_TEMPLATES) != 0) {
        size_t len = angle_len(text + 2);
        return len == 0 ? 0 : len + 2;
    }
    /* Rust's "<Type as Trait>::name" begins with a bracket and keeps it. */
    bool is_list =
        text[0] == '<' && at > 0 &&
        (is_word_char(name[at - 1]) || strchr("]<>=-)+*/:", name[at - 1]));
    return is_list ? angle_len(text) : 0;
}

/* The length of the arguments that "operator< <int>" has apart, where they are
 * left out. */
static size_t
stray_list_len(const char *at, unsigned drop)
{
    bool is_list = (drop & EVPROF_NAME_DROP_TEMPLATES) != 0 && at[0] == ' ' &&
                   at[1] == '<';
    size_t len = is_list ? angle_len(at + 1) : 0;
    return len == 0 ? 0 : len + 1;
}

static bool
shorten(evprof_buf_t *out, const char *name, unsigned drop)
{
    static const char anonymous[] = "(anonymous namespace)";
    for (size_t i = 0; name[i] != '\0';) {
        size_t len = operator_len(name, i);
        if (len == 0 && starts_with(name + i, anonymous)) {
            len = sizeof(anonymous) - 1;
        }
        if (len > 0) {
            evprof_buf_add(out, name + i, len);
            i += len;
            i += stray_list_len(name + i, drop);
            continue;
        }
        if (name[i] == '{') {
            len = copy_braces(out, name + i, drop);
            if (len == 0) {
                return false;
            }
            i += len;
            continue;
        }
        len = dropped_len(name, i, drop);
        if (len == 0) {
            evprof_buf_putc(out, name[i]);
        } else if (name[i] == '<' &&
                   (drop & EVPROF_NAME_EMPTY_TEMPLATES) != 0) {
            evprof_buf_puts(out, "<>");
        } else if (name[i] == '(' && (drop & EVPROF_NAME_EMPTY_SCOPES) != 0 &&
                   starts_with(name + i + len, "::")) {
            evprof_buf_puts(out, "()");
        }
        i += len == 0 ? 1 : len;
    }
    return true;
}

void
evprof_plain_name(evprof_buf_t *out, const char *name, unsigned drop)
{
    size_t before = out->len;
    if (shorten(out, name, drop)) {
        while (!out->failed && out->len > before &&
               out->data[out->len - 1] == ' ') {
            out->data[--out->len] = '\0';
        }
        return;
    }
    if (!out->failed && out->data != NULL) {
        out->len = before;
        out->data[before] = '\0';
    }
    evprof_buf_puts(out, name);
}

size_t
evprof_symbol_base_len(const char *symbol)
{
    static const char *const marks[] = { ".cold",      ".isra",     ".part",
                                         ".constprop", ".lto_priv", ".llvm",
                                         ".abi0" };
    const char *first = NULL;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t len = strlen(marks[i]);
        const char *at = symbol;
        while ((at = strstr(at, marks[i])) != NULL) {
            if (at > symbol && (at[len] == '\0' || at[len] == '.') &&
                (first == NULL || at < first)) {
                first = at;
            }
            at += len;
        }
    }
    return first == NULL ? strlen(symbol) : (size_t)(first - symbol);
}
