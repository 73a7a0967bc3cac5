/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of ours beside the drainer: the worker, and those of adapters. None
 * takes a signal of the application's, but each is sampled like any other
 * thread, and a fault in one must reach the application's crash handler.
 */
#include "core/runtime/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/runtime/runtime.h"
#include "core/sample/threads.h"

struct start {
    void *(*run)(void *arg);
    void *arg;
    char name[16]; /* what the kernel keeps of one */
};

static void *
run_service(void *arg)
{
    struct start start = *(struct start *)arg;
    free(arg);
    evprof_thread_mark_ours();
    pthread_setname_np(pthread_self(), start.name);
    return start.run(start.arg);
}

int
evprof_service_start(pthread_t *out, const char *name, void *(*run)(void *arg),
                     void *arg, evprof_error_t *err)
{
    struct start *start = calloc(1, sizeof(*start));
    int failure = ENOMEM;
    if (start != NULL) {
        start->run = run;
        start->arg = arg;
        strncpy(start->name, name, sizeof(start->name) - 1);
        failure = evprof_thread_create_ours(out, run_service, start);
    }
    if (failure != 0) {
        free(start);
        return evprof_fail(err, EVPROF_ENOMEM, "thread %s: cannot be made: %s",
                           name, strerrordesc_np(failure));
    }
    return EVPROF_OK;
}

/* ---- At the end ---- */

struct evprof_ending {
    struct evprof_ending *next;
    void (*fn)(void *ctx);
    void *ctx;
};

int
evprof_service_at_free(evprof_t *prof, void (*fn)(void *ctx), void *ctx,
                       evprof_error_t *err)
{
    struct evprof_ending *ending = calloc(1, sizeof(*ending));
    if (ending == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    ending->fn = fn;
    ending->ctx = ctx;
    evprof_lock_enter(&prof->lock);
    bool is_open = atomic_load(&prof->is_open);
    if (is_open) {
        ending->next = prof->endings;
        prof->endings = ending;
        ending = NULL;
    }
    evprof_lock_leave(&prof->lock);
    free(ending);
    return is_open
               ? EVPROF_OK
               : evprof_fail(err, EVPROF_ESTATE, "the profiler is shut down");
}

void
evprof_service_end(evprof_t *prof)
{
    evprof_lock_enter(&prof->lock);
    struct evprof_ending *ending = prof->endings;
    prof->endings = NULL;
    evprof_lock_leave(&prof->lock);
    while (ending != NULL) {
        struct evprof_ending *next = ending->next;
        ending->fn(ending->ctx);
        free(ending);
        ending = next;
    }
}
