/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call graph in the DOT language. Size shows a node's own weight, colour its
 * whole weight, the width of a line the weight of its calls.
 */
#include "core/report/dot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/path.h"
#include "core/base/stream.h"
#include "core/base/unit.h"

static const char *
text_of(const evprof_buf_t *buf)
{
    return buf->failed || buf->data == NULL ? "" : buf->data;
}

static unsigned char
color_byte(double intensity)
{
    return isnan(intensity) ? 0 : (unsigned char)(intensity * 255.0);
}

void
evprof_dot_color(char out[EVPROF_COLOR_SIZE], double share,
                 enum evprof_color_use use)
{
    /* Shares are moved away from grey by this exponent, so that small ones can
     * be told apart; below `faint` they fade into grey. */
    const double exponent = 1.0 - 0.7;
    const double faint = 0.2;
    double saturation = use == EVPROF_COLOR_FILL ? 0.1 : 1.0;
    double value = use == EVPROF_COLOR_FILL ? 0.93 : 0.7;

    /* A total of zero makes the share no number, which pprof shows as red. */
    share = isnan(share) ? share : fmax(-1.0, fmin(1.0, share));
    if (fabs(share) < faint) {
        saturation *= fabs(share) / faint;
    }
    double strength = pow(fabs(share), exponent);
    double dimmed = value * (1 - saturation * strength);
    double red = share < 0 ? dimmed : value;
    double green = share < 0 ? value : dimmed;
    double blue = value * (1 - saturation);
    snprintf(out, EVPROF_COLOR_SIZE, "#%02x%02x%02x", color_byte(red),
             color_byte(green), color_byte(blue));
}

static double
share_of(int64_t value, int64_t total)
{
    return (double)value / fabs((double)total);
}

static void
replace_all(evprof_buf_t *out, const char *text, const char *from,
            const char *to)
{
    size_t len = strlen(from);
    for (const char *hit; (hit = strstr(text, from)) != NULL;
         text = hit + len) {
        evprof_buf_add(out, text, (size_t)(hit - text));
        evprof_buf_puts(out, to);
    }
    evprof_buf_puts(out, text);
}

/* The function's short name, a line for each part of it. */
static void
add_name_lines(evprof_buf_t *out, const char *name)
{
    evprof_buf_t parts = { 0 };
    evprof_buf_t text = { 0 };
    evprof_name_shorten(&parts, name);
    evprof_dot_escape(&text, text_of(&parts));
    evprof_buf_clear(&parts);
    replace_all(&parts, text_of(&text), "::", "\\n");
    evprof_buf_clear(&text);
    /* Go's own ellipsis for type parameters must not become lines. */
    replace_all(&text, text_of(&parts), "[...]", "[\xe2\x80\xa6]");
    replace_all(out, text_of(&text), ".", "\\n");
    out->failed |= parts.failed || text.failed;
    evprof_buf_free(&parts);
    evprof_buf_free(&text);
}

static void
add_node_name(evprof_buf_t *out, const evprof_node_info_t *info)
{
    evprof_buf_t name = { 0 };
    evprof_buf_t file = { 0 };
    evprof_buf_t object = { 0 };
    if (info->name[0] != '\0') {
        add_name_lines(&name, info->name);
    }
    if (info->file[0] != '\0') {
        evprof_buf_t base = { 0 };
        evprof_path_base(&base, info->file);
        evprof_dot_escape(&file, text_of(&base));
        evprof_buf_free(&base);
    }
    evprof_node_info_t shown = *info;
    shown.name = name.len > 0 ? name.data : "";
    shown.file = file.len > 0 ? file.data : "";
    evprof_dot_escape(&object, info->object);
    shown.object = text_of(&object);
    evprof_node_print(out, &shown, "\\n");
    evprof_buf_puts(out, "\\n");
    out->failed |= name.failed || file.failed || object.failed;
    evprof_buf_free(&name);
    evprof_buf_free(&file);
    evprof_buf_free(&object);
}

