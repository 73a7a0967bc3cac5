/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_DOT_H
#define EVPROF_REPORT_DOT_H

#include "core/report/report.h"

/* Writes the view's graph in the DOT language. */
int evprof_write_dot(evprof_view_t *view, const evprof_writer_t *out,
                     evprof_error_t *err);

/*
 * The same, laid out by the program `dot` in one of its formats ("png").
 * EVPROF_ENOENT: it is not installed; EVPROF_EIO: it failed; EVPROF_ELIMIT: it
 * took longer than two minutes.
 */
int evprof_write_image(evprof_view_t *view, const char *format,
                       const evprof_writer_t *out, evprof_error_t *err);

/* An SVG image that a browser can pan and zoom. */
int evprof_write_svg(evprof_view_t *view, const evprof_writer_t *out,
                     evprof_error_t *err);

#define EVPROF_COLOR_SIZE 8
enum evprof_color_use { EVPROF_COLOR_LINE, EVPROF_COLOR_FILL };

/* "#rrggbb" for a share of the total between -1 and 1: red for cost, green for
 * what a comparison saves, grey for small shares. */
void evprof_dot_color(char out[EVPROF_COLOR_SIZE], double share,
                      enum evprof_color_use use);

/* Appends `text` with escapes for characters that DOT strings cannot hold. */
void evprof_dot_escape(evprof_buf_t *out, const char *text);

/* The same; lines of `text` are lines of the drawing. */
void evprof_dot_escape_lines(evprof_buf_t *out, const char *text);

/* ---- Between the files that write DOT ---- */

/* The state of a drawing, shared by all nodes. */
typedef struct evprof_dot {
    const evprof_view_t *view;
    evprof_buf_t *out;
    double largest_flat;
} evprof_dot_t;

/* Appends a value with its unit. */
void evprof_dot_print(evprof_dot_t *d, int64_t value);

/* Draws the node's tags; true when it has any. */
bool evprof_dot_draw_tags(evprof_dot_t *d, const evprof_node_t *node);

#endif
