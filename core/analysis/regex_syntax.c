/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go's regular expressions are RE2's: PCRE2 understands all of them, but also
 * much that Go refuses (back references, look-around, possessive repeats), and
 * spells some errors otherwise. So an expression is read here as Go's parser
 * reads it, refused with Go's words, and written anew in a form that means the
 * same to PCRE2 whatever its options: characters of classes by number, groups
 * without capture, assertions in groups of their own so that they may be
 * repeated.
 */
#include "core/analysis/regex_syntax.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/parse.h"
#include "core/base/utf8.h"

/* Go's limits. */
#define REPEAT_MAX 1000
#define NESTING_MAX 1000

#define RUNE_MAX 0x10ffff

typedef struct parser {
    const char *whole;
    const char *at;
    evprof_regex_text_t *out;
    evprof_error_t *err;
    int status;
    int depth;               /* of open groups */
    bool has_operand;        /* a repetition has something to repeat */
    const char *last_repeat; /* the operator just read, or NULL */
} parser_t;

static int
refuse(parser_t *p, const char *why, const char *from, const char *to)
{
    p->status = evprof_fail(p->err, EVPROF_EPARSE, "%s: `%.*s`", why,
                            (int)(to - from), from);
    return p->status;
}

static const char *
end_of(const char *text)
{
    return text + strlen(text);
}

static void
put(parser_t *p, const char *text)
{
    evprof_buf_puts(&p->out->pattern, text);
}

static void
put_number(parser_t *p, uint32_t rune)
{
    evprof_buf_printf(&p->out->pattern, "\\x{%x}", rune);
}

