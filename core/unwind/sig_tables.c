/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The call-frame-table unwinder. The interrupted frame is stepped by the raw
 * call-frame instructions. From there on every pc follows a call, and its rule
 * comes from a cache shared by all threads or from the object's table. The loop
 * follows stack and frame pointer only; where a rule needs another register,
 * which is rare (lazy binding), the walk starts over and follows them all.
 *
 * A cache word is pc << 16 | rule, read and written whole, so that no order
 * between threads is needed. Only code that can never be unloaded is cached:
 * such a word stays true.
 */
#include "core/unwind/sig_rule.h"
#include "core/unwind/sig_step.h"
#include "core/unwind/sig_table.h"
#include "core/unwind/sig_unwind.h"
#include "core/unwind/sig_walk.h"

/* 32 KiB for the process: the call sites of a busy server's hot stacks. */
#define CACHE_BITS 12u
#define CACHE_PC_LIMIT (UINT64_C(1) << 48)

evprof_rule_t evprof_rules[EVPROF_RULES_MOST];

static atomic_uint_fast64_t cache[1u << CACHE_BITS];

/* The cache of interrupted pcs, which are looked up exactly and not as the end
 * of a call. 16 KiB, since hot loops are few. */
#define EXACT_BITS 11u

static atomic_uint_fast64_t exact_cache[1u << EXACT_BITS];

typedef struct walker {
    evprof_walk_t *walk;
    evprof_stepper_t stepper;
    const evprof_regs_t *begin;
    size_t skip;
    size_t skip_all;
} walker_t;

static inline atomic_uint_fast64_t *
cache_slot(uintptr_t pc)
{
    /* Multiplying by 2^64 over the golden ratio spreads neighbouring
     * addresses. */
    return &cache[(uint64_t)pc * UINT64_C(0x9e3779b97f4a7c15) >>
                  (64 - CACHE_BITS)];
}

__attribute__((noinline)) static unsigned
find_in_table(evprof_stepper_t *stepper, uintptr_t pc)
{
    const evprof_segment_t *segment = evprof_map_find(stepper->map, pc - 1);
    if (segment == NULL || segment->table == NULL ||
        !evprof_step_is_loaded(stepper, segment)) {
        return EVPROF_CODE_RAW;
    }
    unsigned code = evprof_table_find(segment->table, pc - 1 - segment->start);
    if (segment->is_permanent && pc < CACHE_PC_LIMIT) {
        atomic_store_explicit(cache_slot(pc), (uint64_t)pc << 16 | code,
                              memory_order_relaxed);
    }
    return code;
}

static inline unsigned
find_code(evprof_stepper_t *stepper, uintptr_t pc)
{
    uint64_t word = atomic_load_explicit(cache_slot(pc), memory_order_relaxed);
    return word >> 16 == pc ? (unsigned)(word & 0xffff)
                            : find_in_table(stepper, pc);
}

static bool
step_rule(const evprof_rule_t *rule, evprof_frame_t *frame,
          evprof_window_t *window)
{
    uintptr_t cfa = rule->base == EVPROF_REG_FP ? frame->fp : frame->sp;
    cfa += (uintptr_t)(intptr_t)rule->offset;
    if (rule->is_loaded) {
        if (!evprof_window_load(window, cfa, &cfa)) {
            return false;
        }
        cfa += (uintptr_t)(intptr_t)rule->add;
    }
    uintptr_t fp = frame->fp;
    if (rule->fp != EVPROF_RULE_FP_SAME) {
        uintptr_t at = rule->fp == EVPROF_RULE_FP_AT_CFA ? cfa : fp;
        at += (uintptr_t)(intptr_t)rule->fp_offset;
        if (!evprof_window_load(window, at, &fp)) {
            return false;
        }
    }
    uintptr_t ra = 0;
    if (cfa <= frame->sp ||
        !evprof_window_load(window, cfa + (uintptr_t)(intptr_t)rule->ra_offset,
                            &ra)) {
        return false;
    }
    *frame = (evprof_frame_t){ evprof_arch_strip(ra), cfa, fp };
    return true;
}

/* Why the walk by tables has stopped. */
enum follow { FOLLOW_RAW, FOLLOW_END, FOLLOW_SIGNAL, FOLLOW_BROKEN };

/* Follows callers as long as tables know them. */
static enum follow
follow_tables(walker_t *w, evprof_frame_t *frame)
{
    evprof_window_t *window = &w->stepper.window;
    for (;;) {
        unsigned code = find_code(&w->stepper, frame->pc);
        bool is_good = false;
        if ((code & EVPROF_CODE_RULE) == 0) {
            is_good = evprof_step_simple(code, frame, window);
        } else if (code >= EVPROF_CODE_FIRST) {
            is_good = step_rule(&evprof_rules[code & ~EVPROF_CODE_RULE], frame,
                                window);
        } else if (code == EVPROF_CODE_END) {
            return FOLLOW_END;
        } else {
            return code == EVPROF_CODE_SIGNAL ? FOLLOW_SIGNAL : FOLLOW_RAW;
        }
        if (!is_good) {
            return FOLLOW_BROKEN;
        }
        if (frame->pc == 0 || !evprof_walk_add(w->walk, &w->skip, frame->pc)) {
            return FOLLOW_END;
        }
    }
}

