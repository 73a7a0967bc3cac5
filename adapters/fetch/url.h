/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_URL_H
#define EVPROF_FETCH_URL_H

#include <stdbool.h>
#include <stddef.h>

#include <evprof/status.h>

#include "core/base/buf.h"

/* A URL taken apart. Strings are owned and, but for user and password, never
 * NULL; free with the function. */
typedef struct evprof_url {
    char *scheme;   /* lower case; "" */
    char *user;     /* decoded; NULL: none */
    char *password; /* decoded; NULL: none */
    char *host;     /* decoded, with brackets and port as written; "" */
    char *path;     /* encoded */
    char *query;    /* as written */
    char *fragment; /* encoded */
    bool has_query; /* also an empty one */
} evprof_url_t;

/* Reads a URL or a part of one, such as "/path?query". EVPROF_EINVAL, also when
 * memory is out; `out` then holds nothing. */
int evprof_url_parse(const char *text, evprof_url_t *out);

/*
 * What a source of the command line means, by pprof's rule: a URL with a host,
 * or one after "http://" is put before it. EVPROF_EINVAL: it is none, so it
 * must be a file; `out` then holds nothing.
 */
int evprof_url_of_source(const char *source, evprof_url_t *out);

/* What is wrong with a source that begins as an address of the web does;
 * NULL: nothing, or it begins otherwise. */
const char *evprof_url_fault(const char *source);

/* The URL that `reference`, which may be relative, means in a document at
 * `base`. Credentials of `base` are not taken over. EVPROF_EINVAL as above. */
int evprof_url_resolve(const evprof_url_t *base, const char *reference,
                       evprof_url_t *out);

/* Appends the URL as Go prints it; a password becomes "xxxxx". */
void evprof_url_print(const evprof_url_t *url, evprof_buf_t *out);

/* Appends a source that asks the unix socket `path` for `leaf`, which begins
 * with a slash. */
void evprof_url_of_socket(const char *path, const char *leaf,
                          evprof_buf_t *out);

/* Frees what the URL owns, passwords overwritten; it is empty afterwards. */
void evprof_url_free(evprof_url_t *url);

/* Where the password of a URL begins in `text`, which may be no proper URL;
 * NULL: it has none, else `len` is set. */
const char *evprof_url_password(const char *text, size_t *len);

/* The text with its password replaced by "xxxxx", memory of the caller's; NULL
 * when memory is out. */
char *evprof_url_redact(const char *text);

#endif
