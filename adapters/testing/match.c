/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern is kept as alternatives of levels of regexps. A name matches an
 * alternative when each of its levels matches the regexp of that level; with
 * fewer levels than regexps the match is partial: its sub-tests decide.
 */
#include "adapters/testing/match.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/regex.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/utf8.h"

typedef struct alternative {
    evprof_regex_t **levels;
    size_t level_count;
} alternative_t;

typedef struct pattern {
    alternative_t *alternatives;
    size_t count;
} pattern_t;

struct evprof_matcher {
    pattern_t wanted;
    pattern_t skipped;
    pthread_mutex_t lock; /* guards the names, and the regexps' memory */
    char **names;         /* of sub-tests that were given out */
    size_t name_count;
};

static void
free_pattern(pattern_t *p)
{
    for (size_t i = 0; i < p->count; i++) {
        for (size_t j = 0; j < p->alternatives[i].level_count; j++) {
            evprof_regex_free(p->alternatives[i].levels[j]);
        }
        free(p->alternatives[i].levels);
    }
    free(p->alternatives);
}

/* Spaces become underscores and control characters their escapes, in names and
 * in patterns alike, so that a name can be pasted back as a pattern. */
static char *
rewrite(const char *text, size_t len)
{
    evprof_buf_t out = { 0 };
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            evprof_buf_putc(&out, '_');
        } else if (c < 0x20 || c == 0x7f) {
            evprof_buf_printf(&out, "\\x%02x", c);
        } else {
            evprof_buf_putc(&out, (char)c);
        }
    }
    evprof_buf_t clean = { 0 };
    evprof_utf8_clean(&clean, out.data == NULL ? "" : out.data, out.len);
    evprof_buf_putc(&clean, '\0');
    evprof_buf_free(&out);
    if (clean.failed) {
        evprof_buf_free(&clean);
    }
    return clean.data;
}

/* Length of the regexp that `text` begins with; it ends at '/', '|' or the end
 * outside brackets and parentheses. */
static size_t
regexp_length(const char *text)
{
    int brackets = 0;
    int parens = 0;
    size_t i = 0;
    for (; text[i] != '\0'; i++) {
        switch (text[i]) {
        case '[':
            brackets++;
            break;
        case ']':
            brackets -= brackets > 0;
            break;
        case '(':
            parens += brackets == 0;
            break;
        case ')':
            parens -= brackets == 0;
            break;
        case '\\':
            i += text[i + 1] != '\0';
            break;
        case '/':
        case '|':
            if (brackets == 0 && parens == 0) {
                return i;
            }
            break;
        default:
            break;
        }
    }
    return i;
}

static alternative_t *
add_alternative(pattern_t *p)
{
    alternative_t *grown =
        realloc(p->alternatives, (p->count + 1) * sizeof(*grown));
    if (grown == NULL) {
        return NULL;
    }
    p->alternatives = grown;
    grown[p->count] = (alternative_t){ 0 };
    return &grown[p->count++];
}

static int
add_level(alternative_t *a, const char *text, size_t len, evprof_error_t *err)
{
    char *source = rewrite(text, len);
    evprof_regex_t **levels =
        realloc(a->levels, (a->level_count + 1) * sizeof(evprof_regex_t *));
    int status = EVPROF_ENOMEM;
    if (levels != NULL) {
        a->levels = levels;
    }
    if (levels != NULL && source != NULL) {
        status = evprof_regex_new(source, &levels[a->level_count], err);
        a->level_count += status == EVPROF_OK;
    }
    free(source);
    return status;
}

/* Puts Go's words around a regexp's own complaint. */
static int
complain(int status, const pattern_t *p, const char *flag, const char *element,
         size_t len, evprof_error_t *err)
{
    char why[sizeof(err->message)];
    const alternative_t *a = &p->alternatives[p->count - 1];
    snprintf(why, sizeof(why), "%s",
             err == NULL || err->message[0] == '\0' ? "out of memory"
                                                    : err->message);
    return evprof_fail(err, status, "element %zu of %s (\"%.*s\"): %s",
                       a->level_count, flag, (int)len, element, why);
}

