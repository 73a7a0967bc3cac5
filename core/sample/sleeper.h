/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_SLEEPER_H
#define EVPROF_SAMPLE_SLEEPER_H

/*
 * Stacks of threads that sleep in the kernel, taken from outside: nothing is
 * sent to the thread and nothing of it changes. /proc tells the stack pointer
 * and the pc, the stack is copied, and how often the kernel let the thread run
 * is read before and after: where that differs, the thread has moved and the
 * stack is thrown away.
 */

#include "core/sample/labelset.h"
#include "core/sample/thread_info.h"
#include "core/sample/threads.h"
#include "core/unwind/outside.h"

/* The deepest stack, and how many threads are looked at together. */
enum { EVPROF_SLEEPER_DEPTH = 128, EVPROF_SLEEPERS_MOST = 20 };

enum evprof_sleeper_status {
    EVPROF_SLEEPER_WALKED,
    EVPROF_SLEEPER_RUNS,       /* or never slept long enough to be walked */
    EVPROF_SLEEPER_GONE,       /* the thread has ended */
    EVPROF_SLEEPER_UNREADABLE, /* `why` says what the process may not read */
};

typedef struct evprof_sleeper {
    /* In. */
    uint32_t index; /* of the thread's record */
    uint32_t generation;
    pid_t tid;
    /* Out. */
    enum evprof_sleeper_status status;
    const char *why;           /* UNREADABLE: a part of a sentence */
    evprof_thread_info_t task; /* call, sp and pc; state is 'S' */
    int64_t cpu_ns;            /* its CPU clock, which stood still meanwhile */
    const evprof_label_set_t *labels;
    unsigned flags; /* EVPROF_WALK_* */
    size_t count;
    uintptr_t pcs[EVPROF_SLEEPER_DEPTH];
} evprof_sleeper_t;

/* Looks at up to EVPROF_SLEEPERS_MOST threads. One thread at a time; not in a
 * handler. The unwinder must have been made ready (evprof_unwind_refresh()). */
void evprof_sleepers_walk(evprof_outside_t *outside, evprof_sleeper_t *sleepers,
                          size_t count);

#endif
