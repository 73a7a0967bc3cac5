/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the table of places and their weights. Edges, tags, and all of a tree
 * are made later, when it is known which nodes a report keeps.
 */
#include "core/graph/graph.h"

#include <stdlib.h>

#include "core/base/error.h"
#include "core/graph/internal.h"

static void
make_report(evprof_graph_t *g)
{
    g->node_count = 0;
    for (size_t i = 0; i < g->all_count; i++) {
        evprof_node_t *n = &g->all[i];
        n->is_kept = true;
        if (evprof_graph_has_weight(g, n->flat, n->cum)) {
            g->nodes[g->node_count++] = n;
        }
    }
}

static int
make_nodes(evprof_graph_t *g)
{
    int status = evprof_graph_make_places(g);
    if (status != EVPROF_OK) {
        return status;
    }
    if (g->options.edges != EVPROF_EDGES_INLINED) {
        status = evprof_graph_rank_names(g);
    }
    if (status != EVPROF_OK || g->options.is_tree) {
        return status == EVPROF_OK ? evprof_graph_sort_stacks(g) : status;
    }
    g->all = g->places;
    g->all_count = g->place_count;
    status = evprof_graph_count_places(g);
    if (status != EVPROF_OK) {
        return status;
    }
    g->nodes = calloc(g->all_count + 1, sizeof(evprof_node_t *));
    if (g->nodes == NULL) {
        return EVPROF_ENOMEM;
    }
    make_report(g);
    return EVPROF_OK;
}

static int
fail(evprof_graph_t *g, int status, evprof_error_t *err)
{
    evprof_graph_free(g);
    if (status == EVPROF_ELIMIT) {
        return evprof_fail(err, status, "graph: too many lines in the profile");
    }
    return evprof_fail(err, EVPROF_ENOMEM, "graph: out of memory");
}

int
evprof_graph_new(const evprof_pprof_t *p, const evprof_graph_options_t *options,
                 evprof_graph_t **out, evprof_error_t *err)
{
    evprof_graph_t *g = calloc(1, sizeof(*g));
    if (g == NULL) {
        return fail(g, EVPROF_ENOMEM, err);
    }
    g->profile = p;
    g->options = *options;
    int status =
        p->sample_count < EVPROF_NO_INDEX ? make_nodes(g) : EVPROF_ELIMIT;
    if (status != EVPROF_OK) {
        return fail(g, status, err);
    }
    *out = g;
    return EVPROF_OK;
}

int
evprof_graph_new_places(const evprof_pprof_t *p, evprof_graph_t **out,
                        evprof_error_t *err)
{
    evprof_graph_t *g = calloc(1, sizeof(*g));
    if (g == NULL) {
        return fail(g, EVPROF_ENOMEM, err);
    }
    g->profile = p;
    int status = evprof_graph_make_places(g);
    if (status != EVPROF_OK) {
        return fail(g, status, err);
    }
    *out = g;
    return EVPROF_OK;
}

void
evprof_graph_free(evprof_graph_t *g)
{
    if (g == NULL) {
        return;
    }
    if (g->all != g->places) {
        free(g->all);
    }
    free(g->places);
    free(g->first_line);
    free(g->line_place);
    free(g->line_node);
    free(g->nodes);
    free(g->edges);
    free(g->edge_slots);
    free(g->tags);
    free(g->leaves);
    free(g->stacks);
    evprof_arena_free(&g->arena);
    evprof_strings_free(&g->strings);
    free(g);
}

evprof_node_t *const *
evprof_graph_nodes(const evprof_graph_t *g, size_t *count)
{
    *count = g->node_count;
    return g->nodes;
}

static int64_t
mean(int64_t value, int64_t divisor)
{
    if (divisor == 0 || (divisor == -1 && value == INT64_MIN)) {
        return value;
    }
    return value / divisor;
}

int64_t
evprof_node_flat(const evprof_node_t *node)
{
    return mean(node->flat, node->flat_div);
}

int64_t
evprof_node_cum(const evprof_node_t *node)
{
    return mean(node->cum, node->cum_div);
}

int64_t
evprof_edge_weight(const evprof_edge_t *edge)
{
    return mean(edge->weight, edge->weight_div);
}

int64_t
evprof_tag_flat(const evprof_tag_t *tag)
{
    return mean(tag->flat, tag->flat_div);
}

int64_t
evprof_tag_cum(const evprof_tag_t *tag)
{
    return mean(tag->cum, tag->cum_div);
}
