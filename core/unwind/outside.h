/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_OUTSIDE_H
#define EVPROF_UNWIND_OUTSIDE_H

/*
 * The stack of another thread of this process that sleeps in a system call, by
 * what the kernel tells of it: its stack pointer and pc. Only copies of memory
 * that may go away meanwhile are read, so the thread may wake up, end, or
 * unload the code that it ran: the walk is then worthless, which the caller has
 * to find out (core/sample/sleeper.h), but it faults nowhere.
 *
 * All functions are for one thread at a time and not for handlers.
 */

#include <sys/types.h>

#include "core/unwind/unwind.h"

/* The state of walks from outside; kept from one walk to the next. */
typedef struct evprof_outside evprof_outside_t;

/* NULL: out of memory. */
evprof_outside_t *evprof_outside_new(void);

/* Frees it and what it has copied; NULL is ignored. */
void evprof_outside_free(evprof_outside_t *outside);

/* How much of a stack is copied at first. Most stacks need no more. */
enum { EVPROF_OUTSIDE_FIRST = 4096 };

/* A sleeping thread. */
typedef struct evprof_asleep {
    uintptr_t sp;
    uintptr_t pc;
    evprof_stack_bounds_t bounds; /* both 0: unknown */
    /* The words of its stack from `sp` on, copied by the caller; may be NULL.
     */
    const unsigned char *copy;
    size_t copy_size;
} evprof_asleep_t;

/*
 * Fills in walk->pcs, count and flags: pcs[0] is where the thread entered the
 * kernel, the rest are return addresses. A stack that cannot be followed to its
 * end is marked as broken. False: memory is out, or the process may not read
 * its own memory by process_vm_readv; nothing is filled in then.
 */
bool evprof_outside_walk(evprof_outside_t *outside,
                         const evprof_asleep_t *thread, evprof_walk_t *walk);

#endif
