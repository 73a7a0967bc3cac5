/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group is a run of spans (the part of a stack that is folded) that begin
 * alike. It is split by the place that comes next: one pass adds up each part,
 * a second one moves the spans of the parts that are wide enough together. A
 * list of groups that wait takes the place of recursion, since stacks may be
 * millions of frames deep.
 */
#include "core/report/fold.h"

#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/grow.h"

typedef struct span {
    uint32_t first; /* index of its first frame */
    uint32_t len;
    uint32_t stack;
} span_t;

typedef struct part {
    uint32_t place;
    uint32_t count;
    uint32_t begin; /* where its spans go */
    uint32_t repeat;
    bool is_inline;
    evprof_sum_t sum;
} part_t;

typedef struct group {
    size_t begin;
    size_t end;
    evprof_fold_box_t box;
} group_t;

typedef struct folder {
    const evprof_stacks_t *s;
    const evprof_fold_ask_t *ask;
    int64_t step; /* to the next frame of a span: 1 or -1 */
    span_t *spans;
    span_t *scratch;
    size_t span_count;
    uint32_t *part_of; /* of each place: index + 1 in parts */
    part_t *parts;
    size_t part_count;
    size_t part_cap;
    group_t *groups;
    size_t group_count;
    size_t group_cap;
    evprof_fold_t *out;
    size_t box_cap;
    double cutoff;
} folder_t;

static uint32_t
frame_at(const folder_t *f, const span_t *span, size_t depth)
{
    return f->s->frames[(int64_t)span->first + f->step * (int64_t)depth];
}

/* ---- Which part of each stack is folded ---- */

static bool
find_place(const evprof_stacks_t *s, const evprof_view_stack_t *stack,
           uint32_t place, uint32_t *at)
{
    for (uint32_t i = 0; i < stack->len; i++) {
        if (EVPROF_FRAME_PLACE(s->frames[stack->first + i]) == place) {
            *at = i;
            return true;
        }
    }
    return false;
}

/* False when the stack has no part in it. */
static bool
make_span(const folder_t *f, const evprof_view_stack_t *stack, span_t *out)
{
    uint32_t at = 0;
    out->first = stack->first;
    out->len = stack->len;
    switch (f->ask->kind) {
    case EVPROF_FOLD_DOWN:
        return true;
    case EVPROF_FOLD_UP:
        out->first += stack->len > 0 ? stack->len - 1 : 0;
        return true;
    case EVPROF_FOLD_CALLEES:
        if (!find_place(f->s, stack, f->ask->place, &at)) {
            return false;
        }
        out->first += at;
        out->len -= at;
        return true;
    case EVPROF_FOLD_CALLERS:
        if (!find_place(f->s, stack, f->ask->place, &at)) {
            return false;
        }
        out->first += at;
        out->len = at + 1;
        return true;
    }
    return false;
}

static bool
has_path(const folder_t *f, const span_t *span)
{
    if (span->len < f->ask->path_len) {
        return false;
    }
    for (size_t i = 0; i < f->ask->path_len; i++) {
        if (EVPROF_FRAME_PLACE(frame_at(f, span, i)) != f->ask->path[i]) {
            return false;
        }
    }
    return true;
}

/* Makes the spans of all stacks with the path, and the first group of them. */
static void
choose_spans(folder_t *f, group_t *first)
{
    size_t len = f->ask->path_len;
    *first =
        (group_t){ .box = { .place = EVPROF_NO_INDEX, .is_inline = len > 0 } };
    for (size_t i = 0; i < f->s->count; i++) {
        span_t span = { .stack = (uint32_t)i };
        if (!make_span(f, &f->s->stacks[i], &span) || !has_path(f, &span)) {
            continue;
        }
        if (len > 0) {
            uint32_t frame = frame_at(f, &span, len - 1);
            first->box.place = EVPROF_FRAME_PLACE(frame);
            first->box.is_inline &= EVPROF_FRAME_IS_INLINE(frame);
        }
        evprof_sum_add(&first->box.cum, f->s->stacks[i].value);
        f->spans[f->span_count++] = span;
    }
    first->end = f->span_count;
}

