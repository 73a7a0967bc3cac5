/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The call graph as nodes and edges, trimmed by the options. The page draws it.
 * Positions come from `dot -Tplain` where the tool may run it, else from a
 * layout in the page. A box is as wide as the page draws it: a number of pixels
 * for each character of the name.
 */
#include <stdlib.h>
#include <string.h>

#include "adapters/web/call.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/process.h"
#include "core/base/sum.h"

#define LIMIT_MS 6000
/* With more edges `dot` takes minutes, so the lightest ones do not take part in
 * the layout. */
#define MAX_LAID_OUT ((size_t)240)
#define PIXELS_PER_INCH 72.0
#define CHARACTER_WIDTH 7.3
#define BOX_PADDING 22.0
#define BOX_HEIGHT 44.0
#define MIN_CHARACTERS 22
#define MAX_CHARACTERS 36

static const evprof_report_t graph_report = {
    .name = "graph",
    .summary = "",
    .flags = EVPROF_REPORT_DRAWING,
    .suffix = "",
};

/* ---- What is in the graph ---- */

static size_t
width_of(const char *name)
{
    evprof_buf_t text = { 0 };
    evprof_name_shorten(&text, name);
    size_t len = text.len < MIN_CHARACTERS   ? MIN_CHARACTERS
                 : text.len > MAX_CHARACTERS ? MAX_CHARACTERS
                                             : text.len;
    evprof_buf_free(&text);
    return len;
}

static void
put_nodes(evprof_buf_t *out, evprof_node_t *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const evprof_node_t *node = nodes[i];
        evprof_buf_t text = { 0 };
        evprof_name_shorten(&text, node->name);
        evprof_buf_puts(out, i > 0 ? ",\n{" : "{");
        evprof_json_member(out, "name", node->name);
        evprof_buf_putc(out, ',');
        evprof_json_member(out, "short", text.len > 0 ? text.data : "");
        evprof_buf_printf(
            out, ",\"flat\":%lld,\"cum\":%lld,\"width\":%.0f}",
            (long long)evprof_node_flat(node), (long long)evprof_node_cum(node),
            (double)width_of(node->name) * CHARACTER_WIDTH + BOX_PADDING);
        evprof_buf_free(&text);
    }
}

/* State of a walk over edges. */
typedef struct walk {
    evprof_buf_t *out;
    int64_t lightest; /* weight of the lightest edge in the layout */
    int64_t *weights; /* of all edges, while they are collected */
    size_t edge_count;
} walk_t;

/* Calls `each` for the edges between nodes of the report. */
static void
walk_edges(evprof_node_t *const *nodes, size_t count,
           void (*each)(walk_t *walk, const evprof_edge_t *edge), walk_t *walk)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < nodes[i]->out_count; j++) {
            const evprof_edge_t *edge = nodes[i]->out[j];
            if (edge->dest->rank != 0) {
                each(walk, edge);
            }
        }
    }
}

static void
put_edge(walk_t *walk, const evprof_edge_t *edge)
{
    evprof_buf_t *out = walk->out;
    evprof_buf_printf(out, "%s[%zu,%zu,%lld,%d,%d]",
                      out->data[out->len - 1] == '[' ? "" : ",",
                      edge->src->rank - 1, edge->dest->rank - 1,
                      (long long)evprof_edge_weight(edge), edge->is_residual,
                      edge->is_inline);
}

/* ---- The layout ---- */

/* Whether the edge is the heaviest call of its callee, which keeps the callee
 * near its caller. */
static bool
is_main_call(const evprof_edge_t *edge)
{
    const evprof_node_t *node = edge->dest;
    for (size_t i = 0; i < node->in_count; i++) {
        if (node->in[i]->src->rank != 0 &&
            evprof_magnitude(evprof_edge_weight(node->in[i])) >
                evprof_magnitude(evprof_edge_weight(edge))) {
            return false;
        }
    }
    return true;
}

/* Writes an edge for `dot`. An edge that takes no part in the layout is drawn
 * as a straight line. */
static void
put_dot_edge(walk_t *walk, const evprof_edge_t *edge)
{
    evprof_buf_t *out = walk->out;
    int64_t weight = evprof_edge_weight(edge);
    int64_t cum = evprof_node_cum(edge->src);
    if (evprof_magnitude(weight) < walk->lightest && !is_main_call(edge)) {
        return;
    }
    bool is_heavy = cum != 0 && weight > cum / 2;
    evprof_buf_printf(out, "N%zu -> N%zu [weight=%d]\n", edge->src->rank - 1,
                      edge->dest->rank - 1, is_heavy ? 20 : 1);
}

static void
count_edge(walk_t *walk, const evprof_edge_t *edge)
{
    if (walk->weights != NULL) {
        walk->weights[walk->edge_count] =
            evprof_magnitude(evprof_edge_weight(edge));
    }
    walk->edge_count++;
}