static void
add_share(evprof_dot_t *d, int64_t value)
{
    char percent[EVPROF_PERCENT_SIZE];
    evprof_unit_percent(percent, value, evprof_view_total(d->view));
    evprof_dot_print(d, value);
    evprof_buf_printf(d->out, " (%s)", percent + strspn(percent, " "));
}

static void
add_weights(evprof_dot_t *d, int64_t flat, int64_t cum)
{
    if (flat != 0) {
        add_share(d, flat);
    } else {
        evprof_buf_putc(d->out, '0');
    }
    if (cum != flat) {
        evprof_buf_puts(d->out, flat != 0 ? "\\n" : " ");
        evprof_buf_puts(d->out, "of ");
        add_share(d, cum);
    }
}

static int
font_size(const evprof_dot_t *d, int64_t flat)
{
    const int smallest = 8;
    const double growth = 16.0;
    double size = fabs((double)flat);
    if (d->largest_flat == 0 || flat == 0 || size > d->largest_flat) {
        return smallest;
    }
    return smallest + (int)ceil(growth * sqrt(size / d->largest_flat));
}

static void
draw_node(evprof_dot_t *d, const evprof_node_t *n)
{
    int64_t flat = evprof_node_flat(n);
    int64_t cum = evprof_node_cum(n);
    int64_t total = evprof_view_total(d->view);
    evprof_buf_printf(d->out, "N%zu [label=\"", n->rank);
    add_node_name(d->out, &n->info);
    add_weights(d, flat, cum);
    evprof_buf_printf(d->out,
                      "\" id=\"node%zu\" fontsize=%d shape=box tooltip=\"",
                      n->rank, font_size(d, flat));
    evprof_dot_escape(d->out, n->name);
    evprof_buf_puts(d->out, " (");
    evprof_dot_print(d, cum);
    char line[EVPROF_COLOR_SIZE];
    char fill[EVPROF_COLOR_SIZE];
    evprof_dot_color(line, share_of(cum, total), EVPROF_COLOR_LINE);
    evprof_dot_color(fill, share_of(cum, total), EVPROF_COLOR_FILL);
    evprof_buf_printf(d->out, ")\" color=\"%s\" fillcolor=\"%s\"]\n", line,
                      fill);
}

/* 1 + the share of the total in `steps`, at most 1 + steps. */
static int64_t
grade(int64_t weight, int64_t steps, int64_t total)
{
    int64_t product = (int64_t)((uint64_t)weight * (uint64_t)steps);
    if (total == -1) {
        return 1 + steps;
    }
    int64_t grade = product / total;
    grade = grade < 0 ? -grade : grade;
    return 1 + (grade < steps ? grade : steps);
}

static void
add_grade(evprof_buf_t *out, const char *name, int64_t grade)
{
    if (grade > 1) {
        evprof_buf_printf(out, " %s=%lld", name, (long long)grade);
    }
}

static void
add_edge_tooltip(evprof_dot_t *d, const evprof_edge_t *e, const char *name)
{
    evprof_buf_printf(d->out, " %s=\"", name);
    evprof_dot_escape(d->out, e->src->name);
    evprof_buf_puts(d->out, e->is_residual ? " ... " : " -> ");
    evprof_dot_escape(d->out, e->dest->name);
    evprof_buf_puts(d->out, " (");
    evprof_dot_print(d, evprof_edge_weight(e));
    evprof_buf_puts(d->out, ")\"");
}

static void
draw_edge(evprof_dot_t *d, const evprof_edge_t *e, bool is_spread)
{
    int64_t total = evprof_view_total(d->view);
    int64_t weight = evprof_edge_weight(e);
    evprof_buf_printf(d->out, "N%zu -> N%zu [label=\" ", e->src->rank,
                      e->dest->rank);
    evprof_dot_print(d, weight);
    evprof_buf_printf(d->out, "%s\"", e->is_inline ? "\\n (inline)" : "");
    if (total != 0) {
        char color[EVPROF_COLOR_SIZE];
        add_grade(d->out, "weight", grade(weight, 100, total));
        add_grade(d->out, "penwidth", grade(weight, 5, total));
        evprof_dot_color(color, share_of(weight, total), EVPROF_COLOR_LINE);
        evprof_buf_printf(d->out, " color=\"%s\"", color);
    }
    add_edge_tooltip(d, e, "tooltip");
    add_edge_tooltip(d, e, "labeltooltip");
    evprof_buf_puts(d->out, e->is_residual ? " style=\"dotted\"" : "");
    evprof_buf_puts(d->out, is_spread ? " minlen=2" : "");
    evprof_buf_puts(d->out, "]\n");
}