/* ---- Splitting a group ---- */

/* The part of a place; NULL: out of memory. */
static part_t *
part_for(folder_t *f, uint32_t place)
{
    if (f->part_of[place] != 0) {
        return &f->parts[f->part_of[place] - 1];
    }
    part_t *parts =
        evprof_grow(f->parts, &f->part_cap, f->part_count + 1, sizeof(*parts));
    if (parts == NULL) {
        return NULL;
    }
    f->parts = parts;
    parts[f->part_count] = (part_t){ .place = place, .is_inline = true };
    f->part_of[place] = (uint32_t)++f->part_count;
    return &parts[f->part_count - 1];
}

static void
count_repeats(const folder_t *f, const span_t *span, size_t depth, part_t *part)
{
    if (f->s->repeats != NULL) {
        uint32_t repeat =
            f->s->repeats[(int64_t)span->first + f->step * (int64_t)depth];
        part->repeat = repeat > part->repeat ? repeat : part->repeat;
    }
}

/* Adds up the frames at `depth` of each span. */
static bool
add_up(folder_t *f, group_t *g, size_t depth)
{
    f->part_count = 0;
    for (size_t i = g->begin; i < g->end; i++) {
        const span_t *span = &f->spans[i];
        int64_t value = f->s->stacks[span->stack].value;
        if (span->len <= depth) {
            evprof_sum_add(&g->box.self, value);
            continue;
        }
        uint32_t frame = frame_at(f, span, depth);
        part_t *part = part_for(f, EVPROF_FRAME_PLACE(frame));
        if (part == NULL) {
            return false;
        }
        part->count++;
        count_repeats(f, span, depth, part);
        part->is_inline &= EVPROF_FRAME_IS_INLINE(frame);
        evprof_sum_add(&part->sum, value);
    }
    return true;
}

/* Orders the narrowest first, since waiting groups are taken from the end. */
static int
by_width(const void *a, const void *b)
{
    const part_t *l = a;
    const part_t *r = b;
    int64_t lw = evprof_sum_width(l->sum);
    int64_t rw = evprof_sum_width(r->sum);
    if (lw != rw) {
        return lw < rw ? -1 : 1;
    }
    return l->place > r->place ? -1 : l->place < r->place;
}

/* Leaves out the narrow parts and says where the spans of the others go; the
 * marks of all places are cleared but for those. */
static void
choose_parts(folder_t *f, group_t *g)
{
    for (size_t i = 0; i < f->part_count; i++) {
        f->part_of[f->parts[i].place] = 0;
    }
    if (f->part_count > 1) {
        qsort(f->parts, f->part_count, sizeof(*f->parts), by_width);
    }
    size_t narrow = 0;
    while (narrow < f->part_count &&
           (double)evprof_sum_width(f->parts[narrow].sum) < f->cutoff) {
        narrow++;
    }
    g->box.hidden = (uint32_t)narrow;
    size_t begin = g->begin;
    for (size_t i = narrow; i < f->part_count; i++) {
        f->parts[i].begin = (uint32_t)begin;
        begin += f->parts[i].count;
        f->part_of[f->parts[i].place] = (uint32_t)i + 1;
    }
}

static void
move_spans(folder_t *f, const group_t *g, size_t depth)
{
    size_t end = g->begin;
    for (size_t i = g->begin; i < g->end; i++) {
        const span_t *span = &f->spans[i];
        if (span->len <= depth) {
            continue;
        }
        uint32_t place = EVPROF_FRAME_PLACE(frame_at(f, span, depth));
        if (f->part_of[place] != 0) {
            f->scratch[f->parts[f->part_of[place] - 1].begin++] = *span;
            end++;
        }
    }
    for (size_t i = g->begin; i < end; i++) {
        f->spans[i] = f->scratch[i];
    }
}

