/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cutting a graph down to what a report shows: light nodes go first, then all
 * beyond a number of nodes, then light edges and tags, and in drawings edges
 * over left-out nodes where another path says the same. Nodes that are in no
 * report (their weights cancel out, or are negative and unwanted) still carry
 * edges until a kept set is made.
 */
#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/sum.h"
#include "core/graph/internal.h"

/* A node of a drawing counts as itself and this many of its tags. */
#define MAX_TAGS_COUNTED ((size_t)4)

static int64_t
cutoff_of(int64_t total, double fraction)
{
    double cutoff = (double)total * fraction;
    if (!(cutoff > -9.2e18 && cutoff < 9.2e18)) {
        return INT64_MIN;
    }
    return evprof_magnitude((int64_t)cutoff);
}

/* Sets `is_kept` of the nodes in the report. In a tree, nodes that were never
 * in it stay as they are. */
static void
keep_report(evprof_graph_t *g, evprof_node_t *const *dropped, size_t count)
{
    if (g->options.is_tree) {
        for (size_t i = 0; i < count; i++) {
            dropped[i]->is_kept = false;
        }
        return;
    }
    for (size_t i = 0; i < g->all_count; i++) {
        g->all[i].is_kept = false;
    }
    for (size_t i = 0; i < g->node_count; i++) {
        g->nodes[i]->is_kept = true;
    }
}

static int
flat_total(evprof_graph_t *g, int64_t *out)
{
    if (g->options.is_tree) {
        return evprof_graph_tree_total(g, out);
    }
    *out = 0;
    for (size_t i = 0; i < g->node_count; i++) {
        *out = evprof_sum(*out, g->nodes[i]->flat);
    }
    return EVPROF_OK;
}

/* Drops nodes below the cutoff and counts them. */
static void
drop_light_nodes(evprof_graph_t *g, int64_t cutoff, size_t *dropped)
{
    size_t kept = 0;
    for (size_t i = 0; i < g->node_count; i++) {
        evprof_node_t *n = g->nodes[i];
        if (evprof_magnitude(n->cum) >= cutoff) {
            g->nodes[kept++] = n;
        }
    }
    *dropped = g->node_count - kept;
    g->node_count = kept;
    if (*dropped > 0) {
        keep_report(g, NULL, 0);
    }
}

static size_t
drop_light_edges(evprof_graph_t *g, int64_t cutoff)
{
    size_t dropped = 0;
    for (size_t i = 0; i < g->node_count; i++) {
        evprof_node_t *n = g->nodes[i];
        for (size_t j = 0; j < n->in_count; j++) {
            evprof_edge_t *e = n->in[j];
            if (!e->is_removed && evprof_magnitude(e->weight) < cutoff) {
                e->is_removed = true;
                dropped++;
            }
        }
    }
    if (dropped > 0) {
        evprof_graph_unlink_removed(g);
    }
    return dropped;
}

static size_t
count_tags(const evprof_node_t *n)
{
    size_t count = 0;
    for (size_t i = 0; i < n->tag_count; i++) {
        count += n->tags[i]->flat != 0;
    }
    return count < MAX_TAGS_COUNTED ? count : MAX_TAGS_COUNTED;
}

/* How many nodes of the report a drawing of `limit` nodes and tags shows. */
static size_t
select_count(const evprof_graph_t *g, size_t limit)
{
    size_t count = 0;
    for (size_t i = 0; g->options.is_visual && i < g->node_count; i++) {
        count += count_tags(g->nodes[i]) + 1;
        if (count >= limit) {
            return i + 1;
        }
    }
    return limit < g->node_count ? limit : g->node_count;
}

/* Connects the kept nodes; a tree has its edges since it was made, they only
 * move. */
static int
connect_nodes(evprof_graph_t *g)
{
    int status = EVPROF_OK;
    if (g->options.is_tree) {
        evprof_graph_trim_tree(g);
    } else {
        status = evprof_graph_make_edges(g);
    }
    if (status == EVPROF_OK) {
        status = evprof_graph_link(g);
    }
    for (size_t i = 0;
         status == EVPROF_OK && g->options.is_visual && i < g->node_count;
         i++) {
        evprof_node_sort(g->nodes[i]);
    }
    return status;
}

static int
select_nodes(evprof_graph_t *g, const evprof_trim_t *trim, int64_t node_cutoff,
             int64_t edge_cutoff)
{
    evprof_graph_trim_tags(g, node_cutoff);
    drop_light_edges(g, edge_cutoff);
    size_t kept = select_count(g, (size_t)trim->node_count);
    if (kept == g->node_count) {
        return EVPROF_OK;
    }
    size_t dropped = g->node_count - kept;
    g->node_count = kept;
    keep_report(g, g->nodes + kept, dropped);
    if (!g->options.is_visual && !g->options.is_tree) {
        return EVPROF_OK;
    }
    int status = connect_nodes(g);
    if (status == EVPROF_OK) {
        evprof_graph_sort(g, trim->sort_by_cum);
    }
    return status;
}

