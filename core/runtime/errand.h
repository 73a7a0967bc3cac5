/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_ERRAND_H
#define EVPROF_RUNTIME_ERRAND_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/lock.h"
#include "core/runtime/worker.h"

/*
 * Something that the worker does from time to time when it is asked to. It
 * waits at most once, however often it is asked for. Static, by
 * EVPROF_ERRAND().
 */
typedef struct evprof_errand {
    evprof_lock_t lock; /* guards all below */
    evprof_work_t task;
    bool is_on;
    bool is_queued; /* or runs */
} evprof_errand_t;

/* One whose work is `function`, which ends with evprof_errand_done(). */
#define EVPROF_ERRAND(function)                                                \
    {                                                                          \
        .task = {.run = (function) }                                           \
    }

/* From now on it may be asked for. */
void evprof_errand_begin(evprof_errand_t *errand);

/* Ends that: what waits runs at once, so that it does not delay the end of the
 * worker. */
void evprof_errand_end(evprof_errand_t *errand);

/* Has it run at `due_ns`, unless it waits already or is not begun. MT-Safe. */
void evprof_errand_ask(evprof_errand_t *errand, int64_t due_ns);

/* It has run and may be asked for again. On the worker. */
void evprof_errand_done(evprof_errand_t *errand);

/* In the child of a fork, which has no worker. */
void evprof_errand_fork_child(evprof_errand_t *errand);

#endif
