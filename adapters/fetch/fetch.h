/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_FETCH_H
#define EVPROF_FETCH_FETCH_H

/*
 * Profiles from URLs. All of it lives in a shared object of its own, because
 * loading libcurl costs more than the rest of the tool's start; the tool opens
 * it when a source is no file, and calls evprof_fetch_run() by its name.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/export.h>
#include <evprof/status.h>

#include "core/base/buf.h"

/* What the command line says. NULL strings and zeroes: not said. */
typedef struct evprof_fetch_options {
    int64_t seconds;   /* -1: as the URL says */
    int64_t timeout_s; /* -1: from the duration */
    const char *proxy;
    const char *proxy_user; /* "name", "name:password" or "@file" */
    const char *proxy_auth; /* any basic digest ntlm negotiate */
    const char *proxy_tls_ca;
    const char *const *proxy_headers; /* for the CONNECT only */
    size_t proxy_header_count;
    const char *const *headers; /* "K: V" or "@file"; for the target only */
    size_t header_count;
    const char *bearer_token_file;
    const char *netrc_file; /* "": the user's own ~/.netrc */
    const char *cookie_file;
    const char *tls_cert;
    const char *tls_key;
    const char *tls_ca;
    const char *unix_socket;
    int64_t retry;     /* further attempts */
    int64_t parallel;  /* connections at once, 0: a default */
    int64_t max_bytes; /* of one body, 0: a default */
} evprof_fetch_options_t;

/* One source, from the command line or a line of a sources file. */
typedef struct evprof_fetch_source {
    const char *url;
    /* Its own credentials; NULL: those of the options. */
    const char *const *headers;
    size_t header_count;
    const char *bearer_token_file;
    const char *tls_cert;
    const char *tls_key;
} evprof_fetch_source_t;

/* What came of a source; valid during `done`. */
typedef struct evprof_fetched {
    size_t index;
    int status;        /* 0: `body` is what the server sent */
    const char *why;   /* else one line, without secrets */
    const char *url;   /* what was asked, without secrets */
    evprof_buf_t body; /* may be taken: then leave it zeroed */
} evprof_fetched_t;

typedef struct evprof_fetch_ui {
    void (*say)(void *ctx, const char *line);
    void (*done)(void *ctx, evprof_fetched_t *fetched);
    void *ctx;
    bool has_terminal; /* show a live line a source on stderr */
} evprof_fetch_ui_t;

/*
 * Fetches all sources, some at a time, and calls `done` once for each, as they
 * come. The first ^C ends all waits; what has arrived stays. 0 also when some
 * failed; EVPROF_EINVAL for options that contradict, EVPROF_ENOMEM.
 */
EVPROF_API int evprof_fetch_run(const evprof_fetch_source_t *sources,
                                size_t count,
                                const evprof_fetch_options_t *options,
                                const evprof_fetch_ui_t *ui,
                                evprof_error_t *err);

/*
 * Sends `body` to the `symbol` address that belongs to the profile at `source`,
 * with the credentials that fetched it; the answer is appended to `out`.
 */
EVPROF_API int evprof_fetch_post(const evprof_fetch_source_t *source,
                                 const evprof_fetch_options_t *options,
                                 const char *body, evprof_buf_t *out,
                                 evprof_error_t *err);

#endif
