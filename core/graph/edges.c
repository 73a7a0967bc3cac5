/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edges live in one array that a hash table indexes by both ends while they are
 * counted. Then each node gets its two lists; edges that leave are marked and
 * taken out of both. Names are compared by their ranks, since among edges of
 * one weight, of which there may be millions, nothing else decides.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/sum.h"
#include "core/graph/internal.h"

#define FIRST_EDGES ((size_t)256)

void
evprof_graph_clear_edges(evprof_graph_t *g)
{
    g->edge_count = 0;
    if (g->edge_slots != NULL) {
        memset(g->edge_slots, 0, g->edge_slot_count * sizeof(*g->edge_slots));
    }
}

static size_t
slot_of(const evprof_graph_t *g, uint32_t src, uint32_t dest)
{
    uint64_t key = (uint64_t)src << 32 | dest;
    return evprof_hash_mix(key) & (g->edge_slot_count - 1);
}

static bool
grow(evprof_graph_t *g)
{
    size_t cap = g->edge_cap == 0 ? FIRST_EDGES : g->edge_cap * 2;
    if (cap >= EVPROF_NO_INDEX / 2) {
        return false;
    }
    evprof_edge_t *edges = realloc(g->edges, cap * sizeof(*edges));
    if (edges == NULL) {
        return false;
    }
    g->edges = edges;
    g->edge_cap = cap;
    uint32_t *slots = calloc(cap * 2, sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    free(g->edge_slots);
    g->edge_slots = slots;
    g->edge_slot_count = cap * 2;
    for (size_t i = 0; i < g->edge_count; i++) {
        size_t at = slot_of(g, (uint32_t)(edges[i].src - g->all),
                            (uint32_t)(edges[i].dest - g->all));
        while (slots[at] != 0) {
            at = (at + 1) & (g->edge_slot_count - 1);
        }
        slots[at] = (uint32_t)i + 1;
    }
    return true;
}

evprof_edge_t *
evprof_graph_edge(evprof_graph_t *g, uint32_t src, uint32_t dest)
{
    if (g->edge_count == g->edge_cap && !grow(g)) {
        return NULL;
    }
    size_t at = slot_of(g, src, dest);
    while (g->edge_slots[at] != 0) {
        evprof_edge_t *e = &g->edges[g->edge_slots[at] - 1];
        if (e->src == &g->all[src] && e->dest == &g->all[dest]) {
            return e;
        }
        at = (at + 1) & (g->edge_slot_count - 1);
    }
    evprof_edge_t *e = &g->edges[g->edge_count++];
    *e = (evprof_edge_t){ .src = &g->all[src], .dest = &g->all[dest] };
    g->edge_slots[at] = (uint32_t)g->edge_count;
    return e;
}

/* The keys by which edges are sorted, copied together: edges and their ends are
 * spread over memory. */
typedef struct sort_key {
    int64_t magnitude;
    uint64_t ranks; /* of the source's and the destination's names */
    evprof_edge_t *edge;
} sort_key_t;

static sort_key_t
key_of(evprof_edge_t *e)
{
    uint64_t src = e->src->name_rank;
    return (sort_key_t){ .magnitude = evprof_magnitude(e->weight),
                         .ranks = src << 32 | e->dest->name_rank,
                         .edge = e };
}

static int
compare_keys(const void *a, const void *b)
{
    const sort_key_t *l = a;
    const sort_key_t *r = b;
    if (l->magnitude != r->magnitude) {
        return l->magnitude > r->magnitude ? -1 : 1;
    }
    return (l->ranks > r->ranks) - (l->ranks < r->ranks);
}

static int
compare_edges(const void *a, const void *b)
{
    sort_key_t l = key_of(*(evprof_edge_t *const *)a);
    sort_key_t r = key_of(*(evprof_edge_t *const *)b);
    return compare_keys(&l, &r);
}

void
evprof_edges_sort(evprof_edge_t **edges, size_t count)
{
    if (count < 2) {
        return;
    }
    sort_key_t *keys = malloc(count * sizeof(*keys));
    if (keys == NULL) {
        qsort(edges, count, sizeof(evprof_edge_t *), compare_edges);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        keys[i] = key_of(edges[i]);
    }
    qsort(keys, count, sizeof(*keys), compare_keys);
    for (size_t i = 0; i < count; i++) {
        edges[i] = keys[i].edge;
    }
    free(keys);
}

void
evprof_node_sort(evprof_node_t *node)
{
    evprof_edges_sort(node->in, node->in_count);
    evprof_edges_sort(node->out, node->out_count);
}

/* Points the lists of all nodes into one block, in which each has its room. */
static int
make_room(evprof_graph_t *g)
{
    for (size_t i = 0; i < g->all_count; i++) {
        g->all[i].in_count = 0;
        g->all[i].out_count = 0;
    }
    size_t total = 0;
    for (size_t i = 0; i < g->edge_count; i++) {
        if (!g->edges[i].is_removed) {
            g->edges[i].dest->in_count++;
            g->edges[i].src->out_count++;
            total += 2;
        }
    }
    evprof_edge_t **next =
        evprof_arena_calloc(&g->arena, total + 1, sizeof(evprof_edge_t *));
    if (next == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < g->all_count; i++) {
        evprof_node_t *n = &g->all[i];
        n->in = next;
        next += n->in_count;
        n->out = next;
        next += n->out_count;
        n->in_count = 0;
        n->out_count = 0;
    }
    return EVPROF_OK;
}

int
evprof_graph_link(evprof_graph_t *g)
{
    if (make_room(g) != EVPROF_OK) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < g->edge_count; i++) {
        evprof_edge_t *e = &g->edges[i];
        if (!e->is_removed) {
            e->dest->in[e->dest->in_count++] = e;
            e->src->out[e->src->out_count++] = e;
        }
    }
    return EVPROF_OK;
}

static size_t
keep_present(evprof_edge_t **edges, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!edges[i]->is_removed) {
            edges[kept++] = edges[i];
        }
    }
    return kept;
}

void
evprof_graph_unlink_removed(evprof_graph_t *g)
{
    for (size_t i = 0; i < g->all_count; i++) {
        evprof_node_t *n = &g->all[i];
        n->in_count = keep_present(n->in, n->in_count);
        n->out_count = keep_present(n->out, n->out_count);
    }
}
