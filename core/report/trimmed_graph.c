/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The graph that a report prints, and the unit it prints it in. "minimum" means
 * one unit for all values: that of the smallest, unless the largest is more
 * than a hundred times as much and has a larger unit; then the smallest may
 * well be shown as 0.01 of the next.
 */
#include "core/base/unit.h"
#include "core/report/source.h"
#include "core/report/view.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/sum.h"

/* Cuts the prefixes of trim_path off the names of source files. */
static int
trim_file_names(evprof_view_t *view, evprof_error_t *err)
{
    evprof_pprof_t *p = view->profile;
    for (size_t i = 0; i < p->function_count; i++) {
        const char *name = p->functions[i].filename;
        size_t skip = evprof_source_trim(name, view->options.trim_path,
                                         view->options.source_path);
        if (skip == 0) {
            continue;
        }
        p->functions[i].filename =
            evprof_strings_intern(&p->strings, name + skip);
        if (p->functions[i].filename == NULL) {
            return evprof_fail(err, EVPROF_ENOMEM, "report: out of memory");
        }
    }
    return EVPROF_OK;
}

int
evprof_view_graph(evprof_view_t *view, evprof_graph_t **out,
                  evprof_error_t *err)
{
    unsigned flags = view->request.report->flags;
    bool is_drawing = (flags & EVPROF_REPORT_DRAWING) != 0;
    bool may_be_tree = is_drawing || (flags & EVPROF_REPORT_INTEGERS) != 0;
    bool is_flat = (flags & EVPROF_REPORT_ALL_NODES) != 0;
    bool is_walked = (flags & EVPROF_REPORT_WALKED) != 0;
    const evprof_graph_options_t options = {
        .value = view->value,
        .is_mean = view->options.mean,
        .is_tree = view->options.call_tree && may_be_tree,
        .is_visual = is_drawing,
        .keep_objects = (flags & EVPROF_REPORT_OBJECTS) != 0,
        .drop_negative = view->options.drop_negative,
        .edges = is_flat     ? EVPROF_EDGES_INLINED
                 : is_walked ? EVPROF_EDGES_LATER
                             : EVPROF_EDGES_ALL,
        .tag_unit = evprof_view_label_unit(view, "bytes"),
        .output_unit = view->output_unit,
    };
    int status = trim_file_names(view, err);
    if (status == EVPROF_OK) {
        status = evprof_graph_new(view->profile, &options, out, err);
    }
    return status;
}

/* The smallest value that is printed and not zero, or 0. */
static int64_t
smallest_value(const evprof_graph_t *g)
{
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(g, &count);
    int64_t smallest = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t value = evprof_magnitude(evprof_node_flat(nodes[i]));
        if (value == 0) {
            value = evprof_magnitude(evprof_node_cum(nodes[i]));
        }
        if (value > 0 && (smallest == 0 || value < smallest)) {
            smallest = value;
        }
    }
    return smallest;
}

static void
settle_unit(evprof_view_t *view, const evprof_graph_t *g)
{
    size_t count;
    evprof_graph_nodes(g, &count);
    if (strcmp(view->output_unit, "minimum") != 0 || count == 0) {
        return;
    }
    int64_t smallest = smallest_value(g);
    int64_t largest = view->total;
    if (smallest == 0) {
        smallest = largest;
    }
    double ratio = evprof_view_ratio(view);
    if (ratio != 1) {
        smallest = evprof_view_truncate((double)smallest * ratio);
        largest = evprof_view_truncate((double)largest * ratio);
    }
    const char *unit;
    const char *largest_unit;
    evprof_unit_scale(smallest, view->sample_unit, "minimum", &unit);
    evprof_unit_scale(largest, view->sample_unit, "minimum", &largest_unit);
    bool is_whole = (view->request.report->flags & EVPROF_REPORT_INTEGERS) != 0;
    int64_t hundredfold = (int64_t)((uint64_t)smallest * 100);
    if (strcmp(unit, largest_unit) != 0 && hundredfold < largest && !is_whole) {
        evprof_unit_scale(hundredfold, view->sample_unit, "minimum", &unit);
    }
    view->output_unit = unit[0] != '\0' ? unit : view->sample_unit;
}

int
evprof_view_trimmed_graph(evprof_view_t *view, evprof_graph_t **out,
                          evprof_trimmed_t *trimmed, evprof_error_t *err)
{
    evprof_graph_t *g;
    int status = evprof_view_graph(view, &g, err);
    if (status != EVPROF_OK) {
        return status;
    }
    const evprof_options_t *o = &view->options;
    const evprof_trim_t trim = {
        .sort_by_cum = strcmp(o->sort, "cum") == 0,
        .node_count = o->nodecount,
        .node_fraction = o->nodefraction,
        .edge_fraction = o->edgefraction,
    };
    status = evprof_graph_trim(g, &trim, trimmed, err);
    if (status != EVPROF_OK) {
        evprof_graph_free(g);
        return status;
    }
    settle_unit(view, g);
    *out = g;
    return EVPROF_OK;
}

int
evprof_drawing_begin(evprof_drawing_t *d, evprof_view_t *view,
                     const evprof_writer_t *out, evprof_error_t *err)
{
    int status = evprof_view_trimmed_graph(view, &d->graph, &d->trimmed, err);
    if (status == EVPROF_OK) {
        evprof_stream_begin(&d->stream, out);
    }
    return status;
}

int
evprof_drawing_end(evprof_drawing_t *d, int status)
{
    evprof_graph_free(d->graph);
    if (status != EVPROF_OK) {
        d->stream.status = status;
    }
    return evprof_stream_end(&d->stream);
}
