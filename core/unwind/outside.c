/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each frame is stepped by its call-frame data. At first only the stack pointer
 * is known; a register becomes known when a frame that saved it is left. Where
 * a frame is measured from a frame pointer that is still unknown, its size is
 * derived from its instructions instead (frame_depth.c). Where that fails, the
 * stack is broken: searching the stack for return addresses is not tried, since
 * it still holds those of earlier calls.
 *
 * Code and call-frame data of objects that cannot be unloaded are read in
 * place; those of others, from copies.
 */
#include "core/unwind/outside.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/bulk.h"
#include "core/base/self.h"
#include "core/unwind/frame_depth.h"
#include "core/unwind/sig_step.h"
#include "core/unwind/sig_table.h"
#include "core/unwind/sig_walk.h"

enum { ID_MOST = 256, CODE_MOST = 65536 };

/* A copy of an object's call-frame data. */
typedef struct frames_copy {
    struct frames_copy *next;
    uint64_t generation; /* of the object */
    uintptr_t low;
    size_t size;
    unsigned char bytes[];
} frames_copy_t;

struct evprof_outside {
    frames_copy_t *copies;
    unsigned char *stack; /* what stepper.window reads, unless the caller's */
    size_t stack_room;
    unsigned char *code; /* of one function */
    /* State of the current walk. */
    evprof_stepper_t stepper;
    /* The last one that was verified to be what the map says. */
    const evprof_segment_t *checked;
};

evprof_outside_t *
evprof_outside_new(void)
{
    return calloc(1, sizeof(evprof_outside_t));
}

void
evprof_outside_free(evprof_outside_t *outside)
{
    if (outside == NULL) {
        return;
    }
    while (outside->copies != NULL) {
        frames_copy_t *copy = outside->copies;
        outside->copies = copy->next;
        evprof_bulk_free(copy, sizeof(*copy) + copy->size);
    }
    evprof_bulk_free(outside->stack, outside->stack_room);
    evprof_bulk_free(outside->code, CODE_MOST);
    free(outside);
}

/* Copies memory of this process that may be unmapped, and returns how many
 * bytes could be read. No piece crosses a page, so that a hole ends the copy
 * and does not void it; many pieces in one call are several times faster. */
static size_t
copy_memory(uintptr_t address, void *out, size_t size)
{
    enum { PIECES = 64 };
    struct iovec remote[PIECES];
    size_t done = 0;
    int saved = errno;
    while (done < size) {
        size_t asked = 0;
        unsigned long count = 0;
        while (count < PIECES && done + asked < size) {
            uintptr_t at = address + done + asked;
            size_t len = EVPROF_PAGE - at % EVPROF_PAGE;
            len = len < size - done - asked ? len : size - done - asked;
            // NOLINTNEXTLINE(performance-no-int-to-ptr)
            remote[count++] = (struct iovec){ (void *)at, len };
            asked += len;
        }
        struct iovec local = { (char *)out + done, asked };
        ssize_t got =
            process_vm_readv(evprof_self_pid(), &local, 1, remote, count, 0);
        done += got > 0 ? (size_t)got : 0;
        if (got != (ssize_t)asked) {
            break;
        }
    }
    errno = saved;
    return done;
}

/* ---- The stack ---- */

static size_t
most_of_stack(const evprof_asleep_t *thread, uintptr_t from)
{
    const evprof_stack_bounds_t *bounds = &thread->bounds;
    bool is_inside = from >= bounds->low && from < bounds->high;
    size_t most = is_inside ? bounds->high - from : EVPROF_WINDOW_MOST;
    return most < EVPROF_WINDOW_MOST ? most : EVPROF_WINDOW_MOST;
}

static void
open_window(evprof_outside_t *outside, uintptr_t low, const unsigned char *copy,
            size_t size)
{
    outside->stepper.window = (evprof_window_t){
        .low = low,
        .high = low + size,
        .limit = low + size,
        .shift = (uintptr_t)copy - low,
        .is_copy = true,
    };
}

/* Copies `size` bytes of the stack from `low` on, or as many as there are;
 * false when that is no more than before. */
