/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_WALK_H
#define EVPROF_UNWIND_SIG_WALK_H

/* Shared by the unwinders: filling in frames, and judging return addresses. */

#include <stdatomic.h>
#include <string.h>

#include "core/unwind/sig_arch.h"
#include "core/unwind/sig_map.h"
#include "core/unwind/unwind.h"

/* Ends the stack with the marker's address, which replaces the outermost frame
 * if there is no room. It is one byte past the function's start, as a return
 * address is past its call. */
static inline void
evprof_walk_mark(evprof_walk_t *walk, unsigned flag, void (*marker)(void))
{
    walk->flags |= flag;
    if (walk->count < walk->max) {
        walk->count++;
    }
    if (walk->count > 1) {
        walk->pcs[walk->count - 1] = (uintptr_t)marker + 1;
    }
}

/* Marks a stack that ends before its outermost frame. */
static inline void
evprof_walk_broken(evprof_walk_t *walk)
{
    evprof_walk_mark(walk, EVPROF_WALK_BROKEN, evprof_mark_unknown_caller);
}

/* Adds a frame, or counts `*skip` down instead while it is above 0. False:
 * there is no room, and the stack was marked as truncated. */
static inline bool
evprof_walk_add(evprof_walk_t *walk, size_t *skip, uintptr_t pc)
{
    if (*skip > 0) {
        --*skip;
        return true;
    }
    if (walk->count >= walk->max) {
        evprof_walk_mark(walk, EVPROF_WALK_TRUNCATED, evprof_mark_truncated);
        return false;
    }
    walk->pcs[walk->count++] = pc;
    return true;
}

/* The registers of a signal's context. */
static inline evprof_regs_t
evprof_regs_of_context(const void *ucontext)
{
    evprof_regs_t out;
    out.pc = evprof_arch_context(ucontext, out.r);
    out.known = EVPROF_REGS_ALL;
    return out;
}

/*
 * Whether `ra` follows a call instruction in code that is loaded; `*target` is
 * where a direct call goes, 0 for others.
 */
EVPROF_UNCHECKED static inline bool
evprof_is_call_site(const evprof_map_t *map, uintptr_t ra, uintptr_t *target)
{
    const evprof_segment_t *segment = evprof_map_find(map, ra);
    if (segment == NULL || ra - segment->start < EVPROF_CALL_MAX ||
        !evprof_map_is_loaded(segment)) {
        return false;
    }
    uintptr_t text = evprof_peek(ra - EVPROF_CALL_MAX);
    unsigned char bytes[sizeof(text)];
    for (size_t i = 0; i < sizeof(text); i++) {
        bytes[i] = (unsigned char)(text >> 8 * i);
    }
    int64_t relative = 0;
    bool is_call = evprof_arch_ends_in_call(bytes, EVPROF_CALL_MAX, &relative);
    *target = relative == 0 ? 0 : ra + (uintptr_t)relative;
    return is_call;
}

#endif
