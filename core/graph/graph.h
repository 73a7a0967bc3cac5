/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_GRAPH_GRAPH_H
#define EVPROF_GRAPH_GRAPH_H

/*
 * The call graph of a profile. A node is a place in a program at the profile's
 * granularity, all its samples added up; an edge is a call between two nodes.
 * With `evprof_graph_options.is_tree` a node is such a place reached by one
 * path.
 *
 * The profile must outlive the graph, whose strings point into it. One thread
 * at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"

typedef struct evprof_graph evprof_graph_t;
typedef struct evprof_node evprof_node_t;

/* What identifies a place: two frames are one node when all of this is
 * equal. */
typedef struct evprof_node_info {
    const char *name; /* of the function, "" if unknown */
    const char *file; /* cleaned, "" at granularities without files */
    const char *object;
    uint64_t address;
    int64_t start_line;
    int64_t line;
    int64_t column;
} evprof_node_info_t;

typedef struct evprof_edge {
    evprof_node_t *src;
    evprof_node_t *dest;
    int64_t weight;
    int64_t weight_div;
    bool is_residual; /* leads over nodes that were left out */
    bool is_inline;   /* the callee is inlined wherever this call occurs */
    bool is_removed;
    uint32_t last_sample; /* while counting: the sample counted last */
} evprof_edge_t;

/* Samples of a node that carry the same labels. */
typedef struct evprof_tag {
    const char *name;
    const char *unit; /* numeric ones: of `value` */
    int64_t value;    /* the first value that was shown as `name` */
    int64_t flat;
    int64_t flat_div;
    int64_t cum;
    int64_t cum_div;
    const char *labels; /* numeric ones: the string labels they came with */
    bool is_numeric;
} evprof_tag_t;

struct evprof_node {
    evprof_node_info_t info;
    const char *name; /* as reports print it */
    int64_t flat;
    int64_t flat_div;
    int64_t cum;
    int64_t cum_div;
    /* Filled by evprof_graph_trim(), in no order; see evprof_node_sort(). */
    evprof_edge_t **in;
    evprof_edge_t **out;
    size_t in_count;
    size_t out_count;
    evprof_tag_t **tags;
    size_t tag_count;
    /* Equal for the nodes of one function (in a tree: below one parent). */
    const evprof_node_t *function;
    size_t rank;        /* place in the report, from 1; 0: in no report */
    uint32_t name_rank; /* orders names like strcmp; equal for equal ones */
    bool may_be_inlined;
    bool is_kept;
    int64_t sort_key;
    int64_t sort_tie;
};

enum evprof_graph_edges {
    EVPROF_EDGES_INLINED, /* only those to nodes that may be inlined */
    EVPROF_EDGES_ALL,
    /* All, but made by evprof_graph_walk_edges() where nothing is left out of
     * the graph. */
    EVPROF_EDGES_LATER,
};

typedef struct evprof_graph_options {
    size_t value; /* column */
    bool is_mean; /* divide by the first column */
    bool is_tree;
    bool is_visual;    /* for drawing: tags, and an order that favours forks */
    bool keep_objects; /* equal functions of two binaries stay two nodes */
    bool drop_negative;
    enum evprof_graph_edges edges;
    const char *tag_unit;    /* of the label "bytes" */
    const char *output_unit; /* for the names of numeric tags */
} evprof_graph_options_t;

/* Counts nodes. EVPROF_ENOMEM. */
int evprof_graph_new(const evprof_pprof_t *p,
                     const evprof_graph_options_t *options,
                     evprof_graph_t **out, evprof_error_t *err);

/* Frees the graph with its nodes and edges; NULL is ignored. */
void evprof_graph_free(evprof_graph_t *g);

/* Makes a graph of place names only, for evprof_graph_location(): nothing is
 * counted, and no node is in the report. EVPROF_ENOMEM. */
int evprof_graph_new_places(const evprof_pprof_t *p, evprof_graph_t **out,
                            evprof_error_t *err);

