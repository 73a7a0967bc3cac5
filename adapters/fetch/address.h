/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_ADDRESS_H
#define EVPROF_FETCH_ADDRESS_H

#include <stdbool.h>

#include <evprof/status.h>

#include "core/base/buf.h"

/* An address taken apart. Strings are owned and, but for user and password,
 * never NULL; free with the function. */
typedef struct evprof_source_url {
    char *scheme;   /* lower case; "" */
    char *user;     /* decoded; NULL: none */
    char *password; /* decoded; NULL: none */
    char *host;     /* with its port, as written; "" */
    char *path;     /* encoded */
    char *query;    /* as written */
    char *fragment; /* encoded */
    bool has_query; /* also an empty one */
} evprof_source_url_t;

/*
 * What a source of the command line means, by pprof's rule: an address with a
 * host, or one after "http://" is put before it. EVPROF_EINVAL: it is none, so
 * it must be a file; EVPROF_ENOMEM.
 */
int evprof_source_url_of_source(const char *source, evprof_source_url_t *out);

/* What is wrong with a source that begins as an address of the web does;
 * NULL: nothing, or it begins otherwise. */
const char *evprof_source_url_fault(const char *source);

/* Appends the address as Go prints it; a password becomes "xxxxx". */
void evprof_source_url_print(const evprof_source_url_t *a, evprof_buf_t *out);

/* Frees what the address owns; it is empty afterwards. */
void evprof_source_url_free(evprof_source_url_t *a);

/* Appends a host without brackets and port, encoded for a URL. */
void evprof_host_escape(const char *host, evprof_buf_t *out);

/* Appends `text` as part of a query, and the other way round; false: it has
 * broken percent signs. */
void evprof_query_escape(const char *text, evprof_buf_t *out);
bool evprof_query_unescape(const char *text, size_t len, evprof_buf_t *out);

#endif
