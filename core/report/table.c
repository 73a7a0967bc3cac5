/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables top and tree. Their columns are ten wide with a percentage beside;
 * longer values push the rest of the line.
 */
#include "core/report/table.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/stream.h"
#include "core/base/sum.h"
#include "core/base/unit.h"

/* How many lines before its own a name is asked for. */
#define AHEAD ((size_t)8)

#define TREE_RULE                                                              \
    "----------------------------------------------------------+-------------"
#define TREE_LEGEND                                                            \
    "      flat  flat%   sum%        cum   cum%   calls calls% + context \t "  \
    "\t "

const char *
evprof_node_inline_mark(const evprof_node_t *node)
{
    bool has_inline = false;
    bool has_call = false;
    for (size_t i = 0; i < node->in_count; i++) {
        has_inline |= node->in[i]->is_inline;
        has_call |= !node->in[i]->is_inline;
    }
    if (!has_inline) {
        return "";
    }
    return has_call ? " (partial-inline)" : " (inline)";
}

static void
print_percent(evprof_buf_t *out, int64_t value, int64_t total)
{
    char percent[EVPROF_PERCENT_SIZE];
    evprof_buf_putc(out, ' ');
    evprof_buf_puts(out, evprof_unit_percent(percent, value, total));
}

/* flat flat% sum% cum cum% */
static void
print_numbers(const evprof_view_t *view, evprof_buf_t *out,
              const evprof_node_t *node, int64_t sum)
{
    int64_t total = evprof_view_total(view);
    int64_t flat = evprof_node_flat(node);
    int64_t cum = evprof_node_cum(node);
    evprof_view_print_wide(view, out, flat, 10);
    print_percent(out, flat, total);
    print_percent(out, sum, total);
    evprof_buf_putc(out, ' ');
    evprof_view_print_wide(view, out, cum, 10);
    print_percent(out, cum, total);
}

static void
print_labels(const evprof_view_t *view, evprof_drawing_t *d)
{
    evprof_buf_t *out = &d->stream.buf;
    evprof_heading_t labels = { 0 };
    evprof_view_report_labels(view, d->graph, &d->trimmed, &labels);
    if (labels.text.failed) {
        out->failed = true;
    } else {
        evprof_buf_add(out, labels.text.data, labels.text.len);
        evprof_buf_putc(out, '\n');
    }
    evprof_buf_free(&labels.text);
}

int
evprof_write_text(evprof_view_t *view, const evprof_writer_t *out,
                  evprof_error_t *err)
{
    evprof_drawing_t d;
    int status = evprof_drawing_begin(&d, view, out, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_buf_t *text = &d.stream.buf;
    print_labels(view, &d);
    evprof_buf_puts(text, "      flat  flat%   sum%        cum   cum%\n");
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(d.graph, &count);
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum = evprof_sum(sum, evprof_node_flat(nodes[i]));
        print_numbers(view, text, nodes[i], sum);
        evprof_buf_printf(text, "  %s%s\n", nodes[i]->name,
                          evprof_node_inline_mark(nodes[i]));
        evprof_stream_poll(&d.stream);
    }
    return evprof_drawing_end(&d, EVPROF_OK);
}

static const evprof_node_t *
other_end(const evprof_edge_t *e, const evprof_node_t *node)
{
    return e->src == node ? e->dest : e->src;
}

/* Names are scattered in memory, so the next one is prefetched. */
static void
ask_for(evprof_edge_t *const *edges, size_t count, size_t i,
        const evprof_node_t *node)
{
    if (i + 2 * AHEAD < count) {
        __builtin_prefetch(&other_end(edges[i + 2 * AHEAD], node)->name);
    }
    if (i + AHEAD < count) {
        __builtin_prefetch(other_end(edges[i + AHEAD], node)->name);
    }
}

/* Edges are sorted by weight, of which there are few. */
static void
print_calls(const evprof_view_t *view, evprof_buf_t *out,
            evprof_edge_t *const *edges, size_t count,
            const evprof_node_t *node)
{
    int64_t cum = evprof_node_cum(node);
    evprof_buf_t numbers = { 0 };
    for (size_t i = 0; i < count; i++) {
        const evprof_edge_t *e = edges[i];
        ask_for(edges, count, i, node);
        if (i == 0 || e->weight != edges[i - 1]->weight) {
            evprof_buf_clear(&numbers);
            evprof_view_print_wide(view, &numbers, e->weight, 50);
            print_percent(&numbers, e->weight, cum);
            evprof_buf_puts(&numbers, " |   ");
        }
        evprof_buf_add(out, numbers.data, numbers.len);
        evprof_buf_puts(out, other_end(e, node)->name);
        evprof_buf_puts(out, e->is_inline ? " (inline)\n" : "\n");
    }
    out->failed |= numbers.failed;
    evprof_buf_free(&numbers);
}

typedef struct blocks {
    const evprof_view_t *view;
    evprof_stream_t *stream;
    int64_t sum;
} blocks_t;

static bool
is_wanted(void *ctx, const evprof_node_t *node)
{
    const blocks_t *b = ctx;
    return evprof_view_matches(b->view, node->name);
}

static int
print_block(void *ctx, evprof_node_t *n, evprof_error_t *err)
{
    blocks_t *b = ctx;
    evprof_buf_t *out = &b->stream->buf;
    (void)err;
    evprof_buf_puts(out, TREE_RULE "\n");
    print_calls(b->view, out, n->in, n->in_count, n);
    b->sum = evprof_sum(b->sum, evprof_node_flat(n));
    print_numbers(b->view, out, n, b->sum);
    evprof_buf_printf(out, "                | %s\n", n->name);
    print_calls(b->view, out, n->out, n->out_count, n);
    evprof_stream_poll(b->stream);
    return EVPROF_OK;
}

/* With an expression nothing may be written before something matched. */
static int
check_match(const evprof_view_t *view, const evprof_graph_t *g,
            evprof_error_t *err)
{
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(g, &count);
    const char *param = evprof_view_request(view)->param;
    for (size_t i = 0; param != NULL && i < count; i++) {
        if (evprof_view_matches(view, nodes[i]->name)) {
            return EVPROF_OK;
        }
    }
    return param == NULL ? EVPROF_OK
                         : evprof_fail(err, EVPROF_ENOENT,
                                       "no function matches %s", param);
}

static int
print_blocks(blocks_t *b, evprof_graph_t *g, evprof_error_t *err)
{
    size_t count;
    const evprof_edge_walk_t walk = { .is_wanted = is_wanted,
                                      .visit = print_block,
                                      .ctx = b,
                                      .wants_in = true,
                                      .wants_out = true };
    int status = evprof_graph_walk_edges(g, &walk, err);
    evprof_graph_nodes(g, &count);
    if (count > 0) {
        evprof_buf_puts(&b->stream->buf, TREE_RULE "\n");
    }
    return status;
}

int
evprof_write_tree(evprof_view_t *view, const evprof_writer_t *out,
                  evprof_error_t *err)
{
    evprof_drawing_t d;
    int status = evprof_drawing_begin(&d, view, out, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = check_match(view, d.graph, err);
    if (status != EVPROF_OK) {
        return evprof_drawing_end(&d, status);
    }
    print_labels(view, &d);
    evprof_buf_puts(&d.stream.buf, TREE_RULE "\n" TREE_LEGEND "\n");
    blocks_t blocks = { .view = view, .stream = &d.stream };
    status = print_blocks(&blocks, d.graph, err);
    return evprof_drawing_end(&d, status);
}
