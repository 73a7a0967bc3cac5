/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_WINDOW_H
#define EVPROF_UNWIND_SIG_WINDOW_H

/*
 * The part of the stack that a walk may read. Where the bounds of the stack are
 * known, the window is all of it. Where not, the window begins as the page of
 * the stack pointer and grows upward page by page, each checked with the kernel
 * (about 180 ns). So it never leaves the mapping that the thread runs on, and a
 * stray pointer is out of the window even where memory happens to be mapped.
 *
 * A window may also be a copy of another thread's stack (outside.c): addresses
 * are those of the stack, words are read from the copy, and it does not grow.
 */

#include "core/unwind/sig_arch.h"
#include "core/unwind/unwind.h"

#define EVPROF_PAGE ((uintptr_t)4096)

/* Beyond 1 MiB of stack, or 256 KiB for one frame, a walk has gone astray. */
#define EVPROF_WINDOW_MOST (256u * EVPROF_PAGE)
#define EVPROF_FRAME_MOST (64u * EVPROF_PAGE)

typedef struct evprof_window {
    uintptr_t low;
    uintptr_t high;  /* readable below this */
    uintptr_t limit; /* may grow up to this */
    /* The address where a word is read, minus the word's own; 0: no copy. */
    uintptr_t shift;
    bool is_copy;
    bool is_short; /* a word above the end of the copy was asked for */
} evprof_window_t;

/* Begins to read the stack at `sp`. */
static inline evprof_window_t
evprof_window_open(evprof_stack_bounds_t bounds, uintptr_t sp)
{
    evprof_window_t out = { .low = bounds.low,
                            .high = bounds.high,
                            .limit = bounds.high };
    if (sp >= bounds.low && sp < bounds.high) {
        return out;
    }
    uintptr_t page = sp & ~(EVPROF_PAGE - 1);
    uintptr_t low = (sp - EVPROF_RED_ZONE) & ~(EVPROF_PAGE - 1);
    if (page > UINTPTR_MAX - EVPROF_WINDOW_MOST || low > sp ||
        !evprof_arch_probe(page)) {
        return (evprof_window_t){ 0 };
    }
    out.low = low == page || evprof_arch_probe(low) ? low : page;
    out.high = page + EVPROF_PAGE;
    out.limit = page + EVPROF_WINDOW_MOST;
    return out;
}

/* Whether the word at `address` can be read, after growing if need be. */
static inline bool
evprof_window_grow(evprof_window_t *window, uintptr_t address)
{
    if (window->is_copy) {
        window->is_short = window->is_short || address >= window->low;
        return false;
    }
    if (address < window->low || address > window->limit - sizeof(uintptr_t) ||
        window->limit < sizeof(uintptr_t) ||
        (address > window->high &&
         address - window->high > EVPROF_FRAME_MOST)) {
        return false;
    }
    while (address > window->high - sizeof(uintptr_t)) {
        if (!evprof_arch_probe(window->high)) {
            window->limit = window->high;
            return false;
        }
        window->high += EVPROF_PAGE;
    }
    return true;
}

/* Whether eight bytes at `address` can be read. */
static inline bool
evprof_window_has(evprof_window_t *window, uintptr_t address)
{
    if (address >= window->low && address <= window->high - sizeof(uintptr_t) &&
        window->high != 0) {
        return true;
    }
    return evprof_window_grow(window, address);
}

/* Loads the word at `address` if it belongs to the stack. */
static inline bool
evprof_window_load(evprof_window_t *window, uintptr_t address, uintptr_t *out)
{
    if (!evprof_window_has(window, address)) {
        return false;
    }
    *out = evprof_peek(address + window->shift);
    return true;
}

#endif