static int
heaviest_first(const void *a, const void *b)
{
    int64_t l = *(const int64_t *)a;
    int64_t r = *(const int64_t *)b;
    return l > r ? -1 : l < r;
}

/* The least weight of an edge that takes part in the layout. */
static int64_t
find_lightest(evprof_node_t *const *nodes, size_t count)
{
    walk_t walk = { .edge_count = 0 };
    int64_t lightest = 0;
    walk_edges(nodes, count, count_edge, &walk);
    size_t edges = walk.edge_count;
    if (edges > MAX_LAID_OUT) {
        walk = (walk_t){ .weights = calloc(edges, sizeof(int64_t)) };
        if (walk.weights != NULL) {
            walk_edges(nodes, count, count_edge, &walk);
            qsort(walk.weights, edges, sizeof(int64_t), heaviest_first);
            lightest = walk.weights[MAX_LAID_OUT - 1];
        }
        free(walk.weights);
    }
    return lightest;
}

static void
put_dot(evprof_buf_t *out, evprof_node_t *const *nodes, size_t count)
{
    walk_t walk = { .out = out, .lightest = find_lightest(nodes, count) };
    evprof_buf_printf(out,
                      "digraph {\nnodesep=0.35 ranksep=0.5\n"
                      "node [shape=box fixedsize=true height=%.3f]\n",
                      BOX_HEIGHT / PIXELS_PER_INCH);
    for (size_t i = 0; i < count; i++) {
        double width = (double)width_of(nodes[i]->name) * CHARACTER_WIDTH;
        evprof_buf_printf(out, "N%zu [width=%.3f]\n", i,
                          (width + BOX_PADDING) / PIXELS_PER_INCH);
    }
    walk_edges(nodes, count, put_dot_edge, &walk);
    evprof_buf_puts(out, "}\n");
}

/* Appends the output of `dot`; nothing when it cannot be run. */
static void
lay_out(const evprof_web_call_t *call, evprof_node_t *const *nodes,
        size_t count, evprof_buf_t *out)
{
    static char program[] = "dot";
    static char format[] = "-Tplain";
    char *const argv[] = { program, format, NULL };
    evprof_error_t none;
    evprof_buf_t dot = { 0 };
    if (!evprof_site_setup(call->site)->hooks.may_run_dot) {
        return;
    }
    put_dot(&dot, nodes, count);
    if (dot.failed ||
        evprof_process_filter(argv, &dot, LIMIT_MS, out, &none) != EVPROF_OK) {
        evprof_buf_clear(out);
    }
    evprof_buf_free(&dot);
}

static void
put_graph(const evprof_web_call_t *call, evprof_document_t *d,
          const evprof_graph_t *graph, const evprof_trimmed_t *trimmed)
{
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(graph, &count);
    evprof_buf_t layout = { 0 };
    lay_out(call, nodes, count, &layout);
    evprof_document_member(d, "graph");
    evprof_buf_puts(d->out, "{\"nodes\":[");
    put_nodes(d->out, nodes, count);
    evprof_buf_puts(d->out, "],\"edges\":[");
    walk_t walk = { .out = d->out };
    walk_edges(nodes, count, put_edge, &walk);
    evprof_buf_printf(d->out,
                      "],\"droppedNodes\":%zu,\"droppedEdges\":%zu,"
                      "\"candidates\":%zu,\"height\":%.0f,",
                      trimmed->dropped_nodes, trimmed->dropped_edges,
                      trimmed->node_count, BOX_HEIGHT);
    evprof_json_member(d->out, "layout", layout.len > 0 ? layout.data : "");
    evprof_buf_putc(d->out, '}');
    evprof_buf_free(&layout);
}

static int
make_graph(evprof_web_call_t *call, const evprof_seen_t *seen,
           evprof_document_t *d, evprof_error_t *err)
{
    const evprof_notice_t notice = { 0 };
    const evprof_request_t request = { .report = &graph_report,
                                       .options = &call->options,
                                       .notice = &notice };
    evprof_pprof_t *copy = evprof_pprof_copy(seen->profile);
    if (copy == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    evprof_view_t *view;
    int status = evprof_view_new(copy, &request, &view, err);
    if (status == EVPROF_OK) {
        evprof_graph_t *graph;
        evprof_trimmed_t trimmed;
        status = evprof_view_trimmed_graph(view, &graph, &trimmed, err);
        if (status == EVPROF_OK) {
            put_graph(call, d, graph, &trimmed);
            evprof_graph_free(graph);
        }
        evprof_view_free(view);
    }
    evprof_pprof_free(copy);
    return status;
}

int
evprof_web_graph(evprof_web_call_t *call, evprof_buf_t *out,
                 evprof_error_t *err)
{
    const evprof_seen_t *seen;
    evprof_document_t d;
    int status = evprof_web_begin(call, &seen, &d, out, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_web_put_head(call, &d, seen);
    status = make_graph(call, seen, &d, err);
    evprof_document_end(&d);
    return status;
}
