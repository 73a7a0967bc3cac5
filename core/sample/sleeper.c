/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most threads of a server sleep, so several are looked at together: the
 * stacks of all come with one call of process_vm_readv. A thread that moved
 * meanwhile is looked at again, a few times; one that naps for microseconds may
 * never be caught, and counts as running.
 */
#include "core/sample/sleeper.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/base/self.h"
#include "core/sample/proc.h"

enum { TRIES = 3, COPY_BYTES = 2048, WORD = sizeof(uintptr_t) };

/* What is remembered of a sleeper between two looks. */
typedef struct look {
    int64_t runs;
    size_t copied;
    unsigned char copy[COPY_BYTES];
} look_t;

/* The runs of a thread. Kernels without schedstat count changes of the CPU. */
static int64_t
runs_of(pid_t tid)
{
    evprof_thread_info_t task;
    int64_t runs = evprof_thread_runs(tid);
    if (runs < 0 && evprof_thread_read_status(tid, &task) == EVPROF_OK) {
        runs = (int64_t)(task.switches + task.preemptions);
    }
    return runs;
}

/* Reads where the thread sleeps. */
static void
find_place(evprof_sleeper_t *sleeper, look_t *look)
{
    sleeper->why = NULL;
    look->copied = 0;
    look->runs = runs_of(sleeper->tid);
    int status = look->runs < 0
                     ? EVPROF_ENOENT
                     : evprof_thread_read_call(sleeper->tid, &sleeper->task);
    switch (status) {
    case EVPROF_OK:
        sleeper->status = sleeper->task.call == EVPROF_THREAD_RUNS
                              ? EVPROF_SLEEPER_RUNS
                              : EVPROF_SLEEPER_WALKED;
        break;
    case EVPROF_EPERM:
        sleeper->status = EVPROF_SLEEPER_UNREADABLE;
        sleeper->why = "the process may not read /proc/self/task/*/syscall";
        break;
    case EVPROF_ENOTSUP:
        sleeper->status = EVPROF_SLEEPER_UNREADABLE;
        sleeper->why = "this kernel has no /proc/self/task/*/syscall";
        break;
    default:
        sleeper->status = EVPROF_SLEEPER_GONE;
        break;
    }
    if (sleeper->status == EVPROF_SLEEPER_GONE && evprof_proc_is_missing()) {
        sleeper->status = EVPROF_SLEEPER_UNREADABLE;
        sleeper->why = "there is no /proc of this process";
    }
}

/* Copies the stacks of all sleepers by one system call. The call ends at the
 * first piece that reaches unmapped memory; the sleepers behind it are copied
 * one by one. */
static void
copy_stacks(evprof_sleeper_t *sleepers, look_t *looks, size_t count)
{
    enum { PAGE = 4096 };
    struct iovec local[EVPROF_SLEEPERS_MOST];
    struct iovec remote[EVPROF_SLEEPERS_MOST];
    look_t *of[EVPROF_SLEEPERS_MOST];
    unsigned long pieces = 0;
    for (size_t i = 0; i < count; i++) {
        uintptr_t sp = sleepers[i].task.sp;
        size_t size = PAGE - sp % PAGE;
        size = size < COPY_BYTES ? size : COPY_BYTES;
        if (sleepers[i].status == EVPROF_SLEEPER_WALKED) {
            local[pieces] = (struct iovec){ looks[i].copy, size };
            // NOLINTNEXTLINE(performance-no-int-to-ptr)
            remote[pieces] = (struct iovec){ (void *)sp, size };
            of[pieces++] = &looks[i];
        }
    }
    int saved = errno;
    ssize_t got = pieces == 0 ? 0
                              : process_vm_readv(evprof_self_pid(), local,
                                                 pieces, remote, pieces, 0);
    for (unsigned long i = 0; i < pieces && got > 0; i++) {
        size_t size = local[i].iov_len;
        of[i]->copied = (size_t)got < size ? (size_t)got : size;
        got -= (ssize_t)of[i]->copied;
    }
    errno = saved;
}

static void
walk(evprof_outside_t *outside, evprof_sleeper_t *sleeper, const look_t *look)
{
    evprof_thread_t *thread = evprof_thread_at(sleeper->index);
    const evprof_asleep_t asleep = {
        .sp = sleeper->task.sp,
        .pc = sleeper->task.pc,
        .bounds = evprof_thread_bounds(thread, sleeper->generation),
        .copy = look->copied >= WORD ? look->copy : NULL,
        .copy_size = look->copied / WORD * WORD,
    };
    evprof_walk_t out = { .pcs = sleeper->pcs, .max = EVPROF_SLEEPER_DEPTH };
    if (!evprof_outside_walk(outside, &asleep, &out)) {
        sleeper->status = EVPROF_SLEEPER_UNREADABLE;
        sleeper->why = "the process may not read its memory by "
                       "process_vm_readv";
    }
    sleeper->task.state = 'S';
    sleeper->flags = out.flags;
    sleeper->count = out.count;
    sleeper->labels = evprof_thread_labels(thread, sleeper->generation);
    sleeper->cpu_ns = evprof_thread_cpu_ns(sleeper->tid);
}

static void
look_once(evprof_outside_t *outside, evprof_sleeper_t *sleepers, size_t count)
{
    look_t looks[EVPROF_SLEEPERS_MOST];
    for (size_t i = 0; i < count; i++) {
        find_place(&sleepers[i], &looks[i]);
    }
    copy_stacks(sleepers, looks, count);
    for (size_t i = 0; i < count; i++) {
        if (sleepers[i].status == EVPROF_SLEEPER_WALKED) {
            walk(outside, &sleepers[i], &looks[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (sleepers[i].status == EVPROF_SLEEPER_WALKED &&
            runs_of(sleepers[i].tid) != looks[i].runs) {
            sleepers[i].status = EVPROF_SLEEPER_RUNS;
        }
    }
}

void
evprof_sleepers_walk(evprof_outside_t *outside, evprof_sleeper_t *sleepers,
                     size_t count)
{
    look_once(outside, sleepers, count);
    for (size_t i = 0; i < count; i++) {
        for (int n = 1; n < TRIES && sleepers[i].status == EVPROF_SLEEPER_RUNS;
             n++) {
            look_once(outside, &sleepers[i], 1);
        }
    }
}
