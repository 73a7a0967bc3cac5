/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edges of a graph that nothing is left out of may be many times its nodes:
 * they are made for some nodes at a time, of which all are visited before the
 * next ones. A first look at the samples counts the calls of each node, which
 * tells how many nodes a batch may have; one more look a batch collects its
 * calls. What is held is the calls of a batch, not all edges.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/sum.h"
#include "core/graph/internal.h"

/* Calls of a batch; a node that has more is a batch by itself. */
#define BATCH ((size_t)12 << 20)

/* One call in a sample, as the node that is to be visited sees it. */
typedef struct record {
    uint32_t other; /* index of the node at the other end */
    uint32_t sample;
    bool is_in;
    bool is_residual;
    bool is_inline;
} record_t;

typedef struct walk {
    evprof_graph_t *g;
    const evprof_edge_walk_t *how;
    /* Of what the loop over all frames looks at, small copies. */
    bool *is_kept;     /* of each place */
    uint32_t *report;  /* of each node: its place in the report, from 1 */
    int64_t *values;   /* of each sample */
    int64_t *divisors; /* the same; NULL where nothing is divided */

    size_t *calls; /* of each place in the report: what is collected for it */
    size_t first;  /* of the batch, and behind its last */
    size_t end;
    record_t *records; /* by owner, those of one in their order */
    size_t record_cap;
    size_t *next; /* of each owner: behind its last record */
    size_t next_cap;
    uint32_t *slots; /* of each node: its edge of this owner, from 1 */
    evprof_edge_t *edges;
    size_t edge_cap;
    evprof_edge_t **lists;
    size_t list_cap;
} walk_t;

/* What is done with a call from `src` to `dest`. */
typedef void (*call_fn)(walk_t *w, uint32_t src, uint32_t dest,
                        const record_t *like);

static void
count_call(walk_t *w, uint32_t src, uint32_t dest, const record_t *like)
{
    (void)like;
    uint32_t from = w->report[src];
    uint32_t to = w->report[dest];
    w->calls[from] += w->how->wants_out && from > 0;
    w->calls[to] += w->how->wants_in && to > 0;
}

static inline void
add_record(walk_t *w, uint32_t owner, uint32_t other, bool is_in,
           const record_t *like)
{
    uint32_t place = w->report[owner];
    if (place > w->first && place <= w->end) {
        record_t *r = &w->records[w->next[place - 1 - w->first]++];
        *r = *like;
        r->other = other;
        r->is_in = is_in;
    }
}

static void
collect_call(walk_t *w, uint32_t src, uint32_t dest, const record_t *like)
{
    if (w->how->wants_out) {
        add_record(w, src, dest, false, like);
    }
    if (w->how->wants_in) {
        add_record(w, dest, src, true, like);
    }
}

/* Calls of one location; `*parent` is the node above. */
static inline void
walk_location(walk_t *w, uint32_t location, uint32_t *parent, record_t *like,
              call_fn call)
{
    const evprof_graph_t *g = w->g;
    uint32_t first = g->first_line[location];
    uint32_t end = g->first_line[location + 1];
    for (uint32_t j = end; j-- > first;) {
        uint32_t place = g->line_place[j];
        if (!w->is_kept[place]) {
            like->is_residual = true;
            continue;
        }
        like->is_inline = j + 1 != end;
        if (*parent != EVPROF_NO_INDEX && *parent != place) {
            call(w, *parent, place, like);
        }
        *parent = place;
        like->is_residual = false;
    }
}

static inline void
walk_samples(walk_t *w, call_fn call)
{
    const evprof_pprof_t *p = w->g->profile;
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *s = &p->samples[i];
        if (w->values[i] == 0 && (w->divisors == NULL || w->divisors[i] == 0)) {
            continue;
        }
        record_t like = { .sample = (uint32_t)i };
        uint32_t parent = EVPROF_NO_INDEX;
        for (uint32_t j = s->location_count; j-- > 0;) {
            walk_location(w, s->locations[j], &parent, &like, call);
        }
    }
}

/* ---- A batch ---- */

static bool
reserve(void **items, size_t *cap, size_t need, size_t size)
{
    void *grown = evprof_grow(*items, cap, need + 1, size);
    *items = grown != NULL ? grown : *items;
    return grown != NULL;
}

/* As the edges of a whole graph are counted: a sample counts once. */
static void
add_to_edge(const walk_t *w, evprof_edge_t *e, const record_t *r)
{
    uint32_t stamp = r->sample + 1;
    if (e->last_sample == stamp) {
        return;
    }
    bool is_new = e->last_sample == 0;
    e->last_sample = stamp;
    e->weight = evprof_sum(e->weight, w->values[r->sample]);
    if (w->divisors != NULL) {
        e->weight_div = evprof_sum(e->weight_div, w->divisors[r->sample]);
    }
    e->is_residual |= r->is_residual;
    e->is_inline = r->is_inline && (is_new || e->is_inline);
}

/* Makes the edges of one direction, sorted; returns how many there are. */
static size_t
make_list(walk_t *w, evprof_node_t *n, const record_t *from, size_t count,
          bool is_in, size_t first)
{
    evprof_node_t *all = w->g->all;
    size_t edges = first;
    for (size_t i = 0; i < count; i++) {
        const record_t *r = &from[i];
        if (r->is_in != is_in) {
            continue;
        }
        if (w->slots[r->other] == 0) {
            w->edges[edges] = (evprof_edge_t){
                .src = is_in ? &all[r->other] : n,
                .dest = is_in ? n : &all[r->other],
            };
            w->slots[r->other] = (uint32_t)++edges;
        }
        add_to_edge(w, &w->edges[w->slots[r->other] - 1], r);
    }
    for (size_t i = first; i < edges; i++) {
        const evprof_edge_t *e = &w->edges[i];
        w->slots[(is_in ? e->src : e->dest) - all] = 0;
        w->lists[i] = &w->edges[i];
    }
    evprof_edges_sort(w->lists + first, edges - first);
    return edges - first;
}

