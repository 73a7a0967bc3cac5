/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of the call graph: `dot` lays it out. An SVG is then made to fill the
 * window, with a script in it that pans and zooms.
 */
#include <string.h>

#include "core/base/error.h"
#include "core/base/process.h"
#include "core/report/dot.h"
#include "core/report/pan_zoom.h"

/* The limit for a layout: some thousand nodes take a minute, more would not
 * end. */
#define LAYOUT_LIMIT_MS 120000

static int
lay_out(evprof_view_t *view, const char *format, evprof_buf_t *out,
        evprof_error_t *err)
{
    evprof_buf_t graph = { 0 };
    evprof_writer_t writer = evprof_writer_buf(&graph);
    int status = evprof_write_dot(view, &writer, err);
    if (status == EVPROF_OK) {
        char dot[] = "dot";
        char option[16] = "-T";
        strncat(option, format, sizeof(option) - 3);
        char *argv[] = { dot, option, NULL };
        evprof_error_t inner;
        status =
            evprof_process_filter(argv, &graph, LAYOUT_LIMIT_MS, out, &inner);
        if (status != EVPROF_OK) {
            evprof_fail(err, status,
                        "the graph cannot be drawn: %s; %s-flame shows the "
                        "profile without it",
                        inner.message,
                        status == EVPROF_ENOENT ? "install graphviz, or " : "");
        }
    }
    evprof_buf_free(&graph);
    return status;
}

int
evprof_write_image(evprof_view_t *view, const char *format,
                   const evprof_writer_t *out, evprof_error_t *err)
{
    evprof_buf_t image = { 0 };
    int status = lay_out(view, format, &image, err);
    if (status == EVPROF_OK) {
        status = evprof_buf_write(&image, out);
    }
    evprof_buf_free(&image);
    return status;
}

/* The start of the first `text` at or after `from`; the end when there is none,
 * so that what is not found changes nothing. */
static const char *
find(const char *from, const char *text)
{
    const char *found = strstr(from, text);
    return found != NULL ? found : from + strlen(from);
}

/* `<svg width=... viewBox="..."` gives way to a size of the whole window, and
 * the drawing goes into a group that the script behind it moves. */
static void
make_movable(evprof_buf_t *out, const char *svg)
{
    const char *head = find(svg, "<svg");
    const char *box = find(head, "viewBox=\"");
    const char *rest = box;
    if (*box != '\0') {
        rest = find(box + strlen("viewBox=\""), "\"");
        rest += *rest == '"';
    }
    const char *graph = find(rest, "<g id=\"graph");
    const char *end = find(graph, "</svg>");
    evprof_buf_add(out, svg, (size_t)(head - svg));
    evprof_buf_puts(out, "<svg width=\"100%\" height=\"100%\"");
    evprof_buf_add(out, rest, (size_t)(graph - rest));
    evprof_buf_puts(out, "<g id=\"viewport\">");
    evprof_buf_add(out, graph, (size_t)(end - graph));
    evprof_buf_printf(out,
                      "</g>\n<script type=\"text/ecmascript\"><![CDATA[%s]]>"
                      "</script>\n",
                      evprof_pan_zoom);
    evprof_buf_puts(out, end);
}

int
evprof_write_svg(evprof_view_t *view, const evprof_writer_t *out,
                 evprof_error_t *err)
{
    evprof_buf_t image = { 0 };
    evprof_buf_t movable = { 0 };
    int status = lay_out(view, "svg", &image, err);
    if (status == EVPROF_OK) {
        make_movable(&movable, image.len > 0 ? image.data : "");
        status = evprof_buf_write(&movable, out);
    }
    evprof_buf_free(&image);
    evprof_buf_free(&movable);
    return status;
}
