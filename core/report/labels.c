/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines above a report: what was measured, when, for how long, which
 * filters are on, and how much of the profile is shown.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/path.h"
#include "core/base/sum.h"
#include "core/base/unit.h"
#include "core/graph/graph.h"
#include "core/report/view.h"

#define SECOND_NS INT64_C(1000000000)
/* Longer filters are cut in the list of active ones. */
#define MAX_FILTER_BYTES ((size_t)80)

/* Begins the next label. */
static evprof_buf_t *
next_label(evprof_heading_t *labels)
{
    if (labels->count == 1) {
        labels->first_len = labels->text.len;
    }
    if (labels->count++ > 0) {
        evprof_buf_putc(&labels->text, '\n');
    }
    return &labels->text;
}

static void
finish(evprof_heading_t *labels)
{
    if (labels->count == 1) {
        labels->first_len = labels->text.len;
    }
}

static void
add_binary(const evprof_pprof_t *p, evprof_heading_t *labels)
{
    if (p->mapping_count == 0) {
        return;
    }
    if (p->mappings[0].file[0] != '\0') {
        evprof_buf_t *out = next_label(labels);
        evprof_buf_puts(out, "File: ");
        evprof_path_base(out, p->mappings[0].file);
    }
    if (p->mappings[0].build_id[0] != '\0') {
        evprof_buf_printf(next_label(labels), "Build ID: %s",
                          p->mappings[0].build_id);
    }
}

static void
add_time(int64_t time_ns, evprof_heading_t *labels)
{
    time_t seconds = (time_t)(time_ns / SECOND_NS - (time_ns % SECOND_NS < 0));
    struct tm local;
    char text[64];
    if (localtime_r(&seconds, &local) != NULL &&
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %Z", &local) > 0) {
        evprof_buf_printf(next_label(labels), "Time: %s", text);
    }
}

static void
add_duration(const evprof_view_t *view, int64_t duration_ns,
             evprof_heading_t *labels)
{
    evprof_buf_t *out = next_label(labels);
    evprof_buf_puts(out, "Duration: ");
    evprof_unit_format(out, duration_ns, "nanoseconds", "auto");
    evprof_buf_puts(out, ", Total samples = ");
    evprof_view_print(view, out, view->total);
    evprof_buf_putc(out, ' ');
    const char *unit;
    double ns =
        evprof_unit_scale(view->total, view->sample_unit, "nanoseconds", &unit);
    if (strcmp(unit, "ns") == 0 && ns != 0) {
        char percent[EVPROF_PERCENT_SIZE];
        evprof_buf_printf(out, "(%s)",
                          evprof_unit_percent(percent, evprof_view_truncate(ns),
                                              duration_ns));
    }
}

void
evprof_view_profile_labels(const evprof_view_t *view, evprof_heading_t *out)
{
    const evprof_pprof_t *p = view->profile;
    add_binary(p, out);
    for (size_t i = 0; i < p->comment_count; i++) {
        if (p->comments[i][0] != '#') {
            evprof_buf_puts(next_label(out), p->comments[i]);
        }
    }
    if (view->sample_type[0] != '\0') {
        evprof_buf_printf(next_label(out), "Type: %s", view->sample_type);
    }
    if (p->doc_url[0] != '\0') {
        evprof_buf_printf(next_label(out), "Doc: %s", p->doc_url);
    }
    if (p->time_ns != 0) {
        add_time(p->time_ns, out);
    }
    if (p->duration_ns != 0) {
        add_duration(view, p->duration_ns, out);
    }
    finish(out);
}

static void
add_filters(const evprof_options_t *o, evprof_heading_t *labels)
{
    const struct {
        const char *name;
        const char *value;
    } filters[] = {
        { "focus", o->focus },         { "ignore", o->ignore },
        { "hide", o->hide },           { "show", o->show },
        { "show_from", o->show_from }, { "tagfocus", o->tagfocus },
        { "tagignore", o->tagignore }, { "tagshow", o->tagshow },
        { "taghide", o->taghide },
    };
    bool is_first = true;
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        if (filters[i].value[0] == '\0') {
            continue;
        }
        if (is_first) {
            evprof_buf_puts(next_label(labels), "Active filters:");
            is_first = false;
        }
        evprof_buf_t *out = next_label(labels);
        size_t before = out->len + 3;
        evprof_buf_printf(out, "   %s=%s", filters[i].name, filters[i].value);
        if (!out->failed && out->len - before > MAX_FILTER_BYTES) {
            out->len = before + MAX_FILTER_BYTES;
            evprof_buf_puts(out, "\xe2\x80\xa6");
        }
    }
}

static void
add_dropped(const evprof_view_t *view, size_t count, const char *what,
            double fraction, evprof_heading_t *labels)
{
    if (count == 0) {
        return;
    }
    evprof_buf_t *out = next_label(labels);
    bool is_node = strcmp(what, "node") == 0;
    evprof_buf_printf(out, "Dropped %zu %s%s (%s <= ", count, what,
                      count > 1 ? "s" : "", is_node ? "cum" : "freq");
    int64_t cutoff = evprof_view_truncate((double)view->total * fraction);
    evprof_view_print(view, out, cutoff < 0 ? -cutoff : cutoff);
    evprof_buf_putc(out, ')');
}

static void
add_shown(const evprof_view_t *view, const evprof_graph_t *graph,
          evprof_heading_t *labels)
{
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(graph, &count);
    int64_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        shown = evprof_sum(shown, evprof_node_flat(nodes[i]));
    }
    char percent[EVPROF_PERCENT_SIZE];
    evprof_unit_percent(percent, shown, view->total);
    evprof_buf_t *out = next_label(labels);
    evprof_buf_puts(out, "Showing nodes accounting for ");
    evprof_view_print(view, out, shown);
    evprof_buf_printf(out, ", %s of ", percent + strspn(percent, " "));
    evprof_view_print(view, out, view->total);
    evprof_buf_puts(out, " total");
}

void
evprof_view_report_labels(const evprof_view_t *view,
                          const evprof_graph_t *graph,
                          const evprof_trimmed_t *trimmed,
                          evprof_heading_t *out)
{
    const evprof_options_t *o = &view->options;
    bool is_drawing =
        (view->request.report->flags & EVPROF_REPORT_DRAWING) != 0;
    if (is_drawing || !o->compact_labels) {
        evprof_view_profile_labels(view, out);
    }
    add_filters(o, out);
    add_shown(view, graph, out);
    if (view->total != 0) {
        size_t count;
        evprof_graph_nodes(graph, &count);
        add_dropped(view, trimmed->dropped_nodes, "node", o->nodefraction, out);
        if (is_drawing) {
            add_dropped(view, trimmed->dropped_edges, "edge", o->edgefraction,
                        out);
        }
        if (count > 0 && count < trimmed->node_count) {
            evprof_buf_printf(next_label(out),
                              "Showing top %zu nodes out of %zu", count,
                              trimmed->node_count);
        }
    }
    if (is_drawing) {
        evprof_buf_puts(next_label(out),
                        "\nSee https://git.io/JfYMW for how to read the graph");
    }
    finish(out);
}
