/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The function is swept from its first instruction to its last, tracking the
 * distance from the stack pointer up to the frame pointer. Branches carry it to
 * their targets; where two paths meet with different distances (alloca, arrays
 * of variable size, loops that probe a large frame) it is unknown from there
 * on. Code after a jump is reached only by a branch, mostly from above; a few
 * more rounds find the branches from below. The sweep must meet an instruction
 * that ends exactly at the place in question: otherwise the bytes were misread.
 */
#include "core/unwind/frame_depth.h"

#if defined(__x86_64__)

#include "core/base/bulk.h"
#include "core/unwind/insn_x86_64.h"

/* Larger functions are not measured: the sweep keeps four bytes for each byte
 * of code. */
enum { SIZE_MOST = 65536, ROUNDS = 4 };

/* Values of a place that are not distances. */
enum {
    NOWHERE = INT32_MIN, /* no path has led here yet */
    NO_FRAME,            /* the frame pointer is the caller's */
    UNKNOWN,             /* the distance varies */
    DISTANCE_MOST = 1 << 30,
};

typedef struct sweep {
    const unsigned char *code;
    size_t size;
    int32_t *places; /* one for each byte of code */
    int32_t now;
    int32_t at_switch; /* the value after the last jump through a table */
    bool is_changed;
} sweep_t;

/* Combines two paths into one place. Before the frame exists, any distance is
 * better than none. */
static int32_t
join(int32_t a, int32_t b)
{
    if (a == b || b == NOWHERE) {
        return a;
    }
    if (a == NOWHERE || (a == NO_FRAME && b != UNKNOWN)) {
        return b;
    }
    return b == NO_FRAME && a != UNKNOWN ? a : UNKNOWN;
}

static void
lead_to(sweep_t *sweep, size_t from, int64_t offset)
{
    int64_t target = (int64_t)from + offset;
    if (target < 0 || target >= (int64_t)sweep->size) {
        return;
    }
    int32_t *place = &sweep->places[target];
    int32_t joined = join(*place, sweep->now);
    sweep->is_changed = sweep->is_changed || joined != *place;
    *place = joined;
}

static int32_t
add(int32_t distance, int64_t more)
{
    int64_t sum = distance + more;
    bool is_number = distance > UNKNOWN;
    if (!is_number) {
        return distance;
    }
    return sum < 0 || sum > DISTANCE_MOST ? UNKNOWN : (int32_t)sum;
}

/* Sets the distance after an instruction, on the path that falls through. */
static void
apply(sweep_t *sweep, const evprof_insn_t *insn, size_t end)
{
    switch (insn->kind) {
    case EVPROF_INSN_SP_ADD:
        sweep->now = add(sweep->now, -insn->value);
        break;
    case EVPROF_INSN_SP_OF_FP:
        sweep->now = sweep->now == NO_FRAME || sweep->now == NOWHERE
                         ? sweep->now
                         : add(0, -insn->value);
        break;
    case EVPROF_INSN_FP_OF_SP:
        sweep->now = add(0, insn->value);
        break;
    case EVPROF_INSN_FP_POPPED:
        sweep->now = NO_FRAME;
        break;
    case EVPROF_INSN_SP_LOST:
        sweep->now = sweep->now == NO_FRAME ? NO_FRAME : UNKNOWN;
        break;
    case EVPROF_INSN_BRANCH:
        lead_to(sweep, end, insn->value);
        break;
    case EVPROF_INSN_JUMP:
        lead_to(sweep, end, insn->value);
        sweep->now = NOWHERE;
        break;
    case EVPROF_INSN_JUMP_FAR:
        sweep->at_switch = sweep->now;
        sweep->now = NOWHERE;
        break;
    case EVPROF_INSN_STOP:
        sweep->now = NOWHERE;
        break;
    default:
        break;
    }
}

/* One sweep over the function; false: an instruction before the place in
 * question is not understood. */
static bool
sweep_once(sweep_t *sweep, size_t at, int32_t *out)
{
    bool is_met = false;
    sweep->now = NO_FRAME;
    sweep->at_switch = NOWHERE;
    for (size_t offset = 0; offset < sweep->size;) {
        evprof_insn_t insn =
            evprof_insn_decode(sweep->code + offset, sweep->size - offset);
        if (insn.length == 0) {
            return is_met;
        }
        int32_t *place = &sweep->places[offset];
        sweep->now = join(*place, sweep->now);
        if (sweep->now == NOWHERE) {
            sweep->now = sweep->at_switch;
        }
        sweep->is_changed = sweep->is_changed || *place != sweep->now;
        *place = sweep->now;
        offset += insn.length;
        apply(sweep, &insn, offset);
        if (offset == at) {
            *out = sweep->now;
            is_met = true;
        }
    }
    return is_met;
}

bool
evprof_frame_depth(const unsigned char *code, size_t size, size_t at,
                   intptr_t *depth)
{
    if (size > SIZE_MOST || at > size) {
        return false;
    }
    sweep_t sweep = {
        .code = code,
        .size = size,
        .places = evprof_bulk_alloc(size * sizeof(*sweep.places)),
    };
    if (sweep.places == NULL) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        sweep.places[i] = NOWHERE;
    }
    int32_t found = UNKNOWN;
    bool is_met = true;
    sweep.is_changed = true;
    for (int i = 0; i < ROUNDS && is_met && sweep.is_changed; i++) {
        sweep.is_changed = false;
        is_met = sweep_once(&sweep, at, &found);
    }
    evprof_bulk_free(sweep.places, size * sizeof(*sweep.places));
    *depth = found;
    return is_met && !sweep.is_changed && found > UNKNOWN;
}

#else

bool
evprof_frame_depth(const unsigned char *code, size_t size, size_t at,
                   intptr_t *depth)
{
    (void)code;
    (void)size;
    (void)at;
    (void)depth;
    return false;
}

#endif
