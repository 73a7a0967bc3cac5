/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frame pointers: each frame holds the caller's frame pointer and, in the word
 * above, the return address. Every load is bounds-checked and every frame lies
 * above the one before, so a walk ends whatever the registers hold.
 *
 * The first step is the difficult one. At a function's entry and end, and in
 * code without frame pointers (libc, the vdso), the frame pointer is still the
 * caller's, and a plain walk would lose that caller. So the first step looks at
 * the word where the return address would be then, and takes it as a frame if
 * it follows a call that can have led here.
 */
#include "core/unwind/sig_unwind.h"
#include "core/unwind/sig_walk.h"
#include "core/unwind/sig_window.h"

/* A direct call within one object leads to the start of a function. Code
 * that runs before the function has a frame is not further from its start
 * than this. */
#define LEAF_MOST ((uintptr_t)65536)

/* The lowest address that a process maps. */
#define LOWEST_CODE ((uintptr_t)65536)

/* Whether `ra` can be the return address of the function that runs at `pc`. */
static bool
can_be_caller(const evprof_map_t *map, uintptr_t ra, uintptr_t pc)
{
    uintptr_t target = 0;
    if (!evprof_is_call_site(map, ra, &target)) {
        return false;
    }
    if (target == 0 ||
        evprof_map_find(map, target) != evprof_map_find(map, pc)) {
        return true;
    }
    return target <= pc && pc - target < LEAF_MOST;
}

#if defined(__x86_64__)
/* The caller that the frame pointers skip, or 0. Before `push %rbp` and after
 * the `pop` its return address is at rsp; between the push and `mov %rsp,
 * %rbp`, one word higher. */
static uintptr_t
hidden_caller(const evprof_map_t *map, evprof_window_t *window,
              const evprof_regs_t *regs)
{
    uintptr_t sp = regs->r[EVPROF_REG_SP];
    uintptr_t word = 0;
    if (!evprof_window_load(window, sp, &word)) {
        return 0;
    }
    if (word == regs->r[EVPROF_REG_FP] &&
        !evprof_window_load(window, sp + sizeof(word), &word)) {
        return 0;
    }
    return can_be_caller(map, word, regs->pc) ? word : 0;
}
#else
/* The caller that the frame pointers skip, or 0. Its return address stays in
 * x30 until the function saves it; then the frame has it too. */
static uintptr_t
hidden_caller(const evprof_map_t *map, evprof_window_t *window,
              const evprof_regs_t *regs)
{
    uintptr_t ra = evprof_arch_strip(regs->r[EVPROF_REG_RA]);
    uintptr_t saved = 0;
    evprof_window_load(window, regs->r[EVPROF_REG_FP] + sizeof(saved), &saved);
    if (evprof_arch_strip(saved) == ra) {
        return 0;
    }
    return can_be_caller(map, ra, regs->pc) ? ra : 0;
}
#endif

/* A chain ends well with a zero pointer or in the code that starts threads. */
static bool
is_bottom(const evprof_map_t *map, uintptr_t pc, uintptr_t fp)
{
    const evprof_segment_t *segment = evprof_map_find(map, pc);
    return fp == 0 || (segment != NULL && segment->is_bottom);
}

static void
walk_chain(evprof_walk_t *walk, const evprof_map_t *map,
           evprof_window_t *window, const evprof_regs_t *regs, size_t skip)
{
    uintptr_t floor = regs->r[EVPROF_REG_SP];
    uintptr_t fp = regs->r[EVPROF_REG_FP];
    uintptr_t pc = regs->pc;
    uintptr_t hidden = skip > 0 ? 0 : hidden_caller(map, window, regs);
    bool has_room = evprof_walk_add(walk, &skip, pc);
    if (has_room && hidden != 0) {
        pc = hidden;
        has_room = evprof_walk_add(walk, &skip, pc);
    }
    while (has_room) {
        uintptr_t next = 0;
        if (fp < floor || fp % sizeof(fp) != 0 ||
            !evprof_window_load(window, fp + sizeof(fp), &next)) {
            break;
        }
        next = evprof_arch_strip(next);
        if (next < LOWEST_CODE) {
            break;
        }
        pc = next;
        has_room = evprof_walk_add(walk, &skip, pc);
        floor = fp + 2 * sizeof(fp);
        fp = evprof_peek(fp);
    }
    if (has_room && !is_bottom(map, pc, fp)) {
        evprof_walk_broken(walk);
    }
}

static void
walk_regs(evprof_walk_t *walk, const evprof_regs_t *regs, size_t skip)
{
    walk->count = 0;
    walk->flags = 0;
    evprof_window_t window =
        evprof_window_open(walk->bounds, regs->r[EVPROF_REG_SP]);
    evprof_pinned_t pinned = evprof_map_pin();
    walk_chain(walk, pinned.map, &window, regs, skip);
    evprof_map_unpin(pinned);
}

static void
walk_context(evprof_walk_t *walk, const void *ucontext)
{
    evprof_regs_t regs = evprof_regs_of_context(ucontext);
    walk_regs(walk, &regs, 0);
}

const evprof_unwinder_t evprof_unwinder_fp = {
    .name = "fp",
    .is_signal_safe = true,
    .walk_context = walk_context,
    .walk_regs = walk_regs,
};