static bool
copy_stack(evprof_outside_t *outside, const evprof_asleep_t *thread,
           uintptr_t low, size_t size)
{
    size_t most = most_of_stack(thread, low);
    size = size < most ? size : most;
    if (size > outside->stack_room) {
        unsigned char *stack =
            evprof_bulk_resize(outside->stack, outside->stack_room, size);
        if (stack == NULL) {
            return false;
        }
        outside->stack = stack;
        outside->stack_room = size;
    }
    const evprof_window_t *window = &outside->stepper.window;
    size_t before = window->low == low ? window->high - low : 0;
    size = copy_memory(low, outside->stack, size);
    open_window(outside, low, outside->stack, size);
    return size > before;
}

/* Enlarges the copy after a step failed because a word is above it. */
static bool
copy_more(evprof_outside_t *outside, const evprof_asleep_t *thread)
{
    const evprof_window_t *window = &outside->stepper.window;
    size_t size = window->high - window->low;
    return window->is_short &&
           copy_stack(outside, thread, window->low, 8 * size);
}

static bool
is_in_window(const evprof_outside_t *outside)
{
    uintptr_t sp = outside->stepper.regs.r[EVPROF_REG_SP];
    const evprof_window_t *window = &outside->stepper.window;
    return sp >= window->low && sp < window->high;
}

/* ---- Code and call-frame data ---- */

/* Whether the object that the map names is still loaded there. */
static bool
is_in_place(evprof_outside_t *outside, const evprof_segment_t *segment)
{
    unsigned char id[ID_MOST];
    if (segment->is_permanent || segment == outside->checked) {
        return true;
    }
    bool is_same = segment->id_address != 0 && segment->id_size <= sizeof(id) &&
                   copy_memory(segment->id_address, id, segment->id_size) ==
                       segment->id_size &&
                   evprof_object_identity((uintptr_t)id, segment->id_size) ==
                       segment->identity;
    outside->checked = is_same ? segment : outside->checked;
    return is_same;
}

/* The call-frame data of an object that may be unloaded, or NULL. */
static const unsigned char *
copy_frames(evprof_outside_t *outside, const evprof_segment_t *segment)
{
    size_t size = segment->eh_high - segment->eh_low;
    frames_copy_t *copy = outside->copies;
    while (copy != NULL && (copy->generation != segment->generation ||
                            copy->low != segment->eh_low)) {
        copy = copy->next;
    }
    if (copy != NULL) {
        return copy->bytes;
    }
    copy =
        segment->eh_low == 0 ? NULL : evprof_bulk_alloc(sizeof(*copy) + size);
    if (copy == NULL ||
        copy_memory(segment->eh_low, copy->bytes, size) != size) {
        evprof_bulk_free(copy, sizeof(*copy) + size);
        return NULL;
    }
    copy->generation = segment->generation;
    copy->low = segment->eh_low;
    copy->size = size;
    copy->next = outside->copies;
    outside->copies = copy;
    return copy->bytes;
}

static bool
find_source(evprof_outside_t *outside, uintptr_t pc, evprof_step_source_t *out)
{
    const evprof_segment_t *segment = evprof_map_find(outside->stepper.map, pc);
    if (segment == NULL || !is_in_place(outside, segment)) {
        return false;
    }
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    const unsigned char *data = (const unsigned char *)segment->eh_low;
    bool has_own = segment->table != NULL && segment->table->copy != NULL;
    if (!segment->is_permanent && !has_own) {
        data = copy_frames(outside, segment);
        if (data == NULL) {
            return false;
        }
    }
    return evprof_step_open(segment, pc, data, out);
}

/* Whether a call instruction ends at `ra` in code that the map knows. */
static bool
is_after_call(const evprof_outside_t *outside, uintptr_t ra)
{
    unsigned char bytes[EVPROF_CALL_MAX];
    int64_t target;
    return evprof_map_find(outside->stepper.map, ra - 1) != NULL &&
           copy_memory(ra - sizeof(bytes), bytes, sizeof(bytes)) ==
               sizeof(bytes) &&
           evprof_arch_ends_in_call(bytes, sizeof(bytes), &target);
}

/* ---- Steps ---- */

/* Sets the frame pointer of the current frame by the function's
 * instructions. */
