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

#include <evprof/status.h>

/* How deep a stack is followed unless a directive says otherwise. */
#define EVPROF_WALK_DEPTH_DEFAULT 128u

/* The stack a walk may read: [low, high). Both 0: unknown, loads are probed. A
 * stack pointer outside of it (a fiber, a signal stack) is as good as unknown.
 */
typedef struct evprof_stack_bounds {
    uintptr_t low;
    uintptr_t high;
} evprof_stack_bounds_t;

/*
 * The outermost frame of a stack whose caller is not known: a function that is
 * never called, and whose name says so, as Go has it. It gets its symbol like
 * any other.
 */
void evprof_mark_unknown_caller(void) __asm__("stack.unknown_caller");

/* The same for a stack that had no room for its outermost frames. */
void evprof_mark_truncated(void) __asm__("stack.truncated");

enum evprof_walk_flag {
    EVPROF_WALK_TRUNCATED = 1u << 0, /* more frames than room; marked */
    EVPROF_WALK_BROKEN = 1u << 1,    /* the caller could not be told; marked */
};

typedef struct evprof_walk {
    /* out: leaf first; pcs[0] exact, then return addresses. What a signal
     * interrupted further up is given as its pc + 1, so that "the instruction
     * before" holds for all but the first. */
    uintptr_t *pcs;
    size_t max;
    size_t count;   /* out */
    unsigned flags; /* out: EVPROF_WALK_* */
    evprof_stack_bounds_t bounds;
} evprof_walk_t;

struct evprof_regs; /* sig_arch.h */

typedef struct evprof_unwinder {
    const char *name;    /* word of the `unwinder` directive */
    bool is_signal_safe; /* may run in a handler */
    const char *refusal; /* why it may not; completes "unwinder NAME ..." */
    /* Loads a library that the unwinder needs; may be NULL. EVPROF_ENOTSUP. */
    int (*load)(void);
    /* Walks from the ucontext_t that a handler was given. */
    void (*walk_context)(evprof_walk_t *walk, const void *ucontext);
    /* Walks from registers between instructions, `skip` frames left out. */
    void (*walk_regs)(evprof_walk_t *walk, const struct evprof_regs *regs,
                      size_t skip);
} evprof_unwinder_t;

/* By its name: "fp", "tables", "libunwind", "auto"; NULL when unknown. */
const evprof_unwinder_t *evprof_unwinder_find(const char *name);

/*
 * Makes ready for walks, off the signal path, before the first: learns what is
 * mapped and loads what the unwinder needs. EVPROF_ENOMEM, EVPROF_EIO,
 * EVPROF_ENOTSUP. MT-Safe.
 */
int evprof_unwinder_prepare(const evprof_unwinder_t *unwinder);

/*
 * Walks the calling thread's own stack with `unwinder`; pcs[0] is a return
 * address too: the first frame is the caller of this function's caller when
 * `skip` is 0. Signal-safe when the unwinder is.
 */
void evprof_walk_here(const evprof_unwinder_t *unwinder, evprof_walk_t *walk,
                      size_t skip);

/*
 * Lets a stack of `epoch` (core/objects/epoch.h) end in a mark, within `max`
 * entries, if it goes through code that can be unloaded and has not always been
 * there; returns its new length. No lock, no allocation; any thread,
 * signal-safe.
 */
size_t evprof_unwind_mark(uintptr_t *pcs, size_t count, size_t max,
                          uint32_t epoch);

/* The same for the calling thread's stack of now. */
size_t evprof_unwind_mark_own(uintptr_t *pcs, size_t count, size_t max);

/*
 * Whether a walk has met code that was loaded after the last refresh; one load,
 * signal-safe. Such frames are walked too, but slower.
 */
bool evprof_unwind_is_stale(void);

/*
 * Learns what was loaded and unloaded since; builds tables for what is new, and
 * frees what no walk can hold any more. On the worker, when stale and before a
 * profile begins. EVPROF_ENOMEM, EVPROF_EIO; the old state then stays in force.
 */
int evprof_unwind_refresh(void);

/*
 * Sets how evprof_unwind_learn() refreshes: by `ask`, which returns at once and
 * has another thread do it, or, where that is NULL, by itself. MT-Safe, not for
 * handlers.
 */
void evprof_unwind_set_learner(void (*ask)(void));

/* For a thread that met code which is not known: asks the learner, or refreshes
 * by itself. MT-Safe, not for handlers. */
void evprof_unwind_learn(void);
/*
 * Whether C++ exceptions still belong to the compiler's runtime. libunwind
 * exports the same names and makes throwing many times slower when it comes
 * first in link order. 0, or EVPROF_ESTATE with a sentence that names the
 * library. Not signal-safe.
 */
int evprof_unwind_check_exceptions(evprof_error_t *err);

#endif