/* Lets the wide parts wait as groups. */
static bool
push_parts(folder_t *f, const group_t *g)
{
    group_t *groups =
        evprof_grow(f->groups, &f->group_cap, f->group_count + f->part_count,
                    sizeof(*groups));
    if (groups == NULL && f->part_count > 0) {
        return false;
    }
    f->groups = groups;
    for (size_t i = g->box.hidden; i < f->part_count; i++) {
        const part_t *part = &f->parts[i];
        f->part_of[part->place] = 0;
        groups[f->group_count++] = (group_t){
            .begin = part->begin - part->count,
            .end = part->begin,
            .box = { .place = part->place,
                     .depth = g->box.depth + 1,
                     .is_inline = part->is_inline,
                     .repeat = part->repeat,
                     .cum = part->sum },
        };
    }
    return true;
}

static bool
add_box(folder_t *f, const evprof_fold_box_t *box)
{
    evprof_fold_box_t *boxes = evprof_grow(f->out->boxes, &f->box_cap,
                                           f->out->count + 1, sizeof(*boxes));
    if (boxes == NULL) {
        return false;
    }
    f->out->boxes = boxes;
    boxes[f->out->count++] = *box;
    return true;
}

/* False: out of memory. */
static bool
split(folder_t *f, group_t *g)
{
    size_t depth = f->ask->path_len + g->box.depth;
    if (!add_up(f, g, depth)) {
        return false;
    }
    choose_parts(f, g);
    move_spans(f, g, depth);
    return push_parts(f, g) && add_box(f, &g->box);
}

/* ---- All of it ---- */

/* Folds once; stops early when there are too many boxes. */
static int
fold_once(folder_t *f, evprof_error_t *err)
{
    group_t first;
    f->span_count = 0;
    f->group_count = 0;
    f->out->count = 0;
    choose_spans(f, &first);
    if (f->ask->path_len > 0 && f->span_count == 0) {
        return evprof_fail(err, EVPROF_ENOENT, "no stack has this path");
    }
    f->cutoff = (double)evprof_sum_width(first.box.cum) * f->out->narrowest;
    bool is_complete = split(f, &first);
    while (is_complete && f->group_count > 0 &&
           f->out->count <= f->ask->max_boxes) {
        group_t g = f->groups[--f->group_count];
        is_complete = split(f, &g);
    }
    return is_complete ? EVPROF_OK
                       : evprof_fail(err, EVPROF_ENOMEM, "fold: out of memory");
}

static void
free_folder(folder_t *f)
{
    free(f->spans);
    free(f->scratch);
    free(f->part_of);
    free(f->parts);
    free(f->groups);
}

int
evprof_fold_make(const evprof_stacks_t *s, const evprof_fold_ask_t *ask,
                 evprof_fold_t *out, evprof_error_t *err)
{
    *out = (evprof_fold_t){ .narrowest = ask->narrowest };
    folder_t f = { .s = s, .ask = ask, .step = 1, .out = out };
    if (ask->kind == EVPROF_FOLD_UP || ask->kind == EVPROF_FOLD_CALLERS) {
        f.step = -1;
    }
    f.spans = calloc(s->count + 1, sizeof(*f.spans));
    f.scratch = calloc(s->count + 1, sizeof(*f.scratch));
    f.part_of = calloc(s->place_count + 1, sizeof(*f.part_of));
    int status = EVPROF_ENOMEM;
    if (f.spans != NULL && f.scratch != NULL && f.part_of != NULL) {
        status = fold_once(&f, err);
        while (status == EVPROF_OK && out->count > ask->max_boxes) {
            out->narrowest = out->narrowest > 0 ? out->narrowest * 2 : 1e-5;
            status = fold_once(&f, err);
        }
    } else {
        evprof_fail(err, status, "fold: out of memory");
    }
    free_folder(&f);
    if (status != EVPROF_OK) {
        evprof_fold_free(out);
    }
    return status;
}

void
evprof_fold_free(evprof_fold_t *fold)
{
    free(fold->boxes);
    *fold = (evprof_fold_t){ 0 };
}