static size_t
rune_size(const char *at)
{
    unsigned char first = (unsigned char)*at;
    return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* The rune at *at, which is valid UTF-8, and moves behind it. */
static uint32_t
take_rune(const char **at)
{
    size_t size = rune_size(*at);
    uint32_t rune = (unsigned char)**at;
    if (size > 1) {
        rune &= 0xffu >> (size + 1);
    }
    for (size_t i = 1; i < size; i++) {
        rune = rune << 6 | ((unsigned char)(*at)[i] & 0x3fu);
    }
    *at += size;
    return rune;
}

static void
put_literal(parser_t *p, uint32_t rune)
{
    put_number(p, rune);
    if (rune < 0x80) {
        evprof_buf_putc(&p->out->literal, (char)rune);
    } else {
        p->out->is_literal = false;
    }
    p->has_operand = true;
}

static bool
is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* Behind `\x`: two digits, or any number in braces. */
static bool
take_hex(const char **at, uint32_t *out)
{
    const char *s = *at;
    uint32_t value = 0;
    bool braces = *s == '{';
    s += braces;
    size_t digits = 0;
    int digit;
    for (; (digit = evprof_hex_digit(*s)) >= 0 && (braces || digits < 2);
         digits++, s++) {
        value = value * 16 + (uint32_t)digit;
        if (value > RUNE_MAX) {
            return false;
        }
    }
    if (digits == 0 || (braces ? *s != '}' : digits != 2)) {
        return false;
    }
    *at = s + braces;
    *out = value;
    return true;
}

/* Up to three octal digits; one alone, but for 0, would be a back reference. */
static bool
take_octal(const char **at, uint32_t *out)
{
    const char *s = *at;
    if (*s != '0' && !is_octal(s[1])) {
        *at = s + 1;
        return false;
    }
    uint32_t value = 0;
    for (int i = 0; i < 3 && is_octal(*s); i++) {
        value = value * 8 + (uint32_t)(*s++ - '0');
    }
    *at = s;
    *out = value;
    return true;
}

/* The character that an escape stands for; p->at is at the backslash. */
static int
take_escape(parser_t *p, uint32_t *out)
{
    static const char names[] = "afnrtv";
    static const char values[] = "\a\f\n\r\t\v";
    const char *start = p->at++;
    if (*p->at == '\0') {
        return refuse(p, "a backslash ends it", start, start);
    }
    char c = *p->at;
    const char *named = strchr(names, c);
    bool known = true;
    if (is_octal(c)) {
        known = take_octal(&p->at, out);
    } else if (c == 'x') {
        p->at++;
        known = take_hex(&p->at, out);
        p->at += !known && *p->at != '\0';
    } else if (named != NULL) {
        *out = (uint32_t)values[named - names];
        p->at++;
    } else {
        known = (unsigned char)c < 0x80 && !isalnum((unsigned char)c);
        *out = take_rune(&p->at);
    }
    return known ? EVPROF_OK
                 : refuse(p, "there is no such escape", start, p->at);
}

/* `\d` and its like, and `\pN`, `\p{Name}`: written as they are, in a class and
 * outside. False: p->at is at something else. */
static bool
copy_class_escape(parser_t *p)
{
    const char *s = p->at;
    if (s[0] != '\\' || s[1] == '\0') {
        return false;
    }
    if (strchr("dDsSwW", s[1]) != NULL) {
        evprof_buf_add(&p->out->pattern, s, 2);
        p->at += 2;
        return true;
    }
    if (s[1] != 'p' && s[1] != 'P') {
        return false;
    }
    const char *end = s[2] == '\0' ? NULL : s + 2 + rune_size(s + 2);
    if (s[2] == '{') {
        end = strchr(s, '}');
        end = end == NULL ? NULL : end + 1;
    }
    if (end == NULL) {
        refuse(p, "there is no such range of characters", s, end_of(s));
        return true;
    }
    evprof_buf_add(&p->out->pattern, s, (size_t)(end - s));
    p->at = end;
    return true;
}

/* `[:alpha:]` inside a class. False: it is none. */
static bool
copy_named_class(parser_t *p)
{
    static const char *const names[] = {
        "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph",
        "lower", "print", "punct", "space", "upper", "word",  "xdigit",
    };
    const char *s = p->at;
    const char *end = s[0] == '[' && s[1] == ':' ? strstr(s + 2, ":]") : NULL;
    if (end == NULL) {
        return false;
    }
    const char *name = s[2] == '^' ? s + 3 : s + 2;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == (size_t)(end - name) &&
            strncmp(names[i], name, (size_t)(end - name)) == 0) {
            evprof_buf_add(&p->out->pattern, s, (size_t)(end + 2 - s));
            p->at = end + 2;
            return true;
        }
    }
    refuse(p, "there is no such range of characters", s, end + 2);
    return true;
}

static int
take_class_rune(parser_t *p, const char *class_start, uint32_t *out)
{
    if (*p->at == '\0') {
        return refuse(p, "a closing ] is missing", class_start,
                      end_of(class_start));
    }
    if (*p->at == '\\') {
        return take_escape(p, out);
    }
    *out = take_rune(&p->at);
    return EVPROF_OK;
}

static int
copy_range(parser_t *p, const char *class_start)
{
    const char *start = p->at;
    uint32_t low = 0;
    int status = take_class_rune(p, class_start, &low);
    uint32_t high = low;
    if (status == EVPROF_OK && p->at[0] == '-' && p->at[1] != '\0' &&
        p->at[1] != ']') {
        p->at++;
        status = take_class_rune(p, class_start, &high);
        if (status == EVPROF_OK && high < low) {
            return refuse(p, "there is no such range of characters", start,
                          p->at);
        }
    }
    if (status == EVPROF_OK) {
        put_number(p, low);
        if (high != low) {
            put(p, "-");
            put_number(p, high);
        }
    }
    return status;
}

static int
parse_class(parser_t *p)
{
    const char *start = p->at++;
    put(p, "[");
    if (*p->at == '^') {
        put(p, "^");
        p->at++;
    }
    for (bool first = true; *p->at != ']' || first; first = false) {
        if (!copy_named_class(p) && !copy_class_escape(p)) {
            copy_range(p, start);
        }
        if (p->status != EVPROF_OK) {
            return p->status;
        }
    }
    p->at++;
    put(p, "]");
    p->has_operand = true;
    p->out->is_literal = false;
    return EVPROF_OK;
}

