/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_SEND_H
#define EVPROF_FETCH_SEND_H

/*
 * The other direction: a body is posted to an address, with the credentials and
 * proxy rules by which profiles are fetched. For a thread of a server's:
 * nothing of the process is changed, and redirects are not followed, since the
 * body is meant for the one that was named.
 */

#include <stdbool.h>

#include "adapters/fetch/fetch.h"
#include "adapters/fetch/judge.h"

typedef struct evprof_message {
    const void *body;
    size_t len;
    const char *type;  /* of its Content-Type */
    int64_t timeout_s; /* for all of it */
    bool is_grpc;      /* by HTTP/2, without asking first where it is not TLS */
    /* Asked about once a second while it goes on; false ends it. */
    bool (*goes_on)(void *ctx);
    void *ctx;
} evprof_message_t;

/*
 * Sends it and waits for the answer, which the caller frees (its body). Options
 * that ask on the terminal are not looked at. EVPROF_EIO: there is no answer;
 * EVPROF_ENOTSUP: libcurl has no HTTP/2; EVPROF_EINVAL, EVPROF_ENOMEM. MT-Safe.
 */
int evprof_fetch_send(const char *url, const evprof_fetch_options_t *options,
                      const evprof_message_t *message, evprof_answer_t *answer,
                      evprof_error_t *err);

#endif
