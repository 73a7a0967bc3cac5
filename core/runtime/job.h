/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_JOB_H
#define EVPROF_RUNTIME_JOB_H

/*
 * How an adapter has a profile taken. A job is one request for one profile: it
 * is started on the adapter's thread, which returns at once; it runs on the
 * worker; its result is handed to `done`. The adapter owns the transport, the
 * job owns windows, deltas, symbols and encoding.
 *
 * What carries EVPROF_API here is for our own adapters, which are libraries of
 * their own; it is not installed and may change at any time.
 */

#include <evprof/evprof.h>
#include <evprof/module.h>

#include "core/base/buf.h"

typedef struct evprof_job evprof_job_t;

/* Valid during `done` and until evprof_job_free(). */
typedef struct evprof_result {
    int status;         /* 0, or why there is no body */
    evprof_error_t err; /* the sentence for the client */
    evprof_buf_t body;  /* the adapter may take it and leave it empty */
    bool is_text;       /* body is text/plain, else gzip profile.proto */
    bool is_delta;      /* "NAME-delta" */
    long hold_ms;       /* a call's: how long to keep the result back */
    long retry_s;       /* of EVPROF_EBUSY: evprof_job_retry_s() */
} evprof_result_t;

/* Called once on the worker; it must not block and must not free the job. */
typedef void (*evprof_done_fn)(void *ctx, evprof_job_t *job);

/* Whether the result is still wanted. Called on the worker a few times a second
 * while a window is open; false cancels the job. */
typedef bool (*evprof_wanted_fn)(void *ctx);

/*
 * Starts taking profile `name`; `is_wanted` may be NULL. The ask is copied, but
 * its body must live until `done`, which runs once, also after a cancel
 * (EVPROF_ECANCELED), and may run before this returns.
 *
 * EVPROF_ENOENT: unknown name; EVPROF_EOFF: switched off; EVPROF_EINVAL: the
 * ask contradicts itself, has no `seconds` form or is longer than max_seconds;
 * EVPROF_EBUSY: exclusive and taken, or the job's: sampled at another rate;
 * EVPROF_ESTATE: the profiler was freed, or a timed profile was asked for
 * without a time; EVPROF_ENOMEM.
 */
EVPROF_API int evprof_job_start(evprof_t *prof, const char *name,
                                const evprof_ask_t *ask, evprof_done_fn done,
                                evprof_wanted_fn is_wanted, void *ctx,
                                evprof_job_t **out, evprof_error_t *err);

/* Seconds until the last open window of that profile ends, rounded up; 1 where
 * that is not known. */
EVPROF_API long evprof_job_retry_s(evprof_t *prof, const char *name);

/* The status that evprof_job_start() would return, EVPROF_EBUSY aside; starts
 * nothing. */
EVPROF_API int evprof_job_check(evprof_t *prof, const char *name,
                                const evprof_ask_t *ask, evprof_error_t *err);

typedef int (*evprof_call_fn)(evprof_t *prof, const evprof_ask_t *ask,
                              evprof_result_t *result);

/*
 * Runs `call` with the ask on the worker, as a job, for pages that no module
 * makes. EVPROF_ESTATE: the profiler was freed; EVPROF_ENOMEM.
 */
EVPROF_API int evprof_job_call(evprof_t *prof, evprof_call_fn call,
                               const evprof_ask_t *ask, evprof_done_fn done,
                               void *ctx, evprof_job_t **out,
                               evprof_error_t *err);

/* The same on the hasher's thread, for password hashes. */
EVPROF_API int evprof_job_hash(evprof_t *prof, evprof_call_fn call,
                               const evprof_ask_t *ask, evprof_done_fn done,
                               void *ctx, evprof_job_t **out,
                               evprof_error_t *err);

/* The same on a thread that may wait for other processes. */
EVPROF_API int evprof_job_gather(evprof_t *prof, evprof_call_fn call,
                                 const evprof_ask_t *ask, evprof_done_fn done,
                                 void *ctx, evprof_job_t **out,
                                 evprof_error_t *err);

/* Ends a wait early; `done` follows soon. Any thread, any number of times. */
EVPROF_API void evprof_job_cancel(evprof_job_t *job);

/* The result of a job that has ended; the job's. */
EVPROF_API evprof_result_t *evprof_job_result(evprof_job_t *job);

/* Frees a job whose `done` has run; NULL is ignored. */
EVPROF_API void evprof_job_free(evprof_job_t *job);

/* ---- For callers that may wait; their jobs have no `done` ---- */

enum evprof_job_phase {
    EVPROF_JOB_QUEUED,
    EVPROF_JOB_OPEN, /* its window is open */
    EVPROF_JOB_FINISHED,
};

/*
 * Opens a window that only evprof_job_finish() or a cancel ends, and returns
 * when it is open. Statuses are those of evprof_job_start() and of the module's
 * begin hook.
 */
int evprof_job_open(evprof_t *prof, const char *name, evprof_job_t **out,
                    evprof_error_t *err);

/* Ends a window as if its time had come; nothing for jobs that have none. Any
 * thread, any number of times. */
EVPROF_API void evprof_job_finish(evprof_job_t *job);

/* Waits until the job has reached `phase`. Not on the worker. */
void evprof_job_wait(evprof_job_t *job, enum evprof_job_phase phase);

#endif