static int
open_group(parser_t *p, const char *opening)
{
    if (++p->depth > NESTING_MAX) {
        return refuse(p, "expression nests too deeply", p->whole,
                      end_of(p->whole));
    }
    put(p, opening);
    p->has_operand = false;
    return EVPROF_OK;
}

/* `(?P<name>` or `(?<name>`; the name is not needed. */
static int
parse_named_group(parser_t *p)
{
    const char *start = p->at;
    const char *name = strchr(start, '<') + 1;
    const char *end = strchr(name, '>');
    if (end == NULL) {
        return refuse(p, "the name of a group is malformed", start,
                      end_of(start));
    }
    for (const char *s = name; s < end; s++) {
        if (!isalnum((unsigned char)*s) && *s != '_') {
            return refuse(p, "the name of a group is malformed", start,
                          end + 1);
        }
    }
    if (name == end) {
        return refuse(p, "the name of a group is malformed", start, end + 1);
    }
    p->at = end + 1;
    return open_group(p, "(?:");
}

/* `(?i)`, `(?i-s:` and so on: both parsers mean the same by them. */
static int
parse_flags(parser_t *p)
{
    const char *start = p->at;
    const char *s = start + 2;
    bool minus = false;
    bool has_flag = false;
    for (; *s != '\0'; s++) {
        if (strchr("imsU", *s) != NULL) {
            has_flag = true;
        } else if (*s == '-' && !minus) {
            minus = true;
            has_flag = false;
        } else {
            break;
        }
    }
    bool closes = (*s == ':' || *s == ')') && (has_flag || !minus);
    if (!closes) {
        const char *end = *s == '\0' ? s : s + rune_size(s);
        return refuse(p, "there is no such group", start, end);
    }
    p->at = s + 1;
    evprof_buf_add(&p->out->pattern, start, (size_t)(s + 1 - start));
    if (*s == ':') {
        p->depth++;
        p->has_operand = false;
    }
    return EVPROF_OK;
}

static int
parse_group(parser_t *p)
{
    p->out->is_literal = false;
    if (strncmp(p->at, "(?P<", 4) == 0 || strncmp(p->at, "(?<", 3) == 0) {
        return parse_named_group(p);
    }
    if (p->at[1] == '?') {
        return parse_flags(p);
    }
    p->at++;
    return open_group(p, "(?:");
}

static int
close_group(parser_t *p)
{
    if (p->depth-- == 0) {
        return refuse(p, "a ) closes nothing", p->whole, end_of(p->whole));
    }
    put(p, ")");
    p->at++;
    p->has_operand = true;
    return EVPROF_OK;
}

/* `{n}`, `{n,}`, `{n,m}`: the number of characters, 0: the brace is itself. */
static size_t
scan_counts(const char *s, long *low, long *high)
{
    const char *start = s++;
    long counts[2] = { -1, -1 };
    for (int i = 0; i < 2; i++) {
        for (; isdigit((unsigned char)*s); s++) {
            counts[i] = counts[i] < 0 ? 0 : counts[i];
            counts[i] = counts[i] * 10 + (*s - '0');
            counts[i] = counts[i] > REPEAT_MAX ? REPEAT_MAX + 1 : counts[i];
        }
        if (i == 0 && *s != ',') {
            counts[1] = counts[0];
            break;
        }
        s += i == 0;
    }
    *low = counts[0];
    *high = counts[1];
    return *s == '}' && counts[0] >= 0 ? (size_t)(s + 1 - start) : 0;
}

/* An operator of `len` characters at p->at. */
static int
parse_repeat(parser_t *p, size_t len)
{
    const char *start = p->at;
    const char *end = start + len;
    end += *end == '?';
    if (p->last_repeat != NULL) {
        return refuse(p, "a repetition is repeated", p->last_repeat, end);
    }
    if (!p->has_operand) {
        return refuse(p, "there is nothing to repeat", start, end);
    }
    evprof_buf_add(&p->out->pattern, start, (size_t)(end - start));
    p->at = end;
    p->last_repeat = start;
    p->out->is_literal = false;
    return EVPROF_OK;
}

