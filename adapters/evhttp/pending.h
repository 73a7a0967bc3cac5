/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_PENDING_H
#define EVPROF_EVHTTP_PENDING_H

/*
 * A request that waits for the worker. It is started, watched and answered on
 * the loop that owns it; the worker only wakes that loop.
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
    struct evhttp *http; /* the mount it came through, NULL: none of ours */
    const char *profile; /* to be taken, or NULL */
    evprof_call_fn call; /* to be run where `profile` is NULL */
    evprof_ask_t ask;
    const char *error_prefix; /* before the sentence of a refusal, or NULL */
    evprof_reply_t reply;     /* its filename: static, or as long as `prof` */
    /* Continues with the request after `call`, instead of a reply. Called
     * exactly once; `req` is NULL when the request is answered or gone. */
    void (*resume)(struct evhttp_request *req, int status, void *ctx);
    void *resume_ctx;
    bool is_slow;        /* `call` computes a password hash */
    bool is_gathered;    /* `call` waits for other processes, not `profile` */
    uint64_t peer;       /* whose request it is, see evprof_access_peer() */
    uint64_t credential; /* a number that is different for different ones */
} evprof_plan_t;

/* Takes over the request, which is answered here or later. */
void evprof_pending_start(struct evhttp_request *req,
                          const evprof_plan_t *plan);

/* Cancels what came through `http`; each is answered 503 by its loop. */
void evprof_pending_cancel(const struct evhttp *http);

/*
 * How many checks like that of `plan` (slow or not, of its peer) are
 * pending in this process: those of the same credential, or of others.
 */
unsigned evprof_pending_checks(const evprof_plan_t *plan, bool is_same);

/* Whether the request of a connection with that bufferevent is pending. */
bool evprof_pending_has(const struct bufferevent *bev);

/* How many requests are pending in this process. */
unsigned evprof_pending_count(void);

#endif
