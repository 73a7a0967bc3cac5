/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_UNWIND_H
#define EVPROF_UNWIND_UNWIND_H

/*
 * Unwinders behind one interface: from a register state to a list of pcs. The
 * code of a signal-safe unwinder is in sig_*.c and obeys the rules of the
 * signal path: no lock, no allocation, no change of errno, no load that may
 * fault.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>

/* How deep a stack is followed unless a directive says otherwise. */
#define EVPROF_WALK_DEPTH_DEFAULT 128u

/* The stack that a walk may read: [low, high). Both 0: unknown, and loads are
 * probed. The same holds when the stack pointer is outside of it (a fiber, a
 * signal stack). */
typedef struct evprof_stack_bounds {
    uintptr_t low;
    uintptr_t high;
} evprof_stack_bounds_t;

/*
 * Stands for the unknown caller of a stack's outermost frame. It is never
 * called; its address is put on the stack, and its symbol, like that of any
 * frame, says what is meant.
 */
void evprof_mark_unknown_caller(void) __asm__("stack.unknown_caller");

/* Stands for the outermost frames of a stack that had no room for them. */
void evprof_mark_truncated(void) __asm__("stack.truncated");

enum evprof_walk_flag {
    EVPROF_WALK_TRUNCATED = 1u << 0, /* more frames than room; marked */
    EVPROF_WALK_BROKEN = 1u << 1,    /* a caller could not be found; marked */
};

typedef struct evprof_walk {
    /* out: leaf first. pcs[0] is exact, the others are return addresses. A
     * frame further up that a signal interrupted is given as its pc + 1, so
     * that pc - 1 is within the right instruction for all but the first. */
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
    /* Why it is not signal-safe; completes "unwinder NAME ...". */
    const char *refusal;
    /* Loads a library that the unwinder needs; may be NULL. EVPROF_ENOTSUP. */
    int (*load)(void);
    /* Walks from the ucontext_t that a handler was given. */
    void (*walk_context)(evprof_walk_t *walk, const void *ucontext);
    /* Walks from registers between instructions, `skip` frames left out. */
    void (*walk_regs)(evprof_walk_t *walk, const struct evprof_regs *regs,
                      size_t skip);
} evprof_unwinder_t;

/* Finds an unwinder by name: "fp", "tables", "libunwind", "auto"; NULL:
 * unknown. */
const evprof_unwinder_t *evprof_unwinder_find(const char *name);

/*
 * Prepares for walks: reads what is mapped and loads what the unwinder needs.
 * Call it before the first walk, off the signal path. EVPROF_ENOMEM,
 * EVPROF_EIO, EVPROF_ENOTSUP. MT-Safe.
 */
int evprof_unwinder_prepare(const evprof_unwinder_t *unwinder);

/*
 * Walks the calling thread's own stack with `unwinder`. With `skip` 0 the first
 * frame is the caller of this function's caller; pcs[0] is a return address
 * too. Signal-safe when the unwinder is.
 */
void evprof_walk_here(const evprof_unwinder_t *unwinder, evprof_walk_t *walk,
                      size_t skip);

/*
 * Appends an epoch mark (core/objects/epoch.h) to a stack that was taken in
 * `epoch`, within `max` entries, if the stack has code that can be unloaded and
 * was not always there. Returns the new length. No lock, no allocation; any
 * thread, signal-safe.
 */
size_t evprof_unwind_mark(uintptr_t *pcs, size_t count, size_t max,
                          uint32_t epoch);

/* The same for a stack of the calling thread that was taken just now. */
size_t evprof_unwind_mark_own(uintptr_t *pcs, size_t count, size_t max);

/*
 * Whether a walk has met code that was loaded after the last refresh. Such
 * frames are walked too, but slower. One load, signal-safe.
 */
bool evprof_unwind_is_stale(void);

/*
 * Makes a map of what is loaded now: builds tables for new objects, and frees
 * what no walk can still hold. The worker calls it when the map is stale and
 * before a profile begins. EVPROF_ENOMEM, EVPROF_EIO: the old map stays in
 * force.
 */
int evprof_unwind_refresh(void);

/*
 * Sets what evprof_unwind_learn() does: call `ask`, which returns at once and
 * has another thread refresh, or, when `ask` is NULL, refresh itself. MT-Safe,
 * not for handlers.
 */
void evprof_unwind_set_learner(void (*ask)(void));

/* Has the map refreshed after a thread met unknown code, as set above. MT-Safe,
 * not for handlers. */
void evprof_unwind_learn(void);
/*
 * Checks that C++ exceptions are thrown by the compiler's runtime. libunwind
 * exports the same names and makes throwing many times slower when it comes
 * first in link order. 0, or EVPROF_ESTATE with a sentence that names the
 * library. Not signal-safe.
 */
int evprof_unwind_check_exceptions(evprof_error_t *err);

#endif
