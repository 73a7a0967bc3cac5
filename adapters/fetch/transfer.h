/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_TRANSFER_H
#define EVPROF_FETCH_TRANSFER_H

/*
 * One source on its way: its target, which may change by redirects, the libcurl
 * handle, and what has come.
 */

#include <curl/curl.h>

#include "adapters/fetch/fetch.h"
#include "adapters/fetch/judge.h"
#include "adapters/fetch/target.h"

/* Secrets that all transfers share, read once. */
typedef struct evprof_credentials {
    char *proxy_user; /* "name:password" */
    long proxy_auth;  /* CURLAUTH_* */
} evprof_credentials_t;

typedef struct evprof_transfer {
    const evprof_fetch_source_t *source;
    const evprof_fetch_options_t *options;
    const evprof_credentials_t *credentials;
    size_t index;
    evprof_target_t target;
    CURL *easy;
    struct curl_slist *headers;
    struct curl_slist *proxy_headers;
    char error[CURL_ERROR_SIZE];
    char address[80]; /* the first that was tried, with its port */
    evprof_answer_t answer;
    const char *post; /* a body to send, NULL: GET */
    size_t post_len;
    const char *post_type; /* its Content-Type */
    bool is_elsewhere;     /* a redirect has left the first origin */
    bool is_too_large;
    bool has_proxy;
    int redirects;
    int64_t attempts;
    int64_t started_ns;    /* of this attempt, 0: not yet */
    int64_t not_before_ns; /* waits for this before the next attempt */
    bool is_done;
} evprof_transfer_t;

/* Readies `t->easy` for `t->target`. EVPROF_EIO for secrets that cannot be
 * read, EVPROF_EINVAL, EVPROF_ENOMEM. */
int evprof_transfer_prepare(evprof_transfer_t *t, evprof_error_t *err);

/* Gives back what an attempt needed; the target and the answer stay. */
void evprof_transfer_reset(evprof_transfer_t *t);

/* Gives back all that a transfer owns but its answer, passwords overwritten. */
void evprof_transfer_free(evprof_transfer_t *t);

/* What libcurl calls with a piece of the body; `arg` is the transfer. Returns
 * how many bytes were taken; fewer than came end the transfer. */
size_t evprof_transfer_on_body(char *data, size_t size, size_t count,
                               void *arg);

/* The same for each line of the headers, which need not end in a NUL. Returns
 * how many bytes were taken; fewer than came end the transfer. */
size_t evprof_transfer_on_header(char *line, size_t size, size_t count,
                                 void *arg);

/* Reads what is shared. Guards the process when there are secrets. */
int evprof_credentials_read(const evprof_fetch_options_t *options,
                            evprof_credentials_t *out, evprof_error_t *err);

/* Frees what was read, overwritten. */
void evprof_credentials_free(evprof_credentials_t *c);

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t evprof_fetch_now_ns(void);

#endif
