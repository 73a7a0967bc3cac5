/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_GATHER_H
#define EVPROF_RUNTIME_GATHER_H

/*
 * `gather all;`: a worker that is asked for a profile answers with that of all
 * workers of its process group. What finds and merges them is
 * libevprof_gather.so, opened where that is configured, by a contract as that
 * of push.h.
 */

#include <pthread.h>

#include <evprof/evprof.h>

#include "core/base/buf.h"
#include "core/runtime/job.h"

/* What is asked of each worker. */
typedef struct evprof_gather_ask {
    const char *profile;
    double seconds;
    long rate;
    bool gc;
} evprof_gather_ask_t;

typedef struct evprof_gather_host {
    evprof_t *prof;
    /* Appends the profile of this process to `out`; waits for it. */
    int (*take)(const struct evprof_gather_host *host,
                const evprof_gather_ask_t *ask, evprof_buf_t *out,
                evprof_error_t *err);
    /* Says why this process answers for itself only. */
    void (*log)(const struct evprof_gather_host *host, const char *why);
    int (*start_thread)(pthread_t *out, void *(*run)(void *arg), void *arg,
                        evprof_error_t *err);
} evprof_gather_host_t;

typedef struct evprof_gather {
    /* Listens for the other workers. NULL: `err` says why. */
    void *(*start)(const evprof_gather_host_t *host, evprof_error_t *err);
    void (*stop)(void *gatherer);
    /* Appends the merged profile of all; any thread that may wait. What `take`
     * says of this process; the others are left out after two seconds more. */
    int (*collect)(void *gatherer, const evprof_gather_ask_t *ask,
                   evprof_buf_t *out, evprof_error_t *err);
    /* In the child of a fork: listens for itself, a second later; as start. */
    int (*fork_child)(void *gatherer, evprof_error_t *err);
} evprof_gather_t;

typedef const evprof_gather_t *(*evprof_gather_fn)(void);
#define EVPROF_GATHER_SYMBOL "evprof_gather"

/* What the shared object exports. MT-Safe. */
EVPROF_API const evprof_gather_t *evprof_gather(void);

/* ---- For the runtime and adapters ---- */

/* Opens the library and starts it where the configuration says so; EVPROF_OK
 * where it does not, and where it cannot listen: then the log says so, and each
 * worker answers for itself. EVPROF_ENOTSUP: it is not installed. */
int evprof_gather_start(evprof_t *prof, evprof_error_t *err);

/* Whether requests are answered for all workers. Any thread. */
EVPROF_API bool evprof_gather_is_on(void);

/* For evprof_job_gather(): the profile whose name is the ask's query. */
EVPROF_API int evprof_gather_call(evprof_t *prof, const evprof_ask_t *ask,
                                  evprof_result_t *result);

#endif
