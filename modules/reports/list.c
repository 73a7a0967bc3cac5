/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source lines with their weights, function by function, for the functions that
 * match an expression. A listing starts where the function starts, or some
 * lines before its first sample, and ends some lines after its last.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/stream.h"
#include "core/base/sum.h"
#include "core/base/unit.h"
#include "core/base/utf8.h"
#include "core/report/report.h"
#include "core/report/source.h"

#define MARGIN_LINES INT64_C(5)

typedef struct listing {
    evprof_view_t *view;
    evprof_sources_t *sources;
    evprof_stream_t s;
} listing_t;

typedef struct sum {
    int64_t flat;
    int64_t cum;
} sum_t;

static void
add(sum_t *sum, const evprof_node_t *node)
{
    sum->flat = evprof_sum(sum->flat, node->flat);
    sum->cum = evprof_sum(sum->cum, node->cum);
}

typedef struct range {
    int64_t first;
    int64_t last;
} range_t;

static int64_t
start_of(const evprof_node_t *node)
{
    return node->info.start_line != 0 ? node->info.start_line
                                      : node->info.line - MARGIN_LINES;
}

/* As pprof has it: a node that lets the range begin earlier does not let it end
 * later. */
static range_t
range_of(evprof_node_t *const *nodes, size_t count)
{
    range_t r = { start_of(nodes[0]), nodes[0]->info.line + MARGIN_LINES };
    for (size_t i = 1; i < count; i++) {
        int64_t first = start_of(nodes[i]);
        int64_t last = nodes[i]->info.line + MARGIN_LINES;
        if (first < r.first) {
            r.first = first;
        } else if (last > r.last) {
            r.last = last;
        }
    }
    r.first = r.first < 1 ? 1 : r.first;
    return r;
}

static sum_t
sum_line(evprof_node_t *const *nodes, size_t count, int64_t line)
{
    sum_t sum = { 0 };
    for (size_t i = 0; i < count; i++) {
        if (nodes[i]->info.line == line) {
            add(&sum, nodes[i]);
        }
    }
    return sum;
}

static void
print_lines(listing_t *l, evprof_node_t *const *nodes, size_t count)
{
    const char *file = nodes[0]->info.file;
    range_t r = range_of(nodes, count);
    const char *problem = NULL;
    if (r.first <= r.last) {
        evprof_sources_line(l->sources, file, r.first);
        problem = evprof_sources_problem(l->sources, file);
    }
    if (problem != NULL) {
        evprof_buf_printf(&l->s.buf, " Error: %s\n", problem);
        return;
    }
    for (int64_t number = r.first; number <= r.last; number++) {
        const char *line = evprof_sources_line(l->sources, file, number);
        if (line == NULL) {
            return;
        }
        sum_t sum = sum_line(nodes, count, number);
        evprof_view_print_column(l->view, &l->s.buf, sum.flat);
        evprof_view_print_column(l->view, &l->s.buf, sum.cum);
        evprof_buf_printf(&l->s.buf, "%6lld:%s\n", (long long)number, line);
    }
}

/* The part of one function that is in one file. */
static void
print_file(listing_t *l, evprof_node_t *const *nodes, size_t count)
{
    evprof_buf_t *out = &l->s.buf;
    sum_t sum = { 0 };
    for (size_t i = 0; i < count; i++) {
        add(&sum, nodes[i]);
    }
    const char *file = nodes[0]->info.file;
    char percent[EVPROF_PERCENT_SIZE];
    evprof_unit_percent(percent, sum.cum, evprof_view_total(l->view));
    evprof_buf_printf(out, "ROUTINE ======================== %s in %s\n",
                      nodes[0]->info.name, file);
    evprof_view_print_wide(l->view, out, sum.flat, 10);
    evprof_buf_putc(out, ' ');
    evprof_view_print_wide(l->view, out, sum.cum, 10);
    evprof_buf_printf(out, " (flat, cum) %s of Total\n", percent);
    print_lines(l, nodes, count);
}

/* Nodes of one function, sorted by file. */
static void
print_function(listing_t *l, evprof_node_t **nodes, size_t count)
{
    evprof_nodes_sort(nodes, count, EVPROF_ORDER_FILE);
    size_t i = 0;
    while (i < count && nodes[i]->info.file[0] == '\0') {
        i++;
    }
    if (i == count) {
        evprof_buf_printf(&l->s.buf, "No source information for %s\n",
                          nodes[0]->info.name);
    }
    while (i < count) {
        size_t end = i + 1;
        while (end < count &&
               strcmp(nodes[end]->info.file, nodes[i]->info.file) == 0) {
            end++;
        }
        print_file(l, nodes + i, end - i);
        evprof_stream_poll(&l->s);
        i = end;
    }
}

static void
print_functions(listing_t *l, evprof_node_t **nodes, size_t count)
{
    evprof_buf_puts(&l->s.buf, "Total: ");
    evprof_view_print(l->view, &l->s.buf, evprof_view_total(l->view));
    evprof_buf_putc(&l->s.buf, '\n');
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count &&
               strcmp(nodes[end]->info.name, nodes[i]->info.name) == 0) {
            end++;
        }
        print_function(l, nodes + i, end - i);
        i = end;
    }
}

/* The nodes whose function matches, by name; their number. */
static size_t
select_nodes(const evprof_view_t *view, const evprof_graph_t *g,
             evprof_node_t **out)
{
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(g, &count);
    size_t matched = 0;
    for (size_t i = 0; i < count; i++) {
        if (evprof_view_matches(view, nodes[i]->info.name)) {
            out[matched++] = nodes[i];
        }
    }
    evprof_nodes_sort(out, matched, EVPROF_ORDER_NAME);
    return matched;
}

static int
list_nodes(evprof_view_t *view, const evprof_graph_t *g, evprof_node_t **room,
           const evprof_writer_t *out, evprof_error_t *err)
{
    size_t count = select_nodes(view, g, room);
    if (count == 0) {
        return evprof_fail(err, EVPROF_ENOENT, "no function matches %s",
                           evprof_view_request(view)->param);
    }
    listing_t l = { .view = view };
    const evprof_options_t *o = evprof_view_options(view);
    int status =
        evprof_sources_new(o->source_path, o->trim_path, &l.sources, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_sources_fetch_for(l.sources, view);
    evprof_stream_begin(&l.s, out);
    print_functions(&l, room, count);
    evprof_sources_free(l.sources);
    return evprof_stream_end(&l.s);
}

static int
write_list(evprof_view_t *view, const evprof_writer_t *out, evprof_error_t *err)
{
    evprof_graph_t *g;
    int status = evprof_view_graph(view, &g, err);
    if (status != EVPROF_OK) {
        return status;
    }
    size_t count;
    evprof_graph_nodes(g, &count);
    evprof_node_t **room = calloc(count + 1, sizeof(evprof_node_t *));
    if (room == NULL) {
        status = evprof_fail(err, EVPROF_ENOMEM, "list: out of memory");
    } else {
        status = list_nodes(view, g, room, out, err);
    }
    free(room);
    evprof_graph_free(g);
    return status;
}

const evprof_report_t evprof_report_list = {
    .name = "list",
    .summary = "Source lines with the weight of each",
    .flags = EVPROF_REPORT_PLAIN | EVPROF_REPORT_PARAM | EVPROF_REPORT_LINES |
             EVPROF_REPORT_UNTRIMMED | EVPROF_REPORT_OBJECTS,
    .suffix = "",
    .write = write_list,
};
