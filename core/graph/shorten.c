/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short names for drawings. The shapes of Go, Java and C++ names are told apart
 * by how their parts are spelled; each takes the last match that leaves a name
 * whole. Letters are ASCII: that is what compilers put into such parts.
 */
#include <ctype.h>
#include <string.h>

#include "core/graph/graph.h"

static bool
is_word(char c)
{
    return c == '_' || isalnum((unsigned char)c);
}

static bool
is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool
is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool
is_letter(char c)
{
    return c == '_' || is_lower(c) || is_upper(c);
}

static size_t
word_length(const char *s)
{
    size_t len = 0;
    while (is_word(s[len])) {
        len++;
    }
    return len;
}

/* Length of "/vN", N from 2 on, when a dot or a slash follows; else 0. */
static size_t
version_length(const char *s)
{
    if (strncmp(s, "/v", 2) != 0 || !isdigit((unsigned char)s[2])) {
        return 0;
    }
    size_t len = 2 + strspn(s + 2, "0123456789");
    bool is_version = s[2] != '0' && (s[2] != '1' || len > 3);
    return is_version && (s[len] == '.' || s[len] == '/') ? len : 0;
}

/* "github.com/x/y/v2.(*T).M" -> "github.com/x/y.(*T).M" */
static void
drop_version(evprof_buf_t *out, const char *name)
{
    for (const char *at = name; *at != '\0' && *at != '\n'; at++) {
        size_t len = version_length(at);
        if (len > 0) {
            evprof_buf_add(out, name, (size_t)(at - name));
            evprof_buf_puts(out, at + len);
            return;
        }
    }
    evprof_buf_puts(out, name);
}

static bool
is_import_char(char c)
{
    return is_word(c) || c == '-' || c == '.';
}

/* Where the package of a Go name begins, after its directories; else NULL. */
static const char *
go_part(const char *name)
{
    const char *best = NULL;
    for (const char *at = name; is_import_char(*at);) {
        while (is_import_char(*at)) {
            at++;
        }
        if (*at != '/') {
            break;
        }
        at++;
        size_t dot = strcspn(at, ".");
        if (dot > 0 && at[dot] == '.' && at[dot + 1] != '\0' &&
            at[dot + 1] != '\n') {
            best = at;
        }
    }
    return best;
}

static size_t
java_name_length(const char *s)
{
    size_t len = 0;
    while (is_word(s[len]) || s[len] == '$') {
        len++;
    }
    return len;
}

/* "com.foo.Bar.run(int)" -> "Bar.run"; the length, or 0. */
static size_t
java_part(const char *name, const char **start)
{
    const char *at = name;
    while (is_lower(*at)) {
        size_t len = word_length(at);
        if (at[len] != '.') {
            return 0;
        }
        at += len + 1;
    }
    *start = at;
    if (!is_upper(*at)) {
        return 0;
    }
    at += java_name_length(at);
    if (*at++ != '.') {
        return 0;
    }
    if (strncmp(at, "<init>", 6) == 0) {
        at += 6;
    } else if (is_lower(*at)) {
        at += java_name_length(at);
    } else {
        return 0;
    }
    return *at == '(' || *at == '\0' ? (size_t)(at - *start) : 0;
}

/* "Class::~method<args>" at `s`: its length, or 0. */
static size_t
method_length(const char *s)
{
    size_t len = strspn(s, "_");
    if (!is_upper(s[len])) {
        return 0;
    }
    len += word_length(s + len);
    if (strncmp(s + len, "::", 2) != 0) {
        return 0;
    }
    len += 2;
    len += s[len] == '~';
    if (!is_letter(s[len])) {
        return 0;
    }
    len += word_length(s + len);
    if (s[len] == '<') {
        size_t line = strcspn(s, "\n");
        for (size_t end = line; end > len; end--) {
            if (s[end - 1] == '>') {
                return end;
            }
        }
    }
    return len;
}

/* "ns::Class::method" -> "Class::method"; the length, or 0. */
static size_t
cpp_part(const char *name, const char **start)
{
    size_t best = 0;
    for (const char *at = name; is_letter(*at);) {
        size_t len = word_length(at);
        if (strncmp(at + len, "::", 2) != 0) {
            break;
        }
        at += len + 2;
        size_t found = method_length(at);
        if (found > 0) {
            best = found;
            *start = at;
        }
    }
    return best;
}

void
evprof_name_shorten(evprof_buf_t *out, const char *name)
{
    static const char anonymous[] = "(anonymous namespace)::";
    if (strncmp(name, anonymous, sizeof(anonymous) - 1) == 0) {
        name += sizeof(anonymous) - 1;
    }
    evprof_buf_t plain = { 0 };
    drop_version(&plain, name);
    if (plain.failed) {
        out->failed = true;
        return;
    }
    const char *start = go_part(plain.data);
    size_t len = start != NULL ? strcspn(start, "\n") : 0;
    if (start == NULL) {
        len = java_part(plain.data, &start);
    }
    if (len == 0) {
        len = cpp_part(plain.data, &start);
    }
    if (len == 0) {
        start = plain.data;
        len = plain.len;
    }
    evprof_buf_add(out, start, len);
    evprof_buf_free(&plain);
}