static int
visit_node(walk_t *w, size_t index, evprof_error_t *err)
{
    evprof_node_t *n = w->g->nodes[index];
    size_t owner = index - w->first;
    size_t count = w->calls[index + 1];
    if (!reserve((void **)&w->edges, &w->edge_cap, count, sizeof(*w->edges)) ||
        !reserve((void **)&w->lists, &w->list_cap, count, sizeof(*w->lists))) {
        return evprof_fail(err, EVPROF_ENOMEM, "graph: out of memory");
    }
    const record_t *from = w->records + w->next[owner] - count;
    n->in_count = make_list(w, n, from, count, true, 0);
    n->out_count = make_list(w, n, from, count, false, n->in_count);
    n->in = w->lists;
    n->out = w->lists + n->in_count;
    int status = w->how->visit(w->how->ctx, n, err);
    n->in_count = 0;
    n->out_count = 0;
    return status;
}

/* How far a batch from `w->first` goes, room for its calls, and where those of
 * each owner begin. */
static bool
begin_batch(walk_t *w)
{
    size_t total = 0;
    w->end = w->first;
    while (w->end < w->g->node_count &&
           (w->end == w->first || total + w->calls[w->end + 1] <= BATCH)) {
        if (!reserve((void **)&w->next, &w->next_cap, w->end - w->first,
                     sizeof(*w->next))) {
            return false;
        }
        w->next[w->end - w->first] = total;
        total += w->calls[++w->end];
    }
    return reserve((void **)&w->records, &w->record_cap, total,
                   sizeof(*w->records));
}

static int
walk_batches(walk_t *w, evprof_error_t *err)
{
    int status = EVPROF_OK;
    walk_samples(w, count_call);
    for (w->first = 0; status == EVPROF_OK && w->first < w->g->node_count;
         w->first = w->end) {
        if (!begin_batch(w)) {
            return evprof_fail(err, EVPROF_ENOMEM, "graph: out of memory");
        }
        walk_samples(w, collect_call);
        for (size_t i = w->first; status == EVPROF_OK && i < w->end; i++) {
            if (w->report[w->g->nodes[i] - w->g->all] != 0) {
                status = visit_node(w, i, err);
            }
        }
    }
    return status;
}

/* The nodes have their edges already. */
static int
visit_all(const evprof_graph_t *g, const evprof_edge_walk_t *how,
          evprof_error_t *err)
{
    int status = EVPROF_OK;
    for (size_t i = 0; status == EVPROF_OK && i < g->node_count; i++) {
        evprof_node_t *n = g->nodes[i];
        if (how->is_wanted == NULL || how->is_wanted(how->ctx, n)) {
            evprof_node_sort(n);
            status = how->visit(how->ctx, n, err);
        }
    }
    return status;
}

/* Fills the small copies; false: out of memory. */
static bool
prepare(walk_t *w)
{
    const evprof_graph_t *g = w->g;
    const evprof_pprof_t *p = g->profile;
    w->report = calloc(g->all_count + 1, sizeof(*w->report));
    w->is_kept = calloc(g->all_count + 1, sizeof(*w->is_kept));
    w->slots = calloc(g->all_count + 1, sizeof(*w->slots));
    w->calls = calloc(g->node_count + 2, sizeof(*w->calls));
    w->values = calloc(p->sample_count + 1, sizeof(*w->values));
    if (g->options.is_mean) {
        w->divisors = calloc(p->sample_count + 1, sizeof(*w->divisors));
    }
    if (w->report == NULL || w->is_kept == NULL || w->slots == NULL ||
        w->calls == NULL || w->values == NULL ||
        (g->options.is_mean && w->divisors == NULL)) {
        return false;
    }
    for (size_t i = 0; i < g->all_count; i++) {
        w->is_kept[i] = g->all[i].is_kept;
    }
    for (size_t i = 0; i < g->node_count; i++) {
        const evprof_node_t *n = g->nodes[i];
        if (w->how->is_wanted == NULL || w->how->is_wanted(w->how->ctx, n)) {
            w->report[n - g->all] = (uint32_t)i + 1;
        }
    }
    for (size_t i = 0; i < p->sample_count; i++) {
        int64_t divisor;
        evprof_graph_weigh(g, &p->samples[i], &w->values[i], &divisor);
        if (w->divisors != NULL) {
            w->divisors[i] = divisor;
        }
    }
    return true;
}

int
evprof_graph_walk_edges(evprof_graph_t *g, const evprof_edge_walk_t *how,
                        evprof_error_t *err)
{
    if (!g->is_unconnected) {
        return visit_all(g, how, err);
    }
    walk_t w = { .g = g, .how = how };
    int status = prepare(&w)
                     ? walk_batches(&w, err)
                     : evprof_fail(err, EVPROF_ENOMEM, "graph: out of memory");
    free(w.is_kept);
    free(w.report);
    free(w.values);
    free(w.divisors);
    free(w.slots);
    free(w.calls);
    free(w.records);
    free(w.next);
    free(w.edges);
    free(w.lists);
    return status;
}
