/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of contexts: a node is a place below the node of its caller. A
 * profile may have a hundred contexts for each one that a report shows, so
 * nodes are made for those only. The samples are sorted by their stacks, root
 * first; a walk in that order meets each context once and needs to remember
 * only the stack it is in. One walk weighs the contexts, a second one, which
 * meets them in the same order, makes nodes of the heavy ones.
 *
 * Nodes are made parents first, so that a walk by index sees a parent before
 * its children; the edge into node i is edge i.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/base/sum.h"
#include "core/graph/internal.h"

#define ROOT EVPROF_NO_INDEX

/* The most contexts, since they are numbered in 32 bits. */
#define MAX_CONTEXTS (EVPROF_NO_INDEX - 1)

/* Nodes take a quarter of a KiB each. */
#define MAX_NODES ((size_t)1 << 25)

/* A context on the stack that the walk is in. */
typedef struct context {
    uint32_t place;
    uint32_t number; /* in the order of the walk */
    bool is_inline;  /* in every sample so far */
    bool has_node;
    bool chain_is_inline; /* and so are those above it up to one with a node */
    uint32_t node;        /* its own or that of the nearest above, or ROOT */
    int64_t flat[2];      /* value and divisor */
    int64_t cum[2];
} context_t;

typedef struct walk {
    evprof_graph_t *g;
    context_t *stack;
    size_t depth;
    size_t cap;
    uint32_t count;
    int (*enter)(struct walk *w, context_t *c); /* or NULL */
    void (*leave)(struct walk *w, const context_t *c);

    int64_t total; /* of the flat weights of a report */

    int64_t cutoff;
    unsigned char *marks; /* of each context */
    size_t mark_cap;
    size_t light_count;
    size_t heavy_count;

    uint64_t *functions; /* of each node: which function of which parent */
} walk_t;

enum { MARK_HEAVY = 1, MARK_INLINE = 2 };

/* ---- Stacks, root first ---- */

typedef struct cursor {
    const evprof_graph_t *g;
    const evprof_sample_t *sample;
    uint32_t left; /* locations that were not begun */
    uint32_t line; /* lines of the last one that are left end here */
    uint32_t first;
    uint32_t outermost;
} cursor_t;

static cursor_t
cursor_at_root(const evprof_graph_t *g, const evprof_sample_t *s)
{
    return (cursor_t){ .g = g, .sample = s, .left = s->location_count };
}

static bool
next_place(cursor_t *c, uint32_t *place)
{
    while (c->line == c->first) {
        if (c->left == 0) {
            return false;
        }
        uint32_t location = c->sample->locations[--c->left];
        c->first = c->g->first_line[location];
        c->line = c->g->first_line[location + 1];
        c->outermost = c->line - 1;
    }
    *place = c->g->line_place[--c->line];
    return true;
}

/* Of the place that was last given. */
static bool
is_inlined(const cursor_t *c)
{
    return c->line != c->outermost;
}

/* A stack to sort, with its beginning, which often decides. */
typedef struct sort_key {
    uint64_t first_two; /* places + 1, 0 for none */
    uint32_t sample;
} sort_key_t;

static uint64_t
first_two(const evprof_graph_t *g, const evprof_sample_t *s)
{
    cursor_t c = cursor_at_root(g, s);
    uint32_t one = 0;
    uint32_t other = 0;
    uint64_t key = next_place(&c, &one) ? (uint64_t)one + 1 : 0;
    return key << 32 | (next_place(&c, &other) ? (uint64_t)other + 1 : 0);
}