typedef struct search {
    evprof_graph_t *g;
    uint32_t *seen; /* of each node: the number of the last search */
    uint32_t number;
    evprof_node_t **queue;
} search_t;

/* True when `e`'s source reaches its destination by other edges as well. */
static bool
is_redundant(search_t *s, const evprof_edge_t *e)
{
    size_t head = 0;
    size_t tail = 0;
    s->number++;
    s->seen[e->dest - s->g->all] = s->number;
    s->queue[tail++] = e->dest;
    while (head < tail) {
        const evprof_node_t *n = s->queue[head++];
        for (size_t i = 0; i < n->in_count; i++) {
            const evprof_edge_t *in = n->in[i];
            size_t src = (size_t)(in->src - s->g->all);
            if (in == e || in->is_removed || s->seen[src] == s->number) {
                continue;
            }
            if (in->src == e->src) {
                return true;
            }
            s->seen[src] = s->number;
            s->queue[tail++] = in->src;
        }
    }
    return false;
}

/* Light edges first; none that is heavier than a direct one, which would look
 * as if the direct call were the main path. */
static void
drop_redundant_of(search_t *s, evprof_node_t *n)
{
    for (size_t j = n->in_count; j-- > 0;) {
        evprof_edge_t *e = n->in[j];
        if (!e->is_residual) {
            return;
        }
        if (is_redundant(s, e)) {
            e->is_removed = true;
        }
    }
}

static int
drop_redundant_edges(evprof_graph_t *g)
{
    search_t s = { .g = g };
    s.seen = calloc(g->all_count + 1, sizeof(*s.seen));
    s.queue = calloc(g->all_count + 1, sizeof(evprof_node_t *));
    int status = EVPROF_ENOMEM;
    if (s.seen != NULL && s.queue != NULL) {
        for (size_t i = g->node_count; i-- > 0;) {
            drop_redundant_of(&s, g->nodes[i]);
        }
        evprof_graph_unlink_removed(g);
        status = EVPROF_OK;
    }
    free(s.seen);
    free(s.queue);
    return status;
}

static int
trim_steps(evprof_graph_t *g, const evprof_trim_t *trim, evprof_trimmed_t *out)
{
    int64_t total;
    int status = flat_total(g, &total);
    if (status != EVPROF_OK) {
        return status;
    }
    int64_t node_cutoff = cutoff_of(total, trim->node_fraction);
    int64_t edge_cutoff = cutoff_of(total, trim->edge_fraction);
    if (g->options.is_tree) {
        status = evprof_graph_make_tree(g, node_cutoff, &out->dropped_nodes);
    } else if (node_cutoff > 0) {
        drop_light_nodes(g, node_cutoff, &out->dropped_nodes);
    }
    out->node_count = g->node_count;
    if (status == EVPROF_OK && g->options.is_visual) {
        status = evprof_graph_make_tags(g);
    }
    bool needs_edges = g->options.is_visual || g->options.is_tree;
    if (status == EVPROF_OK && needs_edges) {
        status = connect_nodes(g);
    }
    if (status == EVPROF_OK) {
        evprof_graph_sort(g, trim->sort_by_cum);
    }
    if (status == EVPROF_OK && trim->node_count > 0) {
        status = select_nodes(g, trim, node_cutoff, edge_cutoff);
    }
    g->is_unconnected = g->options.edges == EVPROF_EDGES_LATER &&
                        !needs_edges && edge_cutoff == 0 &&
                        trim->node_count <= 0;
    if (status == EVPROF_OK && !needs_edges && !g->is_unconnected) {
        status = connect_nodes(g);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_graph_trim_tags(g, node_cutoff);
    out->dropped_edges = drop_light_edges(g, edge_cutoff);
    return g->options.is_visual ? drop_redundant_edges(g) : EVPROF_OK;
}

int
evprof_graph_trim(evprof_graph_t *g, const evprof_trim_t *trim,
                  evprof_trimmed_t *out, evprof_error_t *err)
{
    *out = (evprof_trimmed_t){ 0 };
    int status = trim_steps(g, trim, out);
    if (status == EVPROF_ELIMIT) {
        return evprof_fail(err, status,
                           "graph: too many contexts for a tree; -nodefraction "
                           "or -focus leave fewer");
    }
    if (status != EVPROF_OK) {
        return evprof_fail(err, EVPROF_ENOMEM, "graph: out of memory");
    }
    for (size_t i = 0; i < g->node_count; i++) {
        g->nodes[i]->rank = i + 1;
    }
    return EVPROF_OK;
}
