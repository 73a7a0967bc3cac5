/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_WORKER_H
#define EVPROF_RUNTIME_WORKER_H

/*
 * The library's threads for what may take long: the worker for hooks of
 * modules, symbols, encoding; and the hasher for passwords, whose hashes are
 * made to be slow, so that guessing delays no profile. Each is made by its
 * first task and runs tasks one after the other, in the order in which they are
 * due; waiting for a task's time costs nothing, so any number of profiles may
 * have their windows open at once.
 */

#include <stdbool.h>
#include <stdint.h>

#include <evprof/status.h>

#include "core/base/lock.h"

enum evprof_lane {
    EVPROF_LANE_WORK,
    EVPROF_LANE_HASH,
    /* Tasks that wait for other processes, several at a time. */
    EVPROF_LANE_COLLECT,
    EVPROF_LANE_COLLECT_LAST = EVPROF_LANE_COLLECT + 3,
    EVPROF_LANES
};

/* Embedded in what is to be done; all but `run` and `lane` belongs to the
 * worker. */
typedef struct evprof_work {
    void (*run)(struct evprof_work *task);
    enum evprof_lane lane;
    int64_t due_ns;
    struct evprof_work *next;
    bool is_queued;
} evprof_work_t;

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t evprof_worker_now(void);

/*
 * Has the thread of its lane run `task` at `due_ns` (0: now). The task must not
 * be queued and may be freed from the moment it runs. Never blocks on a running
 * task. EVPROF_ENOMEM: the thread could not be made.
 */
int evprof_worker_post(evprof_work_t *task, int64_t due_ns,
                       evprof_error_t *err);

/* Makes a queued task due now; nothing when it is running or not queued. */
void evprof_worker_hurry(evprof_work_t *task);

/* True on the worker thread. */
bool evprof_worker_is_me(void);

/*
 * Ends the threads that there are, when their queues are empty, and waits for
 * that. The next post makes a new one. Not from the worker.
 */
void evprof_worker_stop(void);

/* Before a fork: holds the queues, so that the child finds them whole. */
void evprof_worker_fork_prepare(void);

/* Lets the queues go that evprof_worker_fork_prepare() holds, in the parent. */
void evprof_worker_fork_parent(void);

/* In the child, which has no worker thread: the queues are empty. */
void evprof_worker_fork_child(void);

#endif