static int
parse_pattern(pattern_t *p, const char *text, const char *flag,
              evprof_error_t *err)
{
    if (text[0] == '\0') {
        return EVPROF_OK;
    }
    alternative_t *a = add_alternative(p);
    for (;;) {
        if (a == NULL) {
            return evprof_fail(err, EVPROF_ENOMEM, "%s: out of memory", flag);
        }
        size_t len = regexp_length(text);
        int status = add_level(a, text, len, err);
        if (status != EVPROF_OK) {
            return complain(status, p, flag, text, len, err);
        }
        if (text[len] == '\0') {
            return EVPROF_OK;
        }
        a = text[len] == '|' ? add_alternative(p) : a;
        text += len + 1;
    }
}

int
evprof_matcher_new(const char *pattern, const char *flag, const char *skip,
                   evprof_matcher_t **out, evprof_error_t *err)
{
    evprof_matcher_t *m = calloc(1, sizeof(*m));
    if (m == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "%s: out of memory", flag);
    }
    pthread_mutex_init(&m->lock, NULL);
    int status = parse_pattern(&m->wanted, pattern, flag, err);
    if (status == EVPROF_OK) {
        status = parse_pattern(&m->skipped, skip, "-test.skip", err);
    }
    if (status != EVPROF_OK) {
        evprof_matcher_free(m);
        return status;
    }
    *out = m;
    return EVPROF_OK;
}

void
evprof_matcher_free(evprof_matcher_t *m)
{
    if (m == NULL) {
        return;
    }
    free_pattern(&m->wanted);
    free_pattern(&m->skipped);
    for (size_t i = 0; i < m->name_count; i++) {
        free(m->names[i]);
    }
    free(m->names);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

static enum evprof_match
match_alternative(const alternative_t *a, const char *name)
{
    size_t level = 0;
    for (;; level++) {
        size_t len = strcspn(name, "/");
        if (level < a->level_count &&
            !evprof_regex_match_len(a->levels[level], name, len)) {
            return EVPROF_MATCH_NO;
        }
        if (name[len] == '\0') {
            break;
        }
        name += len + 1;
    }
    return level + 1 < a->level_count ? EVPROF_MATCH_PARTIAL
                                      : EVPROF_MATCH_FULL;
}

static enum evprof_match
match_pattern(const pattern_t *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++) {
        enum evprof_match match = match_alternative(&p->alternatives[i], name);
        if (match != EVPROF_MATCH_NO) {
            return match;
        }
    }
    return EVPROF_MATCH_NO;
}

enum evprof_match
evprof_matcher_test(evprof_matcher_t *m, const char *name)
{
    pthread_mutex_lock(&m->lock);
    enum evprof_match match = m->wanted.count == 0
                                  ? EVPROF_MATCH_FULL
                                  : match_pattern(&m->wanted, name);
    if (match != EVPROF_MATCH_NO &&
        match_pattern(&m->skipped, name) == EVPROF_MATCH_FULL) {
        match = EVPROF_MATCH_NO;
    }
    pthread_mutex_unlock(&m->lock);
    return match;
}

static bool
is_taken(const evprof_matcher_t *m, const char *name)
{
    for (size_t i = 0; i < m->name_count; i++) {
        if (strcmp(m->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool
take(evprof_matcher_t *m, const char *name)
{
    char *copy = strdup(name);
    char **names = realloc(m->names, (m->name_count + 1) * sizeof(*names));
    if (names != NULL) {
        m->names = names;
    }
    if (names == NULL || copy == NULL) {
        free(copy);
        return false;
    }
    names[m->name_count++] = copy;
    return true;
}

char *
evprof_matcher_sub_name(evprof_matcher_t *m, const char *parent,
                        const char *name)
{
    char *shown = rewrite(name, strlen(name));
    evprof_buf_t full = { 0 };
    if (shown == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&m->lock);
    evprof_buf_printf(&full, "%s/%s", parent, shown);
    if (shown[0] == '\0') {
        evprof_buf_puts(&full, "#00");
    }
    for (int i = 1; !full.failed && is_taken(m, full.data); i++) {
        evprof_buf_clear(&full);
        evprof_buf_printf(&full, "%s/%s#%02d", parent, shown, i);
    }
    if (!full.failed && !take(m, full.data)) {
        full.failed = true;
    }
    pthread_mutex_unlock(&m->lock);
    free(shown);
    if (full.failed) {
        evprof_buf_free(&full);
    }
    return full.data;
}
