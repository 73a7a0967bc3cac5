/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_PENDING_H
#define EVPROF_EVHTTP_PENDING_H

/*
 * A request that waits for the worker. It is started, watched and answered on
 * the loop that owns it; the worker does nothing but wake that loop.
 */

#include <evprof/evprof.h>

#include "adapters/evhttp/reply.h"
#include "core/runtime/job.h"

struct bufferevent;
struct evhttp;
struct evhttp_request;

/* The plan of a request: the job to run, and the form of the reply. */
typedef struct evprof_plan {
    evprof_t *prof;
    struct evhttp *http; /* the mount it came through; NULL: no mount */
    const char *profile; /* the profile to take, or NULL */
    evprof_call_fn call; /* run when `profile` is NULL */
    evprof_ask_t ask;
    const char *error_prefix; /* put before the message of an error, or NULL */
    /* Its filename is static or lives as long as `prof`. */
    evprof_reply_t reply;
    /* If set, called after `call` instead of sending a reply, exactly once;
     * `req` is NULL when the request was answered or its client has gone. */
    void (*resume)(struct evhttp_request *req, int status, void *ctx);
    void *resume_ctx;
    bool is_slow;        /* `call` computes a password hash */
    bool is_gathered;    /* `call` waits for other processes */
    uint64_t peer;       /* of evprof_access_peer(): whose request it is */
    uint64_t credential; /* a hash of the credential */
} evprof_plan_t;

/* Takes over the request and answers it now or later. */
void evprof_pending_start(struct evhttp_request *req,
                          const evprof_plan_t *plan);

/* Cancels the requests that came through `http`; their loops answer them
 * 503. */
void evprof_pending_cancel(const struct evhttp *http);

/*
 * How many credential checks like that of `plan` (equal is_slow and peer) are
 * pending in this process: those of the same credential, or those of others.
 */
unsigned evprof_pending_checks(const evprof_plan_t *plan, bool is_same);

/* Whether a connection with that bufferevent has a pending request. */
bool evprof_pending_has(const struct bufferevent *bev);

/* How many requests are pending in this process. */
unsigned evprof_pending_count(void);

#endif
