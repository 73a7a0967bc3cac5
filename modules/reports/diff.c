/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two profiles side by side: for each node what the base has, what the profile
 * has, and the difference, absolute and in percent of the base, with its sign.
 * -base gives the base, which is then compared with and not taken away.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/stream.h"
#include "core/base/sum.h"
#include "core/base/unit.h"
#include "core/base/utf8.h"
#include "core/report/report.h"

typedef struct row {
    const char *name;
    int64_t before[2]; /* flat, cum */
    int64_t after[2];
} row_t;

typedef struct table {
    const evprof_view_t *view;
    row_t *rows;
    size_t count;
    uint32_t *slots; /* row + 1 */
    size_t mask;
    int column; /* what is sorted by: 0 flat, 1 cum */
} table_t;

static row_t *
find_row(table_t *t, const char *name)
{
    size_t at = evprof_hash(name, strlen(name), 0) & t->mask;
    while (t->slots[at] != 0) {
        row_t *row = &t->rows[t->slots[at] - 1];
        if (strcmp(row->name, name) == 0) {
            return row;
        }
        at = (at + 1) & t->mask;
    }
    row_t *row = &t->rows[t->count++];
    *row = (row_t){ .name = name };
    t->slots[at] = (uint32_t)t->count;
    return row;
}

static bool
table_init(table_t *t, size_t count)
{
    size_t slots = 64;
    while (slots < count * 2) {
        slots *= 2;
    }
    t->mask = slots - 1;
    t->slots = calloc(slots, sizeof(*t->slots));
    t->rows = calloc(count + 1, sizeof(*t->rows));
    return t->slots != NULL && t->rows != NULL;
}

static void
add_nodes(table_t *t, const evprof_graph_t *g, bool is_base)
{
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(g, &count);
    for (size_t i = 0; i < count; i++) {
        row_t *row = find_row(t, nodes[i]->name);
        int64_t *values = is_base ? row->before : row->after;
        values[0] = evprof_sum(values[0], evprof_node_flat(nodes[i]));
        values[1] = evprof_sum(values[1], evprof_node_cum(nodes[i]));
    }
}

static int64_t
change_of(const row_t *row, int column)
{
    return row->after[column] - row->before[column];
}

static int
compare_rows(const void *a, const void *b, void *ctx)
{
    const table_t *t = ctx;
    const row_t *l = a;
    const row_t *r = b;
    double lc = fabs((double)change_of(l, t->column));
    double rc = fabs((double)change_of(r, t->column));
    if (lc != rc) {
        return lc > rc ? -1 : 1;
    }
    double lv = fabs((double)l->after[t->column]);
    double rv = fabs((double)r->after[t->column]);
    if (lv != rv) {
        return lv > rv ? -1 : 1;
    }
    return strcmp(l->name, r->name);
}

/* "+12.34%", "new", "gone", or "=" */
static void
print_change(evprof_buf_t *out, int64_t before, int64_t after)
{
    char text[64];
    if (before == after) {
        snprintf(text, sizeof(text), "=");
    } else if (before == 0) {
        snprintf(text, sizeof(text), "new");
    } else if (after == 0) {
        snprintf(text, sizeof(text), "gone");
    } else {
        snprintf(text, sizeof(text), "%+.2f%%",
                 100 * ((double)after - (double)before) / fabs((double)before));
    }
    evprof_utf8_pad_left(out, text, 9);
}

static void
print_difference(const evprof_view_t *view, evprof_buf_t *out, int64_t value)
{
    evprof_buf_t text = { 0 };
    evprof_buf_puts(&text, value > 0 ? "+" : "");
    evprof_view_print(view, &text, value);
    evprof_utf8_pad_left(out, text.failed ? "" : text.data, 10);
    out->failed |= text.failed;
    evprof_buf_free(&text);
}

static void
print_row(const table_t *t, evprof_buf_t *out, const row_t *row)
{
    for (int i = 0; i < 2; i++) {
        evprof_view_print_wide(t->view, out, row->before[i], 10);
        evprof_buf_putc(out, ' ');
        evprof_view_print_wide(t->view, out, row->after[i], 10);
        evprof_buf_putc(out, ' ');
        print_difference(t->view, out, change_of(row, i));
        evprof_buf_putc(out, ' ');
        print_change(out, row->before[i], row->after[i]);
        evprof_buf_puts(out, i == 0 ? " |" : "  ");
    }
    evprof_buf_printf(out, "%s\n", row->name);
}

