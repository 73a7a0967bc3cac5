/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_UNWIND_H
#define EVPROF_UNWIND_UNWIND_H

/*
 * Unwinders behind one interface: from a register state to a list of pcs. The
 * code of a signal-safe unwinder lives in sig_*.c and obeys the signal path's
 * law: no lock, no allocation, no errno, no load that may fault.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The stack a walk may read: [low, high). Both 0: unknown, loads are probed. */
typedef struct evprof_stack_bounds {
    uintptr_t low;
    uintptr_t high;
} evprof_stack_bounds_t;

enum evprof_walk_flag {
    EVPROF_WALK_TRUNCATED = 1u << 0, /* more frames than room */
    EVPROF_WALK_BROKEN = 1u << 1,    /* the caller could not be told */
};

typedef struct evprof_walk {
    uintptr_t *pcs; /* out: leaf first; pcs[0] exact, then return addresses */
    size_t max;
    size_t count;   /* out */
    unsigned flags; /* out: EVPROF_WALK_* */
    evprof_stack_bounds_t bounds;
} evprof_walk_t;

typedef struct evprof_unwinder {
    const char *name;    /* word of the `unwinder` directive */
    bool is_signal_safe; /* may run in a handler */
    /* Makes ready, off the signal path, before the first walk; may be NULL. */
    int (*prepare)(void);
    /* Walks from the ucontext_t that a handler was given. */
    void (*walk_context)(evprof_walk_t *walk, const void *ucontext);
} evprof_unwinder_t;

/* By its name: "fp", "tables", "libunwind", "auto"; NULL when unknown. */
const evprof_unwinder_t *evprof_unwinder_find(const char *name);

/*
 * Walks the calling thread's own stack with `unwinder`; pcs[0] is a return
 * address too: the first frame is the caller of this function's caller when
 * `skip` is 0. Signal-safe when the unwinder is.
 */
void evprof_walk_here(const evprof_unwinder_t *unwinder, evprof_walk_t *walk,
                      size_t skip);

#endif
