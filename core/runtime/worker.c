/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread and one list of tasks sorted by the time they are due. The list is
 * short (a request each), so insertion walks it. The thread sleeps on a word
 * that every change of the list counts up; neither a mutex nor a condition
 * variable of pthread is used, as both are interposed and would put the
 * library's own waiting into the application's lock profiles.
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

static struct {
    evprof_lock_t lock; /* guards all below but `changes` */
    evprof_work_t *first;
    pthread_t thread;
    bool has_thread;
    bool is_stopping;
    _Atomic uint32_t changes; /* what the thread sleeps on */
} worker;

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
insert_task(evprof_work_t *task, int64_t due_ns)
{
    evprof_work_t **at = &worker.first;
    while (*at != NULL && (*at)->due_ns <= due_ns) {
        at = &(*at)->next;
    }
    task->due_ns = due_ns;
    task->next = *at;
    task->is_queued = true;
    *at = task;
}

static void
remove_task(evprof_work_t *task)
{
    evprof_work_t **at = &worker.first;
    while (*at != task) {
        at = &(*at)->next;
    }
    *at = task->next;
    task->is_queued = false;
}

static void
announce_change(void)
{
    atomic_fetch_add_explicit(&worker.changes, 1, memory_order_release);
    evprof_futex_wake(&worker.changes);
}

/* The task to run now, or NULL when the thread is to end. */
static evprof_work_t *
next_task(void)
{
    for (;;) {
        uint32_t seen =
            atomic_load_explicit(&worker.changes, memory_order_acquire);
        evprof_lock_enter(&worker.lock);
        evprof_work_t *task = worker.first;
        int64_t due_ns = task != NULL ? task->due_ns : 0;
        bool is_due = task != NULL && due_ns <= evprof_worker_now();
        bool is_over = task == NULL && worker.is_stopping;
        if (is_due) {
            remove_task(task);
        }
        evprof_lock_leave(&worker.lock);
        if (is_due) {
            return task;
        }
        if (is_over) {
            return NULL;
        }
        evprof_futex_wait(&worker.changes, seen, due_ns);
    }
}

static void *
run_tasks(void *arg)
{
    (void)arg;
    is_worker = true;
    evprof_work_t *task = next_task();
    while (task != NULL) {
        task->run(task);
        task = next_task();
    }
    return NULL;
}

/* Under the lock. */
static int
ensure_thread(evprof_error_t *err)
{
    if (worker.has_thread) {
        return EVPROF_OK;
    }
    int status = evprof_service_start(&worker.thread, "evprof-worker",
                                      run_tasks, NULL, err);
    worker.has_thread = status == EVPROF_OK;
    return status;
}

int
evprof_worker_post(evprof_work_t *task, int64_t due_ns, evprof_error_t *err)
{
    evprof_lock_enter(&worker.lock);
    int status = ensure_thread(err);
    if (status == EVPROF_OK) {
        /* Behind what has waited longer, or a crowd that always wants to be
         * served now would keep windows open for ever. */
        insert_task(task, due_ns > 0 ? due_ns : evprof_worker_now());
    }
    evprof_lock_leave(&worker.lock);
    if (status == EVPROF_OK) {
        announce_change();
    }
    return status;
}

void
evprof_worker_hurry(evprof_work_t *task)
{
    evprof_lock_enter(&worker.lock);
    bool is_moved = task->is_queued && task->due_ns != 0;
    if (is_moved) {
        remove_task(task);
        insert_task(task, 0);
    }
    evprof_lock_leave(&worker.lock);
    if (is_moved) {
        announce_change();
    }
}

void
evprof_worker_stop(void)
{
    evprof_lock_enter(&worker.lock);
    bool has_thread = worker.has_thread;
    worker.is_stopping = true;
    evprof_lock_leave(&worker.lock);
    if (has_thread) {
        announce_change();
        pthread_join(worker.thread, NULL);
    }
    evprof_lock_enter(&worker.lock);
    worker.has_thread = false;
    worker.is_stopping = false;
    evprof_lock_leave(&worker.lock);
}

void
evprof_worker_fork_prepare(void)
{
    evprof_lock_enter(&worker.lock);
}

void
evprof_worker_fork_parent(void)
{
    evprof_lock_leave(&worker.lock);
}

void
evprof_worker_fork_child(void)
{
    evprof_lock_reset(&worker.lock);
    for (evprof_work_t *task = worker.first; task != NULL; task = task->next) {
        task->is_queued = false;
    }
    worker.first = NULL;
    worker.has_thread = false;
    worker.is_stopping = false;
    is_worker = false;
}
