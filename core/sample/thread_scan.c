/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that no wrapper of ours has started: those made before the library
 * was loaded, by clone(), or by an object that binds pthread_create elsewhere.
 * They are found in /proc/self/task. Nobody tells us when they end, so each
 * scan also compares start times: a kernel id may have gone to another thread
 * since.
 */
#include <unistd.h>

#include <evprof/status.h>

#include "core/base/process_age.h"
#include "core/sample/proc.h"
#include "core/sample/threads.h"

static int
list_known(evprof_tids_t *out)
{
    const uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit; i++) {
        const evprof_thread_t *thread = evprof_thread_at(i);
        const pid_t tid = atomic_load(&thread->tid);
        if (tid != 0 && atomic_load(&thread->state) != EVPROF_THREAD_FREE &&
            !evprof_tids_add(out, tid)) {
            return EVPROF_ENOMEM;
        }
    }
    evprof_tids_sort(out);
    return EVPROF_OK;
}

/* The start time of a thread in the kernel's ticks; 0: it has ended. */
static uint64_t
start_time(pid_t tid)
{
    char text[1024];
    uint64_t ticks = 0;
    if (evprof_proc_read(tid, "stat", text, sizeof(text)) > 0) {
        (void)evprof_stat_start_ticks(text, &ticks);
    }
    return ticks;
}

/* Frees the records of FOUND threads that have ended, even if another thread
 * has their id now. */
static void
drop_ended(const evprof_tids_t *tasks)
{
    const uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit; i++) {
        const evprof_thread_t *thread = evprof_thread_at(i);
        const pid_t tid = atomic_load(&thread->tid);
        /* The main thread's id is the process's own. */
        if (atomic_load(&thread->state) == EVPROF_THREAD_FOUND &&
            tid != getpid() &&
            (!evprof_tids_has(tasks, tid) ||
             start_time(tid) != thread->start_time)) {
            evprof_thread_drop_found(tid);
        }
    }
}

static int
add_unknown(const evprof_tids_t *tasks)
{
    evprof_tids_t known = { 0 };
    int status = list_known(&known);
    for (size_t i = 0; i < tasks->count && status == EVPROF_OK; i++) {
        const pid_t tid = tasks->items[i];
        if (!evprof_tids_has(&known, tid)) {
            const uint64_t started = start_time(tid);
            status = started == 0 ? EVPROF_OK
                                  : evprof_thread_add_found(tid, started);
        }
    }
    evprof_tids_free(&known);
    return status;
}

int
evprof_thread_scan(void)
{
    evprof_tids_t tasks = { 0 };
    int status = evprof_proc_list(&tasks);
    if (status == EVPROF_OK) {
        drop_ended(&tasks);
        status = add_unknown(&tasks);
    }
    evprof_tids_free(&tasks);
    return status;
}

bool
evprof_thread_scan_is_due(void)
{
    /* A directory's links are its own two names and one a subdirectory. */
    const size_t links = evprof_proc_links();
    return links > 0 && links != (size_t)evprof_thread_count() + 2;
}

long
evprof_thread_count_application(void)
{
    long count = 0;
    (void)evprof_thread_scan();
    const uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit; i++) {
        count += evprof_thread_is_application(evprof_thread_at(i));
    }
    return count;
}
