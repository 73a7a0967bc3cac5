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
print_labels(const evprof_view_t *view, const evprof_graph_t *g,
             const evprof_trimmed_t *trimmed, evprof_buf_t *out)
{
    evprof_labels_t labels = { 0 };
    evprof_view_report_labels(view, g, trimmed, &labels);
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
    evprof_graph_t *g;
    evprof_trimmed_t trimmed;
    int status = evprof_view_trimmed_graph(view, &g, &trimmed, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_stream_t s;
    evprof_stream_begin(&s, out);
    print_labels(view, g, &trimmed, &s.buf);
    evprof_buf_puts(&s.buf, "      flat  flat%   sum%        cum   cum%\n");
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(g, &count);
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum = evprof_sum(sum, evprof_node_flat(nodes[i]));
        print_numbers(view, &s.buf, nodes[i], sum);
        evprof_buf_printf(&s.buf, "  %s%s\n", nodes[i]->name,
                          evprof_node_inline_mark(nodes[i]));
        evprof_stream_poll(&s);
    }
    evprof_graph_free(g);
    return evprof_stream_end(&s);
}

static void
print_calls(const evprof_view_t *view, evprof_buf_t *out,
            evprof_edge_t *const *edges, size_t count,
            const evprof_node_t *node)
{
    int64_t cum = evprof_node_cum(node);
    for (size_t i = 0; i < count; i++) {
        const evprof_edge_t *e = edges[i];
        const evprof_node_t *other = e->src == node ? e->dest : e->src;
        evprof_view_print_wide(view, out, e->weight, 50);
        print_percent(out, e->weight, cum);
        evprof_buf_printf(out, " |   %s%s\n", other->name,
                          e->is_inline ? " (inline)" : "");
    }
}

static size_t
print_blocks(evprof_view_t *view, evprof_graph_t *g, evprof_stream_t *s)
{
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(g, &count);
    int64_t sum = 0;
    size_t matched = 0;
    for (size_t i = 0; i < count; i++) {
        evprof_node_t *n = nodes[i];
        if (!evprof_view_matches(view, n->name)) {
            continue;
        }
        matched++;
        evprof_node_sort(n);
        evprof_buf_puts(&s->buf, TREE_RULE "\n");
        print_calls(view, &s->buf, n->in, n->in_count, n);
        sum = evprof_sum(sum, evprof_node_flat(n));
        print_numbers(view, &s->buf, n, sum);
        evprof_buf_printf(&s->buf, "                | %s\n", n->name);
        print_calls(view, &s->buf, n->out, n->out_count, n);
        if (s->out != NULL) {
            evprof_stream_poll(s);
        }
    }
    if (count > 0) {
        evprof_buf_puts(&s->buf, TREE_RULE "\n");
    }
    return matched;
}

int
evprof_write_tree(evprof_view_t *view, const evprof_writer_t *out,
                  evprof_error_t *err)
{
    evprof_graph_t *g;
    evprof_trimmed_t trimmed;
    int status = evprof_view_trimmed_graph(view, &g, &trimmed, err);
    if (status != EVPROF_OK) {
        return status;
    }
    /* With an expression nothing may be written before something matched. */
    const char *param = evprof_view_request(view)->param;
    evprof_stream_t s;
    evprof_stream_begin(&s, param == NULL ? out : NULL);
    print_labels(view, g, &trimmed, &s.buf);
    evprof_buf_puts(&s.buf, TREE_RULE "\n" TREE_LEGEND "\n");
    size_t matched = print_blocks(view, g, &s);
    evprof_graph_free(g);
    if (param != NULL && matched == 0) {
        evprof_buf_free(&s.buf);
        return evprof_fail(err, EVPROF_ENOENT, "no function matches %s", param);
    }
    s.out = out;
    return evprof_stream_end(&s);
}