static int
parse_brace(parser_t *p)
{
    long low = 0;
    long high = 0;
    size_t len = scan_counts(p->at, &low, &high);
    if (len == 0) {
        p->at++;
        p->last_repeat = NULL;
        put_literal(p, '{');
        return EVPROF_OK;
    }
    if (low > REPEAT_MAX || high > REPEAT_MAX || (high >= 0 && low > high)) {
        return refuse(p, "the count is out of range", p->at, p->at + len);
    }
    return parse_repeat(p, len);
}

static void
put_operator(parser_t *p, const char *text, size_t source_len)
{
    put(p, text);
    p->at += source_len;
    p->has_operand = true;
    p->out->is_literal = false;
}

static void
parse_quoted(parser_t *p)
{
    p->at += 2;
    while (*p->at != '\0' && strncmp(p->at, "\\E", 2) != 0) {
        put_literal(p, take_rune(&p->at));
    }
    p->at += *p->at == '\0' ? 0 : 2;
}

static int
parse_backslash(parser_t *p)
{
    switch (p->at[1]) {
    case 'A':
        put_operator(p, "(?:\\A)", 2);
        return EVPROF_OK;
    case 'b':
        put_operator(p, "(?:\\b)", 2);
        return EVPROF_OK;
    case 'B':
        put_operator(p, "(?:\\B)", 2);
        return EVPROF_OK;
    case 'z':
        put_operator(p, "(?:\\z)", 2);
        return EVPROF_OK;
    case 'Q':
        parse_quoted(p);
        return EVPROF_OK;
    default:
        break;
    }
    if (copy_class_escape(p)) {
        p->has_operand = true;
        p->out->is_literal = false;
        return p->status;
    }
    uint32_t rune = 0;
    if (take_escape(p, &rune) == EVPROF_OK) {
        put_literal(p, rune);
    }
    return p->status;
}

static int
parse_one(parser_t *p)
{
    switch (*p->at) {
    case '*':
    case '+':
    case '?':
        return parse_repeat(p, 1);
    case '{':
        return parse_brace(p);
    default:
        p->last_repeat = NULL;
        break;
    }
    switch (*p->at) {
    case '(':
        return parse_group(p);
    case ')':
        return close_group(p);
    case '[':
        return parse_class(p);
    case '\\':
        return parse_backslash(p);
    case '|':
        put_operator(p, "|", 1);
        p->has_operand = false;
        return EVPROF_OK;
    case '.':
        put_operator(p, ".", 1);
        return EVPROF_OK;
    case '^':
        put_operator(p, "(?:^)", 1);
        return EVPROF_OK;
    case '$':
        put_operator(p, "(?:$)", 1);
        return EVPROF_OK;
    default:
        put_literal(p, take_rune(&p->at));
        return EVPROF_OK;
    }
}

int
evprof_regex_translate(const char *source, evprof_regex_text_t *out,
                       evprof_error_t *err)
{
    parser_t p = { .whole = source, .at = source, .out = out, .err = err };
    *out = (evprof_regex_text_t){ .is_literal = true };
    if (!evprof_utf8_valid(source, strlen(source))) {
        return evprof_fail(err, EVPROF_EPARSE, "it is not UTF-8: `%s`", source);
    }
    while (*p.at != '\0' && parse_one(&p) == EVPROF_OK) {
    }
    if (p.status == EVPROF_OK && p.depth > 0) {
        refuse(&p, "a closing ) is missing", source, end_of(source));
    }
    if (p.status == EVPROF_OK && (out->pattern.failed || out->literal.failed)) {
        p.status = evprof_fail(err, EVPROF_ENOMEM,
                               "regexp: out of memory for `%s`", source);
    }
    return p.status;
}

void
evprof_regex_text_free(evprof_regex_text_t *t)
{
    evprof_buf_free(&t->pattern);
    evprof_buf_free(&t->literal);
}
