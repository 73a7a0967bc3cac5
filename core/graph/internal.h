/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_GRAPH_INTERNAL_H
#define EVPROF_GRAPH_INTERNAL_H

/*
 * Shared by the files of this room. A graph has one table of places, made from
 * the locations. Weights do not depend on which nodes are kept, edges do; so
 * nodes are counted once, and edges whenever the kept set has changed.
 */

#include "core/graph/graph.h"

/* Tree: where a sample's stack ends. */
typedef struct evprof_leaf {
    uint32_t node; /* the lowest node on its path, EVPROF_NO_INDEX for none */
    bool is_own;   /* it is the sample's own context, not one above */
} evprof_leaf_t;

struct evprof_graph {
    const evprof_pprof_t *profile;
    evprof_graph_options_t options;
    evprof_arena_t arena;
    evprof_strings_t strings;

    /* Places: of a location's line i it is line_place[first_line[loc] + i]. */
    evprof_node_t *places;
    size_t place_count;
    uint32_t *first_line; /* location_count + 1 of them */
    uint32_t *line_place;
    evprof_node_t **line_node; /* the same as pointers */
    bool has_inlines;

    /* Nodes: the places, or in a tree the contexts of places. */
    evprof_node_t *all;
    size_t all_count;
    evprof_node_t **nodes; /* of the report, in its order */
    size_t node_count;

    evprof_edge_t *edges;
    size_t edge_count;
    size_t edge_cap;
    uint32_t *edge_slots; /* index + 1 into edges, 0: free */
    bool is_unconnected;  /* trimmed, its edges are made when it is walked */
    size_t edge_slot_count;

    evprof_tag_t *tags;
    size_t tag_count;
    uint32_t *stacks; /* tree: samples that count, sorted by their stacks */
    size_t stack_count;
    evprof_leaf_t *leaves; /* tree of a drawing: of each sample */
};

/* Fills the table of places from the profile's locations. */
int evprof_graph_make_places(evprof_graph_t *g);

/* Gives places the ranks of their names, by which edges are sorted. */
int evprof_graph_rank_names(evprof_graph_t *g);

/* Counts flat and cum of places, which are the nodes then. */
int evprof_graph_count_places(evprof_graph_t *g);

/* Sorts the samples for the functions below. */
int evprof_graph_sort_stacks(evprof_graph_t *g);

/* The sum of the flat weights of all contexts that a report may show. */
int evprof_graph_tree_total(evprof_graph_t *g, int64_t *out);

/*
 * Makes the nodes of a tree, their weights and edges, but for contexts that a
 * report may show and that are lighter than `cutoff`, if that is more than 0:
 * their children hang on the next node above. Counts those in `*dropped`.
 */
int evprof_graph_make_tree(evprof_graph_t *g, int64_t cutoff, size_t *dropped);

/* Tree: takes nodes out that are not kept, their children move up. */
void evprof_graph_trim_tree(evprof_graph_t *g);

/* Reads the value and divisor with which a sample counts. False: it does
 * not. */
bool evprof_graph_weigh(const evprof_graph_t *g, const evprof_sample_t *s,
                        int64_t *value, int64_t *divisor);

/* Graph: makes the edges between kept nodes. */
int evprof_graph_make_edges(evprof_graph_t *g);

/* Makes the lists `in` and `out` of all nodes from the edges. */
int evprof_graph_link(evprof_graph_t *g);

/* The edge from `src` to `dest`, made if need be; NULL: out of memory. */
evprof_edge_t *evprof_graph_edge(evprof_graph_t *g, uint32_t src,
                                 uint32_t dest);

/* Takes all edges out; the memory for them stays. */
void evprof_graph_clear_edges(evprof_graph_t *g);

/* Counts tags of the kept nodes and gives each node the list of its own; in a
 * tree before any edge has moved. */
int evprof_graph_make_tags(evprof_graph_t *g);

/* Takes tags out of the nodes of the report whose flat and cumulative weights
 * are both below `cutoff`, signs left out. */
void evprof_graph_trim_tags(evprof_graph_t *g, int64_t cutoff);

/* Sorts the nodes of the report. */
void evprof_graph_sort(evprof_graph_t *g, bool by_cum);

/* Takes removed edges out of the lists of their ends. */
void evprof_graph_unlink_removed(evprof_graph_t *g);

/* Whether a report shows a node of these weights, as far as they tell. */
static inline bool
evprof_graph_has_weight(const evprof_graph_t *g, int64_t flat, int64_t cum)
{
    bool is_negative = flat < 0 || (flat == 0 && cum < 0);
    bool is_zero = flat == 0 && cum == 0;
    return !is_zero && !(g->options.drop_negative && is_negative);
}

#endif