static bool
derive_fp(evprof_outside_t *outside, const evprof_step_source_t *source,
          const evprof_fde_t *fde)
{
    evprof_regs_t *regs = &outside->stepper.regs;
    uintptr_t start = fde->start + source->bias;
    size_t size = fde->limit - fde->start;
    intptr_t depth = 0;
    if (outside->code == NULL) {
        outside->code = evprof_bulk_alloc(CODE_MOST);
    }
    if (outside->code == NULL || size > CODE_MOST ||
        copy_memory(start, outside->code, size) != size ||
        !evprof_frame_depth(outside->code, size, regs->pc - start, &depth)) {
        return false;
    }
    regs->r[EVPROF_REG_FP] = regs->r[EVPROF_REG_SP] + (uintptr_t)depth;
    regs->known |= UINT64_C(1) << EVPROF_REG_FP;
    return true;
}

static bool
knows_fp(const evprof_outside_t *outside)
{
    return (outside->stepper.regs.known >> EVPROF_REG_FP & 1) != 0;
}

/* Steps one frame up within the current copy of the stack. */
static enum evprof_step
step_in_copy(evprof_outside_t *outside)
{
    evprof_stepper_t *stepper = &outside->stepper;
    uintptr_t pc = stepper->regs.pc - !stepper->is_exact;
    evprof_step_source_t source;
    evprof_fde_t fde;
    if (!find_source(outside, pc, &source) ||
        !evprof_step_find(&source, pc, &fde)) {
        return EVPROF_STEP_UNKNOWN;
    }
    enum evprof_step step = evprof_step_by_fde(stepper, &source, &fde);
    if (step != EVPROF_STEP_NEEDS_ALL || knows_fp(outside) ||
        !derive_fp(outside, &source, &fde)) {
        return step;
    }
    step = evprof_step_by_fde(stepper, &source, &fde);
    return step == EVPROF_STEP_OK && !is_after_call(outside, stepper->regs.pc)
               ? EVPROF_STEP_UNKNOWN
               : step;
}

static enum evprof_step
step(evprof_outside_t *outside, const evprof_asleep_t *thread)
{
    evprof_stepper_t *stepper = &outside->stepper;
    const evprof_regs_t regs = stepper->regs;
    const bool is_exact = stepper->is_exact;
    enum evprof_step out = step_in_copy(outside);
    while (out != EVPROF_STEP_OK && out != EVPROF_STEP_END &&
           copy_more(outside, thread)) {
        stepper->regs = regs;
        stepper->is_exact = is_exact;
        out = step_in_copy(outside);
    }
    /* The caller is on another stack (a signal had its own), or above the
     * copy. */
    if (out == EVPROF_STEP_OK && !is_in_window(outside)) {
        uintptr_t sp = stepper->regs.r[EVPROF_REG_SP];
        (void)copy_stack(outside, thread, sp, EVPROF_OUTSIDE_FIRST);
    }
    return out;
}

static bool
begin(evprof_outside_t *outside, const evprof_asleep_t *thread,
      const evprof_map_t *map)
{
    outside->checked = NULL;
    outside->stepper = (evprof_stepper_t){
        .map = map,
        .bounds = thread->bounds,
        .regs = { .pc = thread->pc, .known = UINT64_C(1) << EVPROF_REG_SP },
        .is_exact = true,
        .wants_all = true,
    };
    outside->stepper.regs.r[EVPROF_REG_SP] = thread->sp;
    if (thread->copy != NULL && thread->copy_size > 0) {
        open_window(outside, thread->sp, thread->copy, thread->copy_size);
        return true;
    }
    return copy_stack(outside, thread, thread->sp, EVPROF_OUTSIDE_FIRST);
}

bool
evprof_outside_walk(evprof_outside_t *outside, const evprof_asleep_t *thread,
                    evprof_walk_t *walk)
{
    evprof_pinned_t pinned = evprof_map_pin();
    bool has_begun = begin(outside, thread, pinned.map);
    size_t skip = 0;
    enum evprof_step at = EVPROF_STEP_OK;
    walk->count = 0;
    walk->flags = 0;
    bool has_room = has_begun && evprof_walk_add(walk, &skip, thread->pc);
    while (has_room && at == EVPROF_STEP_OK) {
        at = step(outside, thread);
        const evprof_stepper_t *stepper = &outside->stepper;
        has_room =
            at != EVPROF_STEP_OK ||
            evprof_walk_add(walk, &skip, stepper->regs.pc + stepper->is_exact);
    }
    if (has_room && at != EVPROF_STEP_END) {
        evprof_walk_broken(walk);
    }
    evprof_map_unpin(pinned);
    return has_begun;
}