static void
begin(walker_t *w)
{
    w->walk->count = 0;
    w->walk->flags = 0;
    w->skip = w->skip_all;
    w->stepper.regs = *w->begin;
    w->stepper.is_exact = true;
    w->stepper.window =
        evprof_window_open(w->walk->bounds, w->begin->r[EVPROF_REG_SP]);
    evprof_walk_add(w->walk, &w->skip, w->begin->pc);
}

/* Follows the tables as far as they reach, then steps one frame by other
 * means. */
static enum evprof_step
step_callers(walker_t *w)
{
    evprof_regs_t *regs = &w->stepper.regs;
    evprof_frame_t frame = { regs->pc, regs->r[EVPROF_REG_SP],
                             regs->r[EVPROF_REG_FP] };
    enum follow next = follow_tables(w, &frame);
    if (frame.pc != regs->pc || frame.sp != regs->r[EVPROF_REG_SP]) {
        evprof_step_take(&w->stepper, &frame);
    }
    switch (next) {
    case FOLLOW_END:
        return EVPROF_STEP_END;
    case FOLLOW_SIGNAL:
        return evprof_step_signal(&w->stepper);
    case FOLLOW_RAW:
        return evprof_step_raw(&w->stepper);
    default:
        return EVPROF_STEP_UNKNOWN;
    }
}

/* Steps an interrupted frame by the cached rule of its pc, or by the call-frame
 * data, and caches the rule. */
static enum evprof_step
step_exact(walker_t *w)
{
    evprof_regs_t *regs = &w->stepper.regs;
    uintptr_t pc = regs->pc;
    atomic_uint_fast64_t *slot =
        &exact_cache[(uint64_t)pc * UINT64_C(0x9e3779b97f4a7c15) >>
                     (64 - EXACT_BITS)];
    uint64_t word = atomic_load_explicit(slot, memory_order_relaxed);
    evprof_frame_t frame = { pc, regs->r[EVPROF_REG_SP],
                             regs->r[EVPROF_REG_FP] };
    if (word >> 16 == pc && evprof_step_simple((unsigned)(word & 0xffff),
                                               &frame, &w->stepper.window)) {
        evprof_step_take(&w->stepper, &frame);
        return frame.pc == 0 ? EVPROF_STEP_END : EVPROF_STEP_OK;
    }
    enum evprof_step step = evprof_step_raw(&w->stepper);
    if (step == EVPROF_STEP_OK && w->stepper.code != EVPROF_CODE_RAW &&
        pc < CACHE_PC_LIMIT) {
        atomic_store_explicit(slot, (uint64_t)pc << 16 | w->stepper.code,
                              memory_order_relaxed);
    }
    return step;
}

static enum evprof_step
step_once(walker_t *w)
{
    if (w->stepper.wants_all) {
        return evprof_step_raw(&w->stepper);
    }
    return w->stepper.is_exact ? step_exact(w) : step_callers(w);
}

static void
follow_all(walker_t *w)
{
    enum evprof_step step = EVPROF_STEP_OK;
    begin(w);
    while (step == EVPROF_STEP_OK) {
        step = step_once(w);
        if (step == EVPROF_STEP_NEEDS_ALL && !w->stepper.wants_all) {
            w->stepper.wants_all = true;
            step = EVPROF_STEP_OK;
            begin(w);
            continue;
        }
        if (step == EVPROF_STEP_OK &&
            !evprof_walk_add(w->walk, &w->skip,
                             w->stepper.regs.pc + w->stepper.is_exact)) {
            return;
        }
    }
    if (step == EVPROF_STEP_JUNK && w->walk->count > 1) {
        w->walk->count--;
    }
    if (step != EVPROF_STEP_END) {
        evprof_walk_broken(w->walk);
    }
}

static void
walk_regs(evprof_walk_t *walk, const evprof_regs_t *regs, size_t skip)
{
    evprof_pinned_t pinned = evprof_map_pin();
    /* Not zeroed: the structure is large, and begin() sets the registers. */
    walker_t w;
    w.walk = walk;
    w.begin = regs;
    w.skip_all = skip;
    w.stepper.wants_all = false;
    w.stepper.map = pinned.map;
    w.stepper.bounds = walk->bounds;
    w.stepper.checked = NULL;
    follow_all(&w);
    evprof_map_unpin(pinned);
}

static void
walk_context(evprof_walk_t *walk, const void *ucontext)
{
    evprof_regs_t regs = evprof_regs_of_context(ucontext);
    walk_regs(walk, &regs, 0);
}

const evprof_unwinder_t evprof_unwinder_tables = {
    .name = "tables",
    .is_signal_safe = true,
    .walk_context = walk_context,
    .walk_regs = walk_regs,
};
