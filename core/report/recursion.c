/* SPDX-License-Identifier: Apache-2.0 */
#include "core/report/recursion.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"

/* The longest cycle of calls that is looked for. */
#define MAX_PERIOD 8

typedef struct repetition {
    uint32_t period;
    uint32_t count; /* at least 2 when there is any */
} repetition_t;

static bool
is_equal(const uint32_t *frames, uint32_t a, uint32_t b, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        if (EVPROF_FRAME_PLACE(frames[a + i]) !=
            EVPROF_FRAME_PLACE(frames[b + i])) {
            return false;
        }
    }
    return true;
}

/* The repetition at `at` that saves most frames; of equal ones that with the
 * shortest period. */
static repetition_t
find_repetition(const uint32_t *frames, uint32_t at, uint32_t len)
{
    repetition_t best = { 1, 1 };
    for (uint32_t period = 1; period <= MAX_PERIOD; period++) {
        uint32_t count = 1;
        while (at + (count + 1) * period <= len &&
               is_equal(frames, at, at + count * period, period)) {
            count++;
        }
        if ((count - 1) * period > (best.count - 1) * best.period) {
            best = (repetition_t){ period, count };
        }
    }
    return best;
}

/* Folds the frames of one stack to `to`; returns how many are left. */
static uint32_t
fold_stack(evprof_stacks_t *s, const evprof_view_stack_t *stack, size_t to)
{
    const uint32_t *frames = s->frames + stack->first;
    uint32_t used = 0;
    for (uint32_t at = 0; at < stack->len;) {
        repetition_t r = find_repetition(frames, at, stack->len);
        /* Frames move to the front, so none is overwritten before it is read.
         */
        memmove(&s->frames[to + used], &frames[at], r.period * sizeof(*frames));
        for (uint32_t i = 0; i < r.period; i++) {
            s->repeats[to + used + i] = r.count;
        }
        used += r.period;
        at += r.period * r.count;
    }
    return used;
}

int
evprof_stacks_fold_recursion(evprof_stacks_t *s, evprof_error_t *err)
{
    s->repeats = calloc(s->frame_count + 1, sizeof(*s->repeats));
    if (s->repeats == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "stacks: out of memory");
    }
    size_t to = 0;
    for (size_t i = 0; i < s->count; i++) {
        evprof_view_stack_t *stack = &s->stacks[i];
        uint32_t len = fold_stack(s, stack, to);
        stack->first = (uint32_t)to;
        stack->len = len;
        to += len;
    }
    s->frame_count = to;
    return EVPROF_OK;
}
