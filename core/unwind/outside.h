/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_OUTSIDE_H
#define EVPROF_UNWIND_OUTSIDE_H

/*
 * Walks the stack of another thread of this process that sleeps in a system
 * call, starting from the stack pointer and pc that the kernel reports. The
 * thread may wake up, end, or unload the code it ran at any moment. So memory
 * that may go away is read only through copies: the walk never faults, but its
 * result is worthless when the thread has moved, which the caller has to find
 * out (core/sample/sleeper.h).
 *
 * A state is used by one thread at a time. Nothing here is for handlers.
 */

#include <sys/types.h>

#include "core/unwind/unwind.h"

/* The state of walks from outside; kept from one walk to the next. */
typedef struct evprof_outside evprof_outside_t;

/* NULL: out of memory. */
evprof_outside_t *evprof_outside_new(void);

/* Frees the state and its copies; NULL is ignored. */
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
