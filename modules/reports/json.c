/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tables say as data: the profile, its nodes with both weights, who
 * calls whom with what weight, and the values of labels. Numbers are in the
 * profile's own unit, nodes refer to one another by their place in the list.
 */
#include <string.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/stream.h"
#include "core/report/label_tally.h"
#include "core/report/report.h"
#include "core/report/table.h"

static void
add_number(evprof_buf_t *out, const char *key, int64_t value)
{
    evprof_buf_printf(out, ",\"%s\":", key);
    evprof_buf_put_int(out, value);
}

static void
add_text(evprof_buf_t *out, const char *key, const char *text)
{
    if (text[0] != '\0') {
        evprof_buf_putc(out, ',');
        evprof_json_member(out, key, text);
    }
}

static void
write_profile(const evprof_view_t *view, const evprof_trimmed_t *trimmed,
              evprof_buf_t *out)
{
    const evprof_pprof_t *p = evprof_view_profile(view);
    evprof_buf_puts(out, "\"profile\":{");
    evprof_json_member(out, "type", evprof_view_sample_type(view));
    add_text(out, "unit", evprof_view_sample_unit(view));
    if (p->mapping_count > 0) {
        add_text(out, "file", p->mappings[0].file);
        add_text(out, "build_id", p->mappings[0].build_id);
    }
    add_number(out, "time_ns", p->time_ns);
    add_number(out, "duration_ns", p->duration_ns);
    add_number(out, "total", evprof_view_total(view));
    add_number(out, "dropped_nodes", (int64_t)trimmed->dropped_nodes);
    evprof_buf_puts(out, ",\"comments\":[");
    for (size_t i = 0; i < p->comment_count; i++) {
        evprof_buf_puts(out, i > 0 ? "," : "");
        evprof_json_string(out, p->comments[i]);
    }
    evprof_buf_puts(out, "]},\n");
}

static void
write_calls(evprof_buf_t *out, evprof_edge_t *const *edges, size_t count,
            const evprof_node_t *node)
{
    const char *gap = "";
    for (size_t i = 0; i < count; i++) {
        const evprof_edge_t *e = edges[i];
        const evprof_node_t *other = e->src == node ? e->dest : e->src;
        if (other->rank == 0) {
            continue;
        }
        evprof_buf_printf(out, "%s{\"node\":%zu", gap, other->rank - 1);
        add_number(out, "weight", evprof_edge_weight(e));
        evprof_buf_puts(out, e->is_inline ? ",\"inline\":true" : "");
        evprof_buf_puts(out, e->is_residual ? ",\"residual\":true}" : "}");
        gap = ",";
    }
}

static void
write_node(evprof_buf_t *out, evprof_node_t *n)
{
    evprof_node_sort(n);
    evprof_buf_putc(out, '{');
    evprof_json_member(out, "name", n->name);
    add_text(out, "function", n->info.name);
    add_text(out, "file", n->info.file);
    add_text(out, "object", n->info.object);
    if (n->info.line != 0) {
        add_number(out, "line", n->info.line);
    }
    if (n->info.address != 0) {
        evprof_buf_printf(out, ",\"address\":\"0x%llx\"",
                          (unsigned long long)n->info.address);
    }
    add_number(out, "flat", evprof_node_flat(n));
    add_number(out, "cum", evprof_node_cum(n));
    const char *mark = evprof_node_inline_mark(n);
    evprof_buf_puts(out, mark[0] != '\0' ? ",\"inline\":true" : "");
    evprof_buf_puts(out, ",\"callers\":[");
    write_calls(out, n->in, n->in_count, n);
    evprof_buf_puts(out, "],\"callees\":[");
    write_calls(out, n->out, n->out_count, n);
    evprof_buf_puts(out, "]}");
}

/* {"key":[{"value":"one","weight":1}]} */
static int
write_tags(const evprof_view_t *view, evprof_buf_t *out, evprof_error_t *err)
{
    evprof_tally_t tally;
    int status = evprof_tally_make(view, &tally, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_buf_puts(out, "\"tags\":{");
    for (size_t i = 0; i < tally.count;) {
        size_t end = evprof_tally_key_end(&tally, i);
        evprof_buf_puts(out, i > 0 ? ",\n" : "\n");
        evprof_json_string(out, tally.rows[i].key);
        for (size_t j = i; j < end; j++) {
            evprof_buf_puts(out, j > i ? ",{" : ":[{");
            evprof_json_member(out, "value", tally.rows[j].name);
            add_number(out, "weight", tally.rows[j].weight);
            evprof_buf_putc(out, '}');
        }
        evprof_buf_putc(out, ']');
        i = end;
    }
    evprof_buf_putc(out, '}');
    evprof_tally_free(&tally);
    return EVPROF_OK;
}

static int
write_json(evprof_view_t *view, const evprof_writer_t *out, evprof_error_t *err)
{
    evprof_drawing_t d;
    int status = evprof_drawing_begin(&d, view, out, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_buf_t *text = &d.stream.buf;
    evprof_buf_putc(text, '{');
    write_profile(view, &d.trimmed, text);
    evprof_buf_puts(text, "\"nodes\":[");
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(d.graph, &count);
    for (size_t i = 0; i < count; i++) {
        evprof_buf_puts(text, i > 0 ? ",\n" : "\n");
        write_node(text, nodes[i]);
        evprof_stream_poll(&d.stream);
    }
    evprof_buf_puts(text, "],\n");
    status = write_tags(view, text, err);
    evprof_buf_puts(text, "}\n");
    return evprof_drawing_end(&d, status);
}

const evprof_report_t evprof_report_json = {
    .name = "json",
    .summary = "Functions, calls and labels as JSON",
    .flags = EVPROF_REPORT_WORDS | EVPROF_REPORT_SORTS | EVPROF_REPORT_FILE |
             EVPROF_REPORT_OURS,
    .suffix = "",
    .write = write_json,
};
