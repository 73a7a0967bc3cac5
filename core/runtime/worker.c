/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane is one thread and one list of tasks sorted by the time they are due.
 * The list is short (a request each), so insertion walks it. The thread sleeps
 * on a word that every change of the list counts up; neither a mutex nor a
 * condition variable of pthread is used, as both are interposed and would put
 * the library's own waiting into the application's lock profiles.
 */
#include "core/runtime/worker.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/lock.h"
#include "core/runtime/service.h"

typedef struct lane {
    enum evprof_own_thread thread_row;
    evprof_lock_t lock; /* guards all below but `changes` */
    evprof_work_t *first;
    pthread_t thread;
    bool has_thread;
    bool is_stopping;
    _Atomic uint32_t changes; /* what the thread sleeps on */
} lane_t;

static lane_t lanes[EVPROF_LANES] = {
    [EVPROF_LANE_WORK] = { .thread_row = EVPROF_OWN_WORKER },
    [EVPROF_LANE_HASH] = { .thread_row = EVPROF_OWN_HASHER },
    [EVPROF_LANE_COLLECT] = { .thread_row = EVPROF_OWN_COLLECTOR },
    [EVPROF_LANE_COLLECT + 1] = { .thread_row = EVPROF_OWN_COLLECTOR },
    [EVPROF_LANE_COLLECT + 2] = { .thread_row = EVPROF_OWN_COLLECTOR },
    [EVPROF_LANE_COLLECT + 3] = { .thread_row = EVPROF_OWN_COLLECTOR },
};

static _Thread_local bool is_worker;

int64_t
evprof_worker_now(void)
{
    return evprof_clock_ns(CLOCK_MONOTONIC);
}

bool
evprof_worker_is_me(void)
{
    return is_worker;
}

/* Under the lock. Tasks that are due at the same time keep their order. */
static void
insert_task(lane_t *lane, evprof_work_t *task, int64_t due_ns)
{
    evprof_work_t **at = &lane->first;
    while (*at != NULL && (*at)->due_ns <= due_ns) {
        at = &(*at)->next;
    }
    task->due_ns = due_ns;
    task->next = *at;
    task->is_queued = true;
    *at = task;
}

static void
remove_task(lane_t *lane, evprof_work_t *task)
{
    evprof_work_t **at = &lane->first;
    while (*at != task) {
        at = &(*at)->next;
    }
    *at = task->next;
    task->is_queued = false;
}

static void
announce_change(lane_t *lane)
{
    atomic_fetch_add_explicit(&lane->changes, 1, memory_order_release);
    evprof_futex_wake(&lane->changes);
}

/* The task to run now, or NULL when the thread is to end. */
static evprof_work_t *
next_task(lane_t *lane)
{
    for (;;) {
        uint32_t seen =
            atomic_load_explicit(&lane->changes, memory_order_acquire);
        evprof_lock_enter(&lane->lock);
        evprof_work_t *task = lane->first;
        int64_t due_ns = task != NULL ? task->due_ns : 0;
        bool is_due = task != NULL && due_ns <= evprof_worker_now();
        bool is_over = task == NULL && lane->is_stopping;
        if (is_due) {
            remove_task(lane, task);
        }
        evprof_lock_leave(&lane->lock);
        if (is_due) {
            return task;
        }
        if (is_over) {
            return NULL;
        }
        evprof_futex_wait(&lane->changes, seen, due_ns);
    }
}

static void *
run_tasks(void *arg)
{
    lane_t *lane = arg;
    is_worker = lane == &lanes[EVPROF_LANE_WORK];
    evprof_work_t *task = next_task(lane);
    while (task != NULL) {
        task->run(task);
        task = next_task(lane);
    }
    return NULL;
}

/* Under the lock. */
static int
ensure_thread(lane_t *lane, evprof_error_t *err)
{
    if (lane->has_thread) {
        return EVPROF_OK;
    }
    int status = evprof_service_start(lane->thread_row, &lane->thread,
                                      run_tasks, lane, err);
    lane->has_thread = status == EVPROF_OK;
    return status;
}

int
evprof_worker_post(evprof_work_t *task, int64_t due_ns, evprof_error_t *err)
{
    lane_t *lane = &lanes[task->lane];
    evprof_lock_enter(&lane->lock);
    int status = ensure_thread(lane, err);
    if (status == EVPROF_OK) {
        /* Behind what has waited longer, or a crowd that always wants to be
         * served now would keep windows open for ever. */
        insert_task(lane, task, due_ns > 0 ? due_ns : evprof_worker_now());
    }
    evprof_lock_leave(&lane->lock);
    if (status == EVPROF_OK) {
        announce_change(lane);
    }
    return status;
}

void
evprof_worker_hurry(evprof_work_t *task)
{
    lane_t *lane = &lanes[task->lane];
    evprof_lock_enter(&lane->lock);
    bool is_moved = task->is_queued && task->due_ns != 0;
    if (is_moved) {
        remove_task(lane, task);
        insert_task(lane, task, 0);
    }
    evprof_lock_leave(&lane->lock);
    if (is_moved) {
        announce_change(lane);
    }
}

static void
stop_lane(lane_t *lane)
{
    evprof_lock_enter(&lane->lock);
    bool has_thread = lane->has_thread;
    lane->is_stopping = true;
    evprof_lock_leave(&lane->lock);
    if (has_thread) {
        announce_change(lane);
        pthread_join(lane->thread, NULL);
    }
    evprof_lock_enter(&lane->lock);
    lane->has_thread = false;
    lane->is_stopping = false;
    evprof_lock_leave(&lane->lock);
}

void
evprof_worker_stop(void)
{
    for (int i = 0; i < EVPROF_LANES; i++) {
        stop_lane(&lanes[i]);
    }
}

void
evprof_worker_fork_prepare(void)
{
    for (int i = 0; i < EVPROF_LANES; i++) {
        evprof_lock_enter(&lanes[i].lock);
    }
}

void
evprof_worker_fork_parent(void)
{
    for (int i = 0; i < EVPROF_LANES; i++) {
        evprof_lock_leave(&lanes[i].lock);
    }
}

static void
forget_lane(lane_t *lane)
{
    evprof_lock_reset(&lane->lock);
    for (evprof_work_t *task = lane->first; task != NULL; task = task->next) {
        task->is_queued = false;
    }
    lane->first = NULL;
    lane->has_thread = false;
    lane->is_stopping = false;
}

void
evprof_worker_fork_child(void)
{
    for (int i = 0; i < EVPROF_LANES; i++) {
        forget_lane(&lanes[i]);
    }
    is_worker = false;
}
