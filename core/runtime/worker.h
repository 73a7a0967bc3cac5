/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_WORKER_H
#define EVPROF_RUNTIME_WORKER_H

/*
 * The library's one thread for what may take long: hooks of modules, symbols,
 * encoding. It is made by the first task and runs tasks one after the other, in
 * the order in which they are due; waiting for a task's time costs nothing, so
 * any number of profiles may have their windows open at once.
 */

#include <stdbool.h>
#include <stdint.h>

#include <evprof/status.h>

#include "core/base/lock.h"

/* Embedded in what is to be done; all but `run` belongs to the worker. */
typedef struct evprof_work {
    void (*run)(struct evprof_work *task);
    int64_t due_ns;
    struct evprof_work *next;
    bool is_queued;
} evprof_work_t;

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t evprof_worker_now(void);

/*
 * Has the worker run `task` at `due_ns` (0: now). The task must not be queued
 * and may be freed from the moment it runs. Never blocks on a running task.
 * EVPROF_ENOMEM: the thread could not be made.
 */
int evprof_worker_post(evprof_work_t *task, int64_t due_ns,
                       evprof_error_t *err);

/* Makes a queued task due now; nothing when it is running or not queued. */
void evprof_worker_hurry(evprof_work_t *task);

/* True on the worker thread. */
bool evprof_worker_is_me(void);

/*
 * Ends the thread, if there is one, when its queue is empty, and waits for
 * that. The next post makes a new one. Not from the worker.
 */
void evprof_worker_stop(void);

/* Around fork(): the child has no worker and an empty queue. */
void evprof_worker_fork_prepare(void);
void evprof_worker_fork_parent(void);
void evprof_worker_fork_child(void);

#endif
