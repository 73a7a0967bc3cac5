/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of contexts: a node is a place below the node of its caller. Nodes
 * are made parents first, so that a walk by index sees a parent before its
 * children; the edge into node i is the edge that was made with it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/graph/internal.h"

#define FIRST_NODES ((size_t)1024)
#define ROOT EVPROF_NO_INDEX

struct step {
    uint32_t parent; /* node, or ROOT */
    uint32_t place;
    uint32_t in_edge; /* index, EVPROF_NO_INDEX for roots */
    const evprof_node_t *function;
};

struct builder {
    evprof_graph_t *g;
    struct step *steps; /* of each node; nodes are made of them at the end */
    evprof_node_t *nodes;
    size_t count;
    size_t cap;
    uint32_t *slots; /* node + 1 */
    size_t slot_count;
};

static size_t
slot_of(const struct builder *b, uint32_t parent, uint32_t place)
{
    uint64_t key = (uint64_t)parent << 32 | place;
    return evprof_hash_mix(key) & (b->slot_count - 1);
}

static bool
grow(struct builder *b)
{
    size_t cap = b->cap == 0 ? FIRST_NODES : b->cap * 2;
    struct step *steps = realloc(b->steps, cap * sizeof(*steps));
    if (steps == NULL) {
        return false;
    }
    b->steps = steps;
    evprof_node_t *nodes = realloc(b->nodes, cap * sizeof(*nodes));
    if (nodes == NULL) {
        return false;
    }
    b->nodes = nodes;
    uint32_t *slots = calloc(cap * 2, sizeof(*slots));
    if (slots == NULL || cap >= EVPROF_NO_INDEX / 2) {
        free(slots);
        return false;
    }
    free(b->slots);
    b->slots = slots;
    b->cap = cap;
    b->slot_count = cap * 2;
    for (size_t i = 0; i < b->count; i++) {
        size_t at = slot_of(b, steps[i].parent, steps[i].place);
        while (slots[at] != 0) {
            at = (at + 1) & (b->slot_count - 1);
        }
        slots[at] = (uint32_t)i + 1;
    }
    return true;
}

/* The node of `place` below `parent`; ROOT: out of memory. */
static uint32_t
find_node(struct builder *b, uint32_t parent, uint32_t place)
{
    if (b->count == b->cap && !grow(b)) {
        return ROOT;
    }
    size_t at = slot_of(b, parent, place);
    while (b->slots[at] != 0) {
        const struct step *step = &b->steps[b->slots[at] - 1];
        if (step->parent == parent && step->place == place) {
            return b->slots[at] - 1;
        }
        at = (at + 1) & (b->slot_count - 1);
    }
    const evprof_node_t *source = &b->g->places[place];
    b->steps[b->count] =
        (struct step){ parent, place, EVPROF_NO_INDEX, source->function };
    b->nodes[b->count] = (evprof_node_t){ .info = source->info,
                                          .name = source->name,
                                          .name_rank = source->name_rank };
    b->slots[at] = (uint32_t)++b->count;
    return b->slots[at] - 1;
}

static void
weigh_node(evprof_node_t *n, const int64_t weight[2])
{
    n->cum += weight[0];
    n->cum_div += weight[1];
}

/* Adds a stack's weight to its nodes; edges are made later, when nodes stay
 * where they are. Whether the call is inlined is kept in may_be_inlined. */
static bool
add_stack(struct builder *b, const evprof_sample_t *s, const int64_t weight[2],
          uint32_t *leaf)
{
    const evprof_graph_t *g = b->g;
    uint32_t parent = ROOT;
    for (uint32_t i = s->location_count; i-- > 0;) {
        uint32_t first = g->first_line[s->locations[i]];
        uint32_t end = g->first_line[s->locations[i] + 1];
        for (uint32_t j = end; j-- > first;) {
            size_t before = b->count;
            uint32_t node = find_node(b, parent, g->line_place[j]);
            if (node == ROOT) {
                return false;
            }
            bool is_new = b->count != before;
            b->nodes[node].may_be_inlined =
                j + 1 != end && (is_new || b->nodes[node].may_be_inlined);
            weigh_node(&b->nodes[node], weight);
            parent = node;
        }
    }
    *leaf = parent;
    if (parent != ROOT) {
        b->nodes[parent].flat += weight[0];
        b->nodes[parent].flat_div += weight[1];
    }
    return true;
}

static bool
add_samples(struct builder *b)
{
    evprof_graph_t *g = b->g;
    const evprof_pprof_t *p = g->profile;
    g->leaves = calloc(p->sample_count + 1, sizeof(*g->leaves));
    if (g->leaves == NULL) {
        return false;
    }
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *s = &p->samples[i];
        const int64_t weight[2] = { s->values[g->options.value],
                                    g->options.is_mean ? s->values[0] : 0 };
        g->leaves[i] = ROOT;
        if ((weight[0] != 0 || weight[1] != 0) &&
            !add_stack(b, s, weight, &g->leaves[i])) {
            return false;
        }
    }
    return true;
}

/* Nodes of one function below one parent share a function: the first of them.
 */
static void
set_functions(struct builder *b)
{
    memset(b->slots, 0, b->slot_count * sizeof(*b->slots));
    for (size_t i = 0; i < b->count; i++) {
        const evprof_node_t *function = b->steps[i].function;
        uint32_t place = (uint32_t)(function - b->g->places);
        size_t at = slot_of(b, b->steps[i].parent, place);
        while (b->slots[at] != 0) {
            const struct step *other = &b->steps[b->slots[at] - 1];
            if (other->parent == b->steps[i].parent &&
                other->function == function) {
                break;
            }
            at = (at + 1) & (b->slot_count - 1);
        }
        if (b->slots[at] == 0) {
            b->slots[at] = (uint32_t)i + 1;
        }
        b->nodes[i].function = &b->nodes[b->slots[at] - 1];
    }
}

/* The edge of node i is the one at its own index, a root's is removed. */
static bool
set_edges(struct builder *b)
{
    evprof_graph_t *g = b->g;
    g->edges = calloc(b->count + 1, sizeof(*g->edges));
    if (g->edges == NULL) {
        return false;
    }
    g->edge_count = b->count;
    g->edge_cap = b->count;
    for (size_t i = 0; i < b->count; i++) {
        evprof_node_t *n = &b->nodes[i];
        uint32_t parent = b->steps[i].parent;
        g->edges[i] = (evprof_edge_t){
            .src = parent == ROOT ? NULL : &b->nodes[parent],
            .dest = n,
            .weight = n->cum,
            .weight_div = n->cum_div,
            .is_inline = n->may_be_inlined,
            .is_removed = parent == ROOT,
        };
    }
    return true;
}

int
evprof_graph_make_tree(evprof_graph_t *g)
{
    struct builder b = { .g = g };
    int status = EVPROF_ENOMEM;
    if (grow(&b) && add_samples(&b) && set_edges(&b)) {
        set_functions(&b);
        g->all = b.nodes;
        g->all_count = b.count;
        b.nodes = NULL;
        status = EVPROF_OK;
    }
    free(b.steps);
    free(b.slots);
    free(b.nodes);
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
