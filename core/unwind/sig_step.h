/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_STEP_H
#define EVPROF_UNWIND_SIG_STEP_H

/*
 * One step from a frame to its caller that follows all registers, by the
 * call-frame data in memory. Used for the frame that a signal interrupted,
 * whose pc may be anywhere in its function, and for callers that tables do not
 * cover.
 */

#include "core/unwind/sig_cfi.h"
#include "core/unwind/sig_map.h"
#include "core/unwind/sig_rule.h"
#include "core/unwind/sig_window.h"

enum evprof_step {
    EVPROF_STEP_OK,
    EVPROF_STEP_END,       /* the stack begins here */
    EVPROF_STEP_UNKNOWN,   /* the caller cannot be found */
    EVPROF_STEP_JUNK,      /* regs.pc is not code */
    EVPROF_STEP_NEEDS_ALL, /* would need a register whose value is unknown */
};

typedef struct evprof_stepper {
    const evprof_map_t *map;
    evprof_window_t window;
    evprof_stack_bounds_t bounds;
    evprof_regs_t regs;
    bool is_exact;  /* regs.pc was interrupted; it is not a return address */
    bool wants_all; /* follow all registers, not only those that rules use */
    /* After a raw step: the self-contained rule that does the same, or
     * EVPROF_CODE_RAW when there is none or the code may be unloaded. */
    unsigned code;
    /* The last segment that was found loaded. */
    const evprof_segment_t *checked;
} evprof_stepper_t;

/* Steps by a self-contained rule (sig_rule.h); false when that would leave the
 * stack or not move up. Signal-safe. */
static inline bool
evprof_step_simple(unsigned code, evprof_frame_t *frame,
                   evprof_window_t *window)
{
    uintptr_t base = (code & EVPROF_CODE_FP) != 0 ? frame->fp : frame->sp;
    uintptr_t cfa = base + (code & EVPROF_CODE_SIZE_MOST) * EVPROF_RULE_UNIT;
    unsigned slot = code >> EVPROF_CODE_SLOT_SHIFT & EVPROF_CODE_SLOT_MOST;
    uintptr_t lowest = evprof_rule_lowest(base, cfa, slot);
    uintptr_t ra = evprof_rule_ra(cfa, lowest);
    if (lowest < frame->sp || cfa <= frame->sp ||
        !evprof_window_has(window, ra)) {
        return false;
    }
    frame->pc = evprof_arch_strip(evprof_peek(ra));
    frame->fp = evprof_rule_keeps_fp(slot) ? frame->fp : evprof_peek(lowest);
    frame->sp = cfa;
    return true;
}

/* Continues from a frame of which only pc, sp and fp are known. */
static inline void
evprof_step_take(evprof_stepper_t *stepper, const evprof_frame_t *frame)
{
    stepper->regs.pc = frame->pc;
    stepper->regs.r[EVPROF_REG_SP] = frame->sp;
    stepper->regs.r[EVPROF_REG_FP] = frame->fp;
    stepper->regs.known = UINT64_C(1) << EVPROF_REG_SP | UINT64_C(1)
                                                             << EVPROF_REG_FP;
    stepper->is_exact = false;
}

/* Call-frame data and the index that finds an FDE in it. */
typedef struct evprof_step_source {
    evprof_cfi_t cfi;
    evprof_cfi_search_t search; /* the linker's table */
    /* NULL, or the copy that `cfi` is of, with a search table */
    const struct evprof_table_copy *copy;
    uintptr_t bias; /* memory's addresses minus those in cfi */
} evprof_step_source_t;

/*
 * Opens the call-frame data of the segment that holds `pc`. `data` has the
 * bytes from segment->eh_low on: eh_low itself, or a copy. False: there is
 * none. Signal-safe.
 */
bool evprof_step_open(const evprof_segment_t *segment, uintptr_t pc,
                      const unsigned char *data, evprof_step_source_t *out);

/* The FDE that describes the code at `pc`; false: none does. Signal-safe. */
bool evprof_step_find(const evprof_step_source_t *source, uintptr_t pc,
                      evprof_fde_t *fde);

/* Steps by an FDE of `source` with all registers that are known. Signal-safe.
 */
enum evprof_step evprof_step_by_fde(evprof_stepper_t *stepper,
                                    const evprof_step_source_t *source,
                                    const evprof_fde_t *fde);

/* Steps by call-frame data where it exists; else out of a signal frame, a
 * linkage stub or other code that evprof_step_bare() recognises.
 * Signal-safe. */
enum evprof_step evprof_step_raw(evprof_stepper_t *stepper);

/* Steps out of the kernel's signal frame to the interrupted one.
 * Signal-safe. */
enum evprof_step evprof_step_signal(evprof_stepper_t *stepper);

/* Steps out of code without call-frame data (linkage stubs, signal returns,
 * hand-written and generated code), only where the caller is certain.
 * Signal-safe. */
enum evprof_step evprof_step_bare(evprof_stepper_t *stepper,
                                  const evprof_segment_t *segment);

/* Whether call-frame data describe the code at `pc`. Signal-safe. */
bool evprof_step_is_described(const evprof_segment_t *segment, uintptr_t pc);

/* Whether the segment is still loaded; asks the loader once per walk and
 * segment. Signal-safe. */
static inline bool
evprof_step_is_loaded(evprof_stepper_t *stepper,
                      const evprof_segment_t *segment)
{
    if (segment == stepper->checked) {
        return true;
    }
    if (!evprof_map_is_loaded(segment)) {
        return false;
    }
    stepper->checked = segment;
    return true;
}

#endif