static int
compare_stacks(const void *a, const void *b, void *arg)
{
    const evprof_graph_t *g = arg;
    const evprof_sample_t *samples = g->profile->samples;
    const sort_key_t *one_key = a;
    const sort_key_t *other_key = b;
    if (one_key->first_two != other_key->first_two) {
        return one_key->first_two < other_key->first_two ? -1 : 1;
    }
    uint32_t l = one_key->sample;
    uint32_t r = other_key->sample;
    cursor_t left = cursor_at_root(g, &samples[l]);
    cursor_t right = cursor_at_root(g, &samples[r]);
    for (;;) {
        uint32_t one;
        uint32_t other;
        bool has_one = next_place(&left, &one);
        bool has_other = next_place(&right, &other);
        if (!has_one || !has_other) {
            /* Equal stacks keep the order of their samples. */
            return has_one != has_other ? (has_one ? 1 : -1)
                                        : (l > r) - (l < r);
        }
        if (one != other) {
            return one < other ? -1 : 1;
        }
    }
}

static void
weight_of(const evprof_graph_t *g, const evprof_sample_t *s, int64_t out[2])
{
    out[0] = s->values[g->options.value];
    out[1] = g->options.is_mean ? s->values[0] : 0;
}

int
evprof_graph_sort_stacks(evprof_graph_t *g)
{
    const evprof_pprof_t *p = g->profile;
    sort_key_t *keys = calloc(p->sample_count + 1, sizeof(*keys));
    g->stacks = calloc(p->sample_count + 1, sizeof(*g->stacks));
    if (g->stacks == NULL || keys == NULL) {
        free(keys);
        return EVPROF_ENOMEM;
    }
    size_t count = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        int64_t weight[2];
        weight_of(g, &p->samples[i], weight);
        if (p->samples[i].location_count > 0 &&
            (weight[0] != 0 || weight[1] != 0)) {
            keys[count++] =
                (sort_key_t){ .first_two = first_two(g, &p->samples[i]),
                              .sample = (uint32_t)i };
        }
    }
    if (count > 1) {
        qsort_r(keys, count, sizeof(*keys), compare_stacks, g);
    }
    for (size_t i = 0; i < count; i++) {
        g->stacks[i] = keys[i].sample;
    }
    g->stack_count = count;
    free(keys);
    return EVPROF_OK;
}

/* ---- The walk ---- */

static void
add(int64_t to[2], const int64_t from[2])
{
    to[0] = evprof_sum(to[0], from[0]);
    to[1] = evprof_sum(to[1], from[1]);
}

static void
leave_down_to(walk_t *w, size_t depth)
{
    while (w->depth > depth) {
        const context_t *c = &w->stack[--w->depth];
        if (w->depth > 0) {
            add(w->stack[w->depth - 1].cum, c->cum);
        }
        w->leave(w, c);
    }
}

static int
enter(walk_t *w, uint32_t place, bool is_inline)
{
    context_t *stack =
        evprof_grow(w->stack, &w->cap, w->depth + 1, sizeof(*stack));
    if (stack == NULL || w->count >= MAX_CONTEXTS) {
        return stack == NULL ? EVPROF_ENOMEM : EVPROF_ELIMIT;
    }
    w->stack = stack;
    context_t *c = &stack[w->depth++];
    *c = (context_t){ .place = place,
                      .number = w->count++,
                      .is_inline = is_inline,
                      .node = ROOT };
    return w->enter != NULL ? w->enter(w, c) : EVPROF_OK;
}

/* Goes to the context of a sample's leaf. */
static int
go_to(walk_t *w, const evprof_sample_t *s)
{
    cursor_t at = cursor_at_root(w->g, s);
    size_t shared = 0;
    uint32_t place;
    bool has_place;
    while ((has_place = next_place(&at, &place)) && shared < w->depth &&
           w->stack[shared].place == place) {
        context_t *c = &w->stack[shared++];
        c->is_inline = c->is_inline && is_inlined(&at);
    }
    leave_down_to(w, shared);
    int status = EVPROF_OK;
    while (status == EVPROF_OK && has_place) {
        status = enter(w, place, is_inlined(&at));
        has_place = next_place(&at, &place);
    }
    return status;
}

