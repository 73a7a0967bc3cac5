/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources files let one command fetch from many servers, each with credentials
 * of its own. The format is words on a line, so that a shell can write it.
 */
#include "adapters/fetch/sources.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"

struct reader {
    const char *path;
    int line;
    evprof_arena_t *arena;
    evprof_error_t *err;
};

static char *
copy(struct reader *r, const char *text)
{
    return evprof_arena_strndup(r->arena, text, strlen(text));
}

static int
add_label(struct reader *r, evprof_source_line_t *line, const char *text)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        return evprof_fail(r->err, EVPROF_EPARSE,
                           "%s:%d: a label is written label:KEY=VALUE", r->path,
                           r->line);
    }
    evprof_source_label_t *label =
        evprof_arena_calloc(r->arena, 1, sizeof(*label));
    if (label == NULL) {
        return evprof_fail(r->err, EVPROF_ENOMEM, "out of memory");
    }
    label->key = evprof_arena_strndup(r->arena, text, (size_t)(equals - text));
    label->value = copy(r, equals + 1);
    label->next = line->labels;
    line->labels = label;
    return EVPROF_OK;
}

static int
add_header(struct reader *r, evprof_source_line_t *line, const char *text)
{
    evprof_fetch_source_t *s = &line->source;
    if (text[0] != '@') {
        return evprof_fail(r->err, EVPROF_EPARSE,
                           "%s:%d: a header is named by its file, header=@FILE",
                           r->path, r->line);
    }
    const char **headers =
        evprof_arena_calloc(r->arena, s->header_count + 1, sizeof(*headers));
    if (headers == NULL) {
        return evprof_fail(r->err, EVPROF_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < s->header_count; i++) {
        headers[i] = s->headers[i];
    }
    headers[s->header_count++] = copy(r, text);
    s->headers = headers;
    return EVPROF_OK;
}

/* The value of `word` when it begins with `key`, or NULL. */
static const char *
value_of(const char *word, const char *key)
{
    size_t len = strlen(key);
    return strncmp(word, key, len) == 0 && word[len] != '\0' ? word + len
                                                             : NULL;
}

static int
take_word(struct reader *r, evprof_source_line_t *line, const char *word)
{
    evprof_fetch_source_t *s = &line->source;
    const char *value;
    if (s->url == NULL) {
        s->url = copy(r, word);
    } else if ((value = value_of(word, "label:")) != NULL) {
        return add_label(r, line, value);
    } else if ((value = value_of(word, "header=")) != NULL) {
        return add_header(r, line, value);
    } else if ((value = value_of(word, "bearer=")) != NULL) {
        s->bearer_token_file = copy(r, value);
    } else if ((value = value_of(word, "cert=")) != NULL) {
        s->tls_cert = copy(r, value);
    } else if ((value = value_of(word, "key=")) != NULL) {
        s->tls_key = copy(r, value);
    } else {
        return evprof_fail(r->err, EVPROF_EPARSE,
                           "%s:%d: \"%.*s\" is none of label:, header=, "
                           "bearer=, cert= and key=",
                           r->path, r->line, (int)strcspn(word, "="), word);
    }
    return EVPROF_OK;
}

/* Fills `out` from a line; its url stays NULL when the line is empty. */
static int
take_line(struct reader *r, char *text, evprof_source_line_t *out)
{
    int status = EVPROF_OK;
    char *rest = text;
    char *word;
    *out = (evprof_source_line_t){ 0 };
    while (status == EVPROF_OK && (word = strsep(&rest, " \t\r\n")) != NULL &&
           word[0] != '#') {
        if (word[0] != '\0') {
            status = take_word(r, out, word);
        }
    }
    if (status == EVPROF_OK &&
        (out->source.tls_cert == NULL) != (out->source.tls_key == NULL)) {
        status = evprof_fail(r->err, EVPROF_EPARSE,
                             "%s:%d: cert= and key= must be given together",
                             r->path, r->line);
    }
    return status;
}

/* Room for one line more than `count`; doubles at each power of two. NULL: out
 * of memory. */
static evprof_source_line_t *
grow(struct reader *r, evprof_source_line_t *lines, size_t count)
{
    if (lines != NULL && (count & (count - 1)) != 0) {
        return lines;
    }
    evprof_source_line_t *larger =
        evprof_arena_calloc(r->arena, count * 2 + 1, sizeof(*larger));
    if (larger == NULL) {
        evprof_fail(r->err, EVPROF_ENOMEM, "out of memory");
    } else if (lines != NULL) {
        memcpy(larger, lines, count * sizeof(*larger));
    }
    return larger;
}

int
evprof_sources_read(const char *path, evprof_arena_t *arena,
                    evprof_source_line_t **out, size_t *count,
                    evprof_error_t *err)
{
    struct reader r = { path, 0, arena, err };
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return evprof_fail(err, EVPROF_EIO, "cannot read %s: %s", path,
                           strerror(errno));
    }
    evprof_source_line_t *lines = NULL;
    size_t n = 0;
    char *text = NULL;
    size_t size = 0;
    int status = EVPROF_OK;
    while (status == EVPROF_OK && getline(&text, &size, file) >= 0) {
        evprof_source_line_t line;
        r.line++;
        status = take_line(&r, text, &line);
        if (status == EVPROF_OK && line.source.url != NULL) {
            lines = grow(&r, lines, n);
            if (lines == NULL) {
                status = EVPROF_ENOMEM;
                break;
            }
            lines[n++] = line;
        }
    }
    free(text);
    fclose(file);
    *out = lines;
    *count = n;
    return status;
}
