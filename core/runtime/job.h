/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_JOB_H
#define EVPROF_RUNTIME_JOB_H

/*
 * How an adapter has a profile taken. A job is one request for one profile: it
 * is started on the adapter's thread, which returns at once; it runs on the
 * worker; its result is handed to `done`. The adapter owns the transport, the
 * job owns windows, deltas, symbols and encoding.
 */

#include <evprof/evprof.h>
#include <evprof/module.h>

#include "core/base/buf.h"

typedef struct evprof_job evprof_job_t;

/* Valid during `done` and until evprof_job_free(). */
typedef struct evprof_result {
    int status;          /* 0, or why there is no body */
    evprof_error_t err;  /* the sentence for the client */
    evprof_buf_t body;   /* the adapter may take it and leave it empty */
    bool is_text;        /* body is text/plain, else gzip profile.proto */
    bool is_delta;       /* "NAME-delta" */
} evprof_result_t;

/*
 * Starts taking profile `name`. The ask is copied, body included. `done` runs
 * once, on the worker thread, also after a cancel (EVPROF_ECANCELED); it must
 * not block and must not free the job there.
 *
 * EVPROF_ENOENT: unknown name; EVPROF_EOFF: switched off; EVPROF_EINVAL:
 * `seconds` and `debug` conflict; EVPROF_ENOTSUP: it has no `seconds` form;
 * EVPROF_EBUSY: exclusive and taken; EVPROF_ELIMIT: seconds above max_seconds;
 * EVPROF_ENOMEM.
 */
int evprof_job_start(evprof_t *prof, const char *name, const evprof_ask_t *ask,
                     void (*done)(void *ctx, evprof_job_t *job), void *ctx,
                     evprof_job_t **out, evprof_error_t *err);

/* Ends a wait early; `done` follows soon. Any thread, any number of times. */
void evprof_job_cancel(evprof_job_t *job);

evprof_result_t *evprof_job_result(evprof_job_t *job);

/* Frees a job whose `done` has run. */
void evprof_job_free(evprof_job_t *job);

#endif