static int
walk_stacks(walk_t *w)
{
    const evprof_graph_t *g = w->g;
    int status = EVPROF_OK;
    w->count = 0;
    for (size_t i = 0; i < g->stack_count && status == EVPROF_OK; i++) {
        const evprof_sample_t *s = &g->profile->samples[g->stacks[i]];
        status = go_to(w, s);
        if (status == EVPROF_OK && w->depth > 0) {
            context_t *leaf = &w->stack[w->depth - 1];
            int64_t weight[2];
            weight_of(g, s, weight);
            add(leaf->flat, weight);
            add(leaf->cum, weight);
            if (g->leaves != NULL) {
                g->leaves[g->stacks[i]] =
                    (evprof_leaf_t){ .node = leaf->node,
                                     .is_own = leaf->has_node };
            }
        }
    }
    leave_down_to(w, 0);
    return status;
}

/* ---- Weighing ---- */

static void
add_to_total(walk_t *w, const context_t *c)
{
    if (evprof_graph_has_weight(w->g, c->flat[0], c->cum[0])) {
        w->total = evprof_sum(w->total, c->flat[0]);
    }
}

int
evprof_graph_tree_total(evprof_graph_t *g, int64_t *out)
{
    walk_t w = { .g = g, .leave = add_to_total };
    int status = EVPROF_OK;
    if (g->options.drop_negative) {
        status = walk_stacks(&w);
        free(w.stack);
    } else {
        /* Each weight is the flat one of some context, all of which count. */
        for (size_t i = 0; i < g->stack_count; i++) {
            int64_t weight[2];
            weight_of(g, &g->profile->samples[g->stacks[i]], weight);
            w.total = evprof_sum(w.total, weight[0]);
        }
    }
    *out = w.total;
    return status;
}

static int
make_room_for_mark(walk_t *w, context_t *c)
{
    unsigned char *marks =
        evprof_grow(w->marks, &w->mark_cap, (size_t)c->number + 1, 1);
    w->marks = marks != NULL ? marks : w->marks;
    return marks != NULL ? EVPROF_OK : EVPROF_ENOMEM;
}

static void
mark(walk_t *w, const context_t *c)
{
    int64_t cum = c->cum[0];
    bool is_light = w->cutoff > 0 &&
                    evprof_graph_has_weight(w->g, c->flat[0], cum) &&
                    evprof_magnitude(cum) < w->cutoff;
    w->light_count += is_light;
    w->heavy_count += !is_light;
    if (c->number < w->mark_cap) {
        w->marks[c->number] = (unsigned char)((is_light ? 0 : MARK_HEAVY) |
                                              (c->is_inline ? MARK_INLINE : 0));
    }
}

/* ---- Making nodes ---- */

static int
make_node(walk_t *w, context_t *c)
{
    evprof_graph_t *g = w->g;
    unsigned char marks = w->marks[c->number];
    bool is_root = w->depth == 1;
    const context_t *above = is_root ? c : &w->stack[w->depth - 2];
    bool leads_over = !is_root && !above->has_node;
    c->chain_is_inline =
        (marks & MARK_INLINE) != 0 && (!leads_over || above->chain_is_inline);
    c->has_node = (marks & MARK_HEAVY) != 0;
    uint32_t parent = above->node;
    c->node = parent;
    if (!c->has_node) {
        return EVPROF_OK;
    }
    const evprof_node_t *place = &g->places[c->place];
    c->node = (uint32_t)g->all_count++;
    g->all[c->node] = (evprof_node_t){ .info = place->info,
                                       .name = place->name,
                                       .name_rank = place->name_rank };
    g->edges[c->node] =
        (evprof_edge_t){ .src = parent == ROOT ? NULL : &g->all[parent],
                         .dest = &g->all[c->node],
                         .is_residual = parent != ROOT && leads_over,
                         .is_inline = c->chain_is_inline,
                         .is_removed = parent == ROOT };
    uint32_t parent_number = is_root ? ROOT : above->number;
    w->functions[c->node] =
        (uint64_t)parent_number << 32 | (uint32_t)(place->function - g->places);
    return EVPROF_OK;
}