static void
print_totals(const table_t *t, evprof_buf_t *out, int64_t before)
{
    int64_t after = evprof_view_total(t->view);
    evprof_heading_t labels = { 0 };
    evprof_view_profile_labels(t->view, &labels);
    if (labels.text.len > 0 && !evprof_view_options(t->view)->compact_labels) {
        evprof_buf_printf(out, "%s\n", labels.text.data);
    }
    evprof_buf_free(&labels.text);
    evprof_buf_puts(out, "Total: ");
    evprof_view_print(t->view, out, before);
    evprof_buf_puts(out, " before, ");
    evprof_view_print(t->view, out, after);
    evprof_buf_puts(out, " after");
    if (before != 0 && before != after) {
        evprof_buf_printf(out, " (%+.2f%%)",
                          100 * ((double)after - (double)before) /
                              fabs((double)before));
    }
    evprof_buf_puts(out,
                    "\n      flat       flat       flat      flat |       cum "
                    "       cum        cum       cum\n"
                    "    before      after       diff     diff% |    before "
                    "     after       diff     diff%\n");
}

static void
print_table(table_t *t, const evprof_options_t *o, int64_t before,
            evprof_stream_t *s)
{
    print_totals(t, &s->buf, before);
    if (t->count > 1) {
        qsort_r(t->rows, t->count, sizeof(*t->rows), compare_rows, t);
    }
    size_t limit = o->nodecount > 0 ? (size_t)o->nodecount : t->count;
    for (size_t i = 0; i < t->count && i < limit; i++) {
        print_row(t, &s->buf, &t->rows[i]);
        evprof_stream_poll(s);
    }
}

static size_t
node_count(const evprof_graph_t *g)
{
    size_t count;
    evprof_graph_nodes(g, &count);
    return count;
}

static int
compare(evprof_view_t *view, evprof_view_t *base, const evprof_writer_t *out,
        evprof_error_t *err)
{
    evprof_graph_t *before;
    evprof_graph_t *after;
    evprof_trimmed_t trimmed;
    int status = evprof_view_trimmed_graph(base, &before, &trimmed, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = evprof_view_trimmed_graph(view, &after, &trimmed, err);
    if (status != EVPROF_OK) {
        evprof_graph_free(before);
        return status;
    }
    const evprof_options_t *o = evprof_view_options(view);
    table_t t = { .view = view, .column = strcmp(o->sort, "cum") == 0 };
    if (table_init(&t, node_count(before) + node_count(after))) {
        add_nodes(&t, before, true);
        add_nodes(&t, after, false);
        evprof_stream_t s;
        evprof_stream_begin(&s, out);
        print_table(&t, evprof_view_request(view)->options,
                    evprof_view_total(base), &s);
        status = evprof_stream_end(&s);
    } else {
        status = evprof_fail(err, EVPROF_ENOMEM, "diff: out of memory");
    }
    free(t.rows);
    free(t.slots);
    evprof_graph_free(before);
    evprof_graph_free(after);
    return status;
}

static int
write_diff(evprof_view_t *view, const evprof_writer_t *out, evprof_error_t *err)
{
    evprof_request_t request = *evprof_view_request(view);
    if (request.base == NULL) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "diff compares with a base: give one with -base");
    }
    evprof_pprof_t *copy = evprof_pprof_copy(request.base);
    if (copy == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "diff: out of memory");
    }
    request.notice = NULL;
    evprof_view_t *base;
    int status = evprof_view_new(copy, &request, &base, err);
    if (status == EVPROF_OK) {
        status = compare(view, base, out, err);
        evprof_view_free(base);
    }
    evprof_pprof_free(copy);
    return status;
}

const evprof_report_t evprof_report_diff = {
    .name = "diff",
    .summary = "Two profiles side by side: before, after, difference (-base)",
    .flags = EVPROF_REPORT_PLAIN | EVPROF_REPORT_TABLE | EVPROF_REPORT_WORDS |
             EVPROF_REPORT_SORTS | EVPROF_REPORT_FILE |
             EVPROF_REPORT_ALL_NODES | EVPROF_REPORT_UNTRIMMED |
             EVPROF_REPORT_BASE | EVPROF_REPORT_OURS,
    .suffix = "",
    .write = write_diff,
};
