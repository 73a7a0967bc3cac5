/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples are sorted by their stacks, seen from the root. Then one walk is
 * enough: what a stack has in common with the one before stays open, the rest
 * is closed, and a box that turns out too light when it closes is forgotten
 * with all below it. Memory is that of the order, the open stack, and what is
 * shown.
 */
#include "core/report/flame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/sum.h"

typedef struct open_box {
    evprof_box_t box;
    uint32_t last_child;
} open_box_t;

typedef struct frame {
    const evprof_node_t *place;
    bool is_inline;
} frame_t;

typedef struct walk {
    const evprof_view_t *view;
    const evprof_pprof_t *p;
    evprof_flame_t *flame;
    size_t cap;
    double cutoff;
    open_box_t *open; /* [0] is the root */
    size_t open_count;
    size_t open_cap;
    frame_t *frames; /* of the current sample, root first */
    size_t frame_count;
    size_t frame_cap;
} walk_t;

/* Goes through the places of a stack from the root to the leaf. */
typedef struct cursor {
    const evprof_graph_t *g;
    const evprof_sample_t *sample;
    uint32_t location; /* how many are left */
    evprof_node_t *const *nodes;
    size_t count; /* how many lines of the location are left */
    size_t line_count;
} cursor_t;

static cursor_t
cursor_begin(const evprof_graph_t *g, const evprof_sample_t *s)
{
    return (cursor_t){ .g = g, .sample = s, .location = s->location_count };
}

static bool
cursor_next(cursor_t *c, frame_t *out)
{
    if (c->count == 0) {
        if (c->location == 0) {
            return false;
        }
        uint32_t index = c->sample->locations[--c->location];
        c->nodes = evprof_graph_location(c->g, index, &c->count);
        c->line_count = c->count;
    }
    c->count--;
    out->place = c->nodes[c->count];
    out->is_inline = c->count + 1 < c->line_count;
    return true;
}

static int
compare_places(const evprof_node_t *l, const evprof_node_t *r)
{
    if (l == r) {
        return 0;
    }
    int order = strcmp(l->name, r->name);
    return order != 0 ? order : l < r ? -1 : 1;
}

static int
compare_stacks(const void *a, const void *b, void *ctx)
{
    const walk_t *w = ctx;
    const evprof_sample_t *l = &w->p->samples[*(const uint32_t *)a];
    const evprof_sample_t *r = &w->p->samples[*(const uint32_t *)b];
    cursor_t lc = cursor_begin(w->flame->places, l);
    cursor_t rc = cursor_begin(w->flame->places, r);
    frame_t lf;
    frame_t rf;
    for (;;) {
        bool has_left = cursor_next(&lc, &lf);
        bool has_right = cursor_next(&rc, &rf);
        if (!has_left || !has_right) {
            return (int)has_left - (int)has_right;
        }
        int order = compare_places(lf.place, rf.place);
        if (order != 0) {
            return order;
        }
    }
}

/* Closes the innermost open box: it becomes a box of the flame, or nothing. */
static bool
close_box(walk_t *w)
{
    open_box_t *closed = &w->open[--w->open_count];
    if (w->open_count > 0 &&
        (fabs((double)closed->box.cum) < w->cutoff || closed->box.cum == 0)) {
        return true;
    }
    evprof_flame_t *flame = w->flame;
    evprof_box_t *boxes =
        evprof_grow(flame->boxes, &w->cap, flame->count + 1, sizeof(*boxes));
    if (boxes == NULL) {
        return false;
    }
    flame->boxes = boxes;
    uint32_t index = (uint32_t)flame->count++;
    boxes[index] = closed->box;
    if (w->open_count == 0) {
        return true;
    }
    flame->depth = w->open_count > flame->depth ? w->open_count : flame->depth;
    open_box_t *parent = &w->open[w->open_count - 1];
    if (parent->last_child == EVPROF_NO_INDEX) {
        parent->box.first_child = index;
    } else {
        boxes[parent->last_child].next = index;
    }
    parent->last_child = index;
    return true;
}

static bool
open_box(walk_t *w, const frame_t *frame)
{
    open_box_t *open =
        evprof_grow(w->open, &w->open_cap, w->open_count + 1, sizeof(*open));
    if (open == NULL) {
        return false;
    }
    w->open = open;
    open[w->open_count++] = (open_box_t){
        .box = { .place = frame->place,
                 .is_inline = frame->is_inline,
                 .first_child = EVPROF_NO_INDEX,
                 .next = EVPROF_NO_INDEX },
        .last_child = EVPROF_NO_INDEX,
    };
    return true;
}

static bool
load_frames(walk_t *w, const evprof_sample_t *s)
{
    cursor_t c = cursor_begin(w->flame->places, s);
    frame_t frame;
    w->frame_count = 0;
    while (cursor_next(&c, &frame)) {
        frame_t *frames = evprof_grow(w->frames, &w->frame_cap,
                                      w->frame_count + 1, sizeof(*frames));
        if (frames == NULL) {
            return false;
        }
        w->frames = frames;
        frames[w->frame_count++] = frame;
    }
    return true;
}

/* Adds a stack to the open boxes, of which it shares the first ones. */
static bool
add_stack(walk_t *w, const evprof_sample_t *s)
{
    if (!load_frames(w, s)) {
        return false;
    }
    size_t shared = 0;
    while (shared < w->frame_count && shared + 1 < w->open_count &&
           w->open[shared + 1].box.place == w->frames[shared].place) {
        shared++;
    }
    while (w->open_count > shared + 1) {
        if (!close_box(w)) {
            return false;
        }
    }
    for (size_t i = shared; i < w->frame_count; i++) {
        if (!open_box(w, &w->frames[i])) {
            return false;
        }
    }
    int64_t value = evprof_view_weight(w->view, s);
    for (size_t i = 0; i < w->open_count; i++) {
        w->open[i].box.cum = evprof_sum(w->open[i].box.cum, value);
    }
    evprof_box_t *leaf = &w->open[w->open_count - 1].box;
    leaf->flat = evprof_sum(leaf->flat, value);
    return true;
}

static bool
walk_all(walk_t *w)
{
    size_t count = w->p->sample_count;
    uint32_t *order = calloc(count + 1, sizeof(*order));
    if (order == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = (uint32_t)i;
    }
    if (count > 1) {
        qsort_r(order, count, sizeof(*order), compare_stacks, w);
    }
    const frame_t root = { .place = NULL };
    bool is_complete = open_box(w, &root);
    for (size_t i = 0; is_complete && i < count; i++) {
        is_complete = add_stack(w, &w->p->samples[order[i]]);
    }
    while (is_complete && w->open_count > 0) {
        is_complete = close_box(w);
    }
    free(order);
    return is_complete;
}

int
evprof_flame_make(evprof_view_t *view, double fraction, evprof_flame_t *out,
                  evprof_error_t *err)
{
    *out = (evprof_flame_t){ 0 };
    const evprof_pprof_t *p = evprof_view_profile(view);
    int status = evprof_graph_new_places(p, &out->places, err);
    if (status != EVPROF_OK) {
        return status;
    }
    walk_t w = { .view = view, .p = p, .flame = out };
    w.cutoff = fabs((double)evprof_view_total(view)) * fraction;
    if (!walk_all(&w)) {
        evprof_flame_free(out);
        status = evprof_fail(err, EVPROF_ENOMEM, "flame: out of memory");
    }
    free(w.open);
    free(w.frames);
    return status;
}

void
evprof_flame_free(evprof_flame_t *flame)
{
    evprof_graph_free(flame->places);
    free(flame->boxes);
    *flame = (evprof_flame_t){ 0 };
}