typedef struct evprof_trim {
    bool sort_by_cum;
    int64_t node_count; /* 0 or less: all */
    double node_fraction;
    double edge_fraction;
} evprof_trim_t;

typedef struct evprof_trimmed {
    size_t node_count; /* nodes before node_count was applied */
    size_t dropped_nodes;
    size_t dropped_edges;
} evprof_trimmed_t;

/*
 * Drops light nodes and edges, sorts what stays and connects it; only then
 * nodes have edges. Once for a graph. EVPROF_ELIMIT: a tree of too many
 * contexts; EVPROF_ENOMEM.
 */
int evprof_graph_trim(evprof_graph_t *g, const evprof_trim_t *trim,
                      evprof_trimmed_t *out, evprof_error_t *err);

/* The nodes of the report in its order; before trimming all of them, in a tree
 * none: it has its nodes when it is known which ones are wanted. */
evprof_node_t *const *evprof_graph_nodes(const evprof_graph_t *g,
                                         size_t *count);

/* How a trimmed graph is walked with its edges. */
typedef struct evprof_edge_walk {
    /* The nodes to visit; NULL: all. */
    bool (*is_wanted)(void *ctx, const evprof_node_t *node);
    /* Called for each in the order of the report; its lists of edges, heavy
     * ones first, last as long as the call. A failure ends the walk. */
    int (*visit)(void *ctx, evprof_node_t *node, evprof_error_t *err);
    void *ctx;
    bool wants_in;
    bool wants_out;
} evprof_edge_walk_t;

/*
 * Visits nodes with those lists that are wanted. Memory is bounded where edges
 * are made for it, see EVPROF_EDGES_LATER. EVPROF_ENOMEM, or what a visit
 * returned.
 */
int evprof_graph_walk_edges(evprof_graph_t *g, const evprof_edge_walk_t *how,
                            evprof_error_t *err);

/* All places, in the order of their first location. */
const evprof_node_t *evprof_graph_places(const evprof_graph_t *g,
                                         size_t *count);

/* The `*count` nodes of a location's lines, innermost first. */
evprof_node_t *const *evprof_graph_location(const evprof_graph_t *g,
                                            uint32_t location, size_t *count);

/* The node's own value, as a mean where means are asked for. */
int64_t evprof_node_flat(const evprof_node_t *node); /* the mean where asked */
int64_t evprof_node_cum(const evprof_node_t *node);

/* The edge's value, as a mean where means are asked for. */
int64_t evprof_edge_weight(const evprof_edge_t *edge);

/* The tag's own value, as a mean where means are asked for. */
int64_t evprof_tag_flat(const evprof_tag_t *tag);

/* The tag's value with what was called, alike. */
int64_t evprof_tag_cum(const evprof_tag_t *tag);

/* Sorts tags by |flat| or |cum|, heaviest first, then by name. */
void evprof_tags_sort(evprof_tag_t **tags, size_t count, bool by_flat);

/* Sorts a node's edges, heaviest first. Reports sort what they print only: a
 * node may have a hundred thousand of them. */
void evprof_node_sort(evprof_node_t *node);

/* Sorts edges of any nodes likewise: |weight|, then the names of both ends. */
void evprof_edges_sort(evprof_edge_t **edges, size_t count);

/* Orders for lists of nodes that a report makes itself. */
enum evprof_node_order {
    EVPROF_ORDER_NAME,
    EVPROF_ORDER_FILE, /* then the line where the function starts */
    EVPROF_ORDER_ADDRESS,
};

/* Sorts `count` nodes so, in place. */
void evprof_nodes_sort(evprof_node_t **nodes, size_t count,
                       enum evprof_node_order order);

/*
 * Appends the parts of a place's name that are known, `separator` between them:
 * address, function, file and line, or the binary, or "<unknown>".
 */
void evprof_node_print(evprof_buf_t *out, const evprof_node_info_t *info,
                       const char *separator);

/*
 * Appends a function's name without what only tells where it lives: directories
 * and versions of Go import paths, packages of Java, namespaces of C++.
 */
void evprof_name_shorten(evprof_buf_t *out, const char *name);

#endif