static void
fill_node(walk_t *w, const context_t *c)
{
    if (!c->has_node) {
        return;
    }
    evprof_node_t *n = &w->g->all[c->node];
    evprof_edge_t *e = &w->g->edges[c->node];
    n->flat = c->flat[0];
    n->flat_div = c->flat[1];
    n->cum = c->cum[0];
    n->cum_div = c->cum[1];
    n->may_be_inlined = c->is_inline;
    n->is_kept = true;
    e->weight = n->cum;
    e->weight_div = n->cum_div;
}

/* Nodes of one function below one parent share a function: the first of them.
 */
static int
set_functions(evprof_graph_t *g, const uint64_t *functions)
{
    size_t slot_count = 64;
    while (slot_count < g->all_count * 2) {
        slot_count *= 2;
    }
    uint32_t *slots = calloc(slot_count, sizeof(*slots)); /* node + 1 */
    if (slots == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < g->all_count; i++) {
        size_t at = evprof_hash_mix(functions[i]) & (slot_count - 1);
        while (slots[at] != 0 && functions[slots[at] - 1] != functions[i]) {
            at = (at + 1) & (slot_count - 1);
        }
        if (slots[at] == 0) {
            slots[at] = (uint32_t)i + 1;
        }
        g->all[i].function = &g->all[slots[at] - 1];
    }
    free(slots);
    return EVPROF_OK;
}

static int
make_nodes(walk_t *w)
{
    evprof_graph_t *g = w->g;
    size_t count = w->heavy_count + 1;
    if (count > MAX_NODES) {
        return EVPROF_ELIMIT;
    }
    g->all = calloc(count, sizeof(*g->all));
    g->edges = calloc(count, sizeof(*g->edges));
    g->nodes = calloc(count, sizeof(evprof_node_t *));
    w->functions = calloc(count, sizeof(*w->functions));
    bool is_complete = g->all != NULL && g->edges != NULL && g->nodes != NULL &&
                       w->functions != NULL;
    if (is_complete && g->options.is_visual) {
        g->leaves = calloc(g->profile->sample_count + 1, sizeof(*g->leaves));
        is_complete = g->leaves != NULL;
    }
    if (!is_complete) {
        return EVPROF_ENOMEM;
    }
    w->enter = make_node;
    w->leave = fill_node;
    int status = walk_stacks(w);
    g->edge_count = g->all_count;
    g->edge_cap = count;
    for (size_t i = 0; i < g->all_count; i++) {
        if (evprof_graph_has_weight(g, g->all[i].flat, g->all[i].cum)) {
            g->nodes[g->node_count++] = &g->all[i];
        }
    }
    return status == EVPROF_OK ? set_functions(g, w->functions) : status;
}

int
evprof_graph_make_tree(evprof_graph_t *g, int64_t cutoff, size_t *dropped)
{
    walk_t w = {
        .g = g, .enter = make_room_for_mark, .leave = mark, .cutoff = cutoff
    };
    int status = walk_stacks(&w);
    if (status == EVPROF_OK) {
        status = make_nodes(&w);
    }
    *dropped = w.light_count;
    free(w.stack);
    free(w.marks);
    free(w.functions);
    return status;
}

/* Gives a node whose caller is no longer kept to the caller's own caller. */
static void
move_up(evprof_graph_t *g, evprof_edge_t *e)
{
    const evprof_edge_t *above = &g->edges[e->src - g->all];
    if (above->is_removed) {
        e->is_removed = true;
        return;
    }
    e->src = above->src;
    e->is_residual = true;
    e->is_inline = e->is_inline && above->is_inline;
}

void
evprof_graph_trim_tree(evprof_graph_t *g)
{
    for (size_t i = 0; i < g->all_count; i++) {
        evprof_edge_t *e = &g->edges[i];
        if (!e->is_removed && !e->src->is_kept) {
            move_up(g, e);
        }
    }
    for (size_t i = 0; i < g->all_count; i++) {
        if (!g->all[i].is_kept) {
            g->edges[i].is_removed = true;
        }
    }
}
