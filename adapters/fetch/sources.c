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

#include "adapters/fetch/file_sd.h"
#include "core/base/error.h"

typedef struct reader {
    const char *path;
    int line;
    evprof_arena_t *arena;
    evprof_error_t *err;
} reader_t;

static char *
copy(reader_t *r, const char *text)
{
    return evprof_arena_strndup(r->arena, text, strlen(text));
}

static int
add_label(reader_t *r, evprof_source_line_t *line, const char *text)
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
add_header(reader_t *r, evprof_source_line_t *line, const char *text)
{
    evprof_fetch_source_t *s = &line->source;
    if (text[0] != '@') {
        return evprof_fail(r->err, EVPROF_EPARSE,
                           "%s:%d: a header is named by its file, header=@FILE",
                           r->path, r->line);
    }
    const char **headers = evprof_arena_extend(
        r->arena, s->headers, s->header_count, 1, sizeof(*headers));
    if (headers == NULL) {
        return evprof_fail(r->err, EVPROF_ENOMEM, "out of memory");
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
take_word(reader_t *r, evprof_source_line_t *line, const char *word)
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
take_line(reader_t *r, char *text, evprof_source_line_t *out)
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
grow(reader_t *r, evprof_source_line_t *lines, size_t count)
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

static int
take_lines(reader_t *r, char *text, evprof_source_line_t **out, size_t *count)
{
    char *one;
    while ((one = strsep(&text, "\n")) != NULL) {
        evprof_source_line_t line;
        r->line++;
        int status = take_line(r, one, &line);
        if (status == EVPROF_OK && line.source.url != NULL) {
            *out = grow(r, *out, *count);
            if (*out == NULL) {
                return EVPROF_ENOMEM;
            }
            (*out)[(*count)++] = line;
        }
        if (status != EVPROF_OK) {
            return status;
        }
    }
    return EVPROF_OK;
}

/* The whole file, which may be a pipe, as a string of the caller's. */
static int
read_text(const char *path, char **out, evprof_error_t *err)
{
    size_t size = 0;
    FILE *file = fopen(path, "re");
    *out = NULL;
    if (file == NULL) {
        return evprof_fail(err, EVPROF_EIO, "cannot read %s: %s", path,
                           strerror(errno));
    }
    errno = 0;
    ssize_t got = getdelim(out, &size, '\0', file);
    int failure = errno;
    bool is_whole = feof(file) != 0;
    fclose(file);
    if (got < 0 && !is_whole) {
        return evprof_fail(err, EVPROF_EIO, "cannot read %s: %s", path,
                           strerror(failure));
    }
    if (!is_whole) {
        return evprof_fail(err, EVPROF_EPARSE,
                           "%s: a NUL byte, which no list of sources has",
                           path);
    }
    if (got < 0) {
        free(*out);
        *out = strdup("");
    }
    return *out == NULL ? evprof_fail(err, EVPROF_ENOMEM, "out of memory")
                        : EVPROF_OK;
}

int
evprof_sources_read(const char *path, evprof_arena_t *arena,
                    evprof_source_line_t **out, size_t *count,
                    evprof_error_t *err)
{
    reader_t r = { path, 0, arena, err };
    char *text;
    *out = NULL;
    *count = 0;
    int status = read_text(path, &text, err);
    if (status == EVPROF_OK) {
        status = evprof_file_sd_is(text)
                     ? evprof_file_sd_read(path, text, arena, out, count, err)
                     : take_lines(&r, text, out, count);
    }
    free(text);
    return status;
}