static void
draw_legend(evprof_dot_t *d, const evprof_heading_t *labels)
{
    const char *title = evprof_view_title(d->view);
    if (labels->count == 0 || labels->text.failed) {
        return;
    }
    evprof_buf_t first = { 0 };
    evprof_buf_add(&first, labels->text.data, labels->first_len);
    evprof_buf_puts(d->out, "subgraph cluster_L { \"");
    evprof_dot_escape(d->out, first.failed ? "" : first.data);
    evprof_buf_puts(d->out, "\" [shape=box fontsize=16 label=\"");
    evprof_dot_escape(d->out, labels->text.data);
    evprof_buf_puts(d->out, "\\l\"");
    if (title[0] != '\0') {
        evprof_buf_puts(d->out, " tooltip=\"");
        evprof_dot_escape(d->out, title);
        evprof_buf_putc(d->out, '"');
    }
    evprof_buf_puts(d->out, "] }\n");
    evprof_buf_free(&first);
}

/* Heavy edges first, as a hint to the layout. */
static int
draw_edges(evprof_dot_t *d, evprof_node_t *const *nodes, size_t count,
           const bool *has_tags)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += nodes[i]->out_count;
    }
    evprof_edge_t **edges = calloc(total + 1, sizeof(evprof_edge_t *));
    if (edges == NULL) {
        return EVPROF_ENOMEM;
    }
    size_t next = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(edges + next, nodes[i]->out,
               nodes[i]->out_count * sizeof(evprof_edge_t *));
        next += nodes[i]->out_count;
    }
    evprof_edges_sort(edges, total);
    for (size_t i = 0; i < total; i++) {
        draw_edge(d, edges[i], has_tags[edges[i]->src->rank]);
    }
    free(edges);
    return EVPROF_OK;
}

static int
draw_graph(evprof_dot_t *d, evprof_node_t *const *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double flat = fabs((double)evprof_node_flat(nodes[i]));
        d->largest_flat = fmax(d->largest_flat, flat);
    }
    bool *has_tags = calloc(count + 1, sizeof(*has_tags));
    if (has_tags == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        draw_node(d, nodes[i]);
        has_tags[nodes[i]->rank] = evprof_dot_draw_tags(d, nodes[i]);
    }
    int status = draw_edges(d, nodes, count, has_tags);
    free(has_tags);
    return status;
}

int
evprof_write_dot(evprof_view_t *view, const evprof_writer_t *out,
                 evprof_error_t *err)
{
    evprof_drawing_t drawing;
    int status = evprof_drawing_begin(&drawing, view, out, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_buf_t *out_text = &drawing.stream.buf;
    evprof_dot_t d = { .view = view, .out = out_text };
    const char *title = evprof_view_title(view);
    evprof_buf_puts(out_text, "digraph \"");
    evprof_dot_escape(out_text, title[0] != '\0' ? title : "unnamed");
    evprof_buf_puts(out_text,
                    "\" {\nnode [style=filled fillcolor=\"#f8f8f8\"]\n");
    evprof_heading_t labels = { 0 };
    evprof_view_report_labels(view, drawing.graph, &drawing.trimmed, &labels);
    draw_legend(&d, &labels);
    evprof_buf_free(&labels.text);
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(drawing.graph, &count);
    status = draw_graph(&d, nodes, count);
    evprof_buf_puts(out_text, "}\n");
    if (status != EVPROF_OK) {
        evprof_fail(err, status, "dot: out of memory");
    }
    return evprof_drawing_end(&drawing, status);
}
