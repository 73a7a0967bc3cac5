/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of ours beside the drainer: the worker, and those of adapters. None
 * takes a signal of the application's, but each is sampled like any other
 * thread, and a fault in one must reach the application's crash handler.
 */
#include "core/runtime/service.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/runtime/runtime.h"
#include "core/sample/caller_stack.h"

int
evprof_service_start(enum evprof_own_thread which, pthread_t *out,
                     void *(*run)(void *arg), void *arg, evprof_error_t *err)
{
    int failure = evprof_own_thread_start(which, out, run, arg);
    return failure == 0 ? EVPROF_OK
                        : evprof_fail(err, EVPROF_ENOMEM,
                                      "thread %s: cannot be made: %s",
                                      evprof_own_thread_row(which)->name,
                                      strerrordesc_np(failure));
}

/* ---- In the child of a fork ---- */

enum { IN_CHILD_MAX = 8 };

static void (*in_child[IN_CHILD_MAX])(void);
static _Atomic size_t in_child_count;

static void
call_in_child(void)
{
    for (size_t i = 0; i < atomic_load(&in_child_count); i++) {
        in_child[i]();
    }
}

int
evprof_service_in_child(void (*fn)(void), evprof_error_t *err)
{
    const size_t count = atomic_load(&in_child_count);
    for (size_t i = 0; i < count; i++) {
        if (in_child[i] == fn) {
            return EVPROF_OK;
        }
    }
    /* The handlers of other rooms are there before, hence run before: they give
     * back the locks that making a thread may take. */
    (void)evprof_here_prepare();
    if (count == IN_CHILD_MAX ||
        (count == 0 && pthread_atfork(NULL, NULL, call_in_child) != 0)) {
        return evprof_fail(err, EVPROF_ENOMEM, "profiler: out of memory");
    }
    in_child[count] = fn;
    atomic_store(&in_child_count, count + 1);
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

static void (*_Atomic at_quick_end)(void);

void
evprof_service_at_quick_end(void (*fn)(void))
{
    atomic_store(&at_quick_end, fn);
}

void
evprof_service_quick_end(void)
{
    void (*fn)(void) = atomic_load(&at_quick_end);
    if (fn != NULL) {
        fn();
    }
}
