/* SPDX-License-Identifier: Apache-2.0 */
/* A flame graph as an SVG image, for documents; titles show on hovering. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/html.h"
#include "core/base/stream.h"
#include "core/base/unit.h"
#include "core/base/utf8.h"
#include "core/report/flame.h"

#define WIDTH 1200.0
#define ROW 17
#define HEAD 24
#define CHARACTER_WIDTH 6.5
/* Boxes narrower than half a pixel are not drawn. */
#define NARROWEST (0.5 / WIDTH)

typedef struct drawing {
    const evprof_view_t *view;
    const evprof_flame_t *flame;
    evprof_stream_t s;
} drawing_t;

static const char *
name_of(const evprof_box_t *box)
{
    return box->place == NULL ? "all" : box->place->name;
}

static void
add_title(drawing_t *d, const evprof_box_t *box)
{
    char percent[EVPROF_PERCENT_SIZE];
    evprof_unit_percent(percent, box->cum, evprof_view_total(d->view));
    evprof_buf_puts(&d->s.buf, "<title>");
    evprof_html_escape(&d->s.buf, name_of(box));
    evprof_buf_puts(&d->s.buf, " (");
    evprof_view_print(d->view, &d->s.buf, box->cum);
    evprof_buf_printf(&d->s.buf, ", %s)</title>",
                      percent + strspn(percent, " "));
}

/* The name as far as there is room for it, by characters. */
static void
add_label(drawing_t *d, const char *name, double room)
{
    size_t fits =
        room > 3 * CHARACTER_WIDTH ? (size_t)(room / CHARACTER_WIDTH) : 0;
    if (fits == 0) {
        return;
    }
    evprof_buf_t text = { 0 };
    size_t count = evprof_utf8_count(name);
    size_t len = 0;
    for (size_t i = 0; i < (count > fits ? fits - 2 : count); i++) {
        do {
            len++;
        } while (((unsigned char)name[len] & 0xc0) == 0x80);
    }
    evprof_buf_add(&text, name, len);
    evprof_buf_puts(&text, count > fits ? ".." : "");
    if (!text.failed) {
        evprof_html_escape(&d->s.buf, text.data);
    }
    evprof_buf_free(&text);
}

static void
draw_box(drawing_t *d, const evprof_box_t *box, double left, double width,
         size_t level)
{
    const char *name = name_of(box);
    uint64_t hash = evprof_hash(name, strlen(name), 0);
    size_t top = HEAD + (d->flame->depth - level) * ROW;
    evprof_buf_printf(&d->s.buf, "<g>");
    add_title(d, box);
    evprof_buf_printf(&d->s.buf,
                      "<rect x=\"%.1f\" y=\"%zu\" width=\"%.1f\" "
                      "height=\"%d\" rx=\"1\" fill=\"rgb(%d,%d,%d)\"/>",
                      left, top, width, ROW - 1, (int)(205 + hash % 50),
                      (int)(80 + (hash >> 16) % 150), (int)((hash >> 32) % 55));
    evprof_buf_printf(&d->s.buf, "<text x=\"%.1f\" y=\"%zu\">", left + 3,
                      top + ROW - 5);
    add_label(d, name, width - 4);
    evprof_buf_puts(&d->s.buf, "</text></g>\n");
    evprof_stream_poll(&d->s);
}

/* A box whose children are being drawn. */
typedef struct level {
    uint32_t child; /* the next one */
    double left;    /* of it */
    double unit;    /* pixels for each unit of value */
} level_t;

static level_t
level_of(const evprof_box_t *boxes, uint32_t index, double left, double width)
{
    double whole = fabs((double)boxes[index].flat);
    for (uint32_t i = boxes[index].first_child; i != EVPROF_NO_INDEX;
         i = boxes[i].next) {
        whole += fabs((double)boxes[i].cum);
    }
    double cum = fabs((double)boxes[index].cum);
    return (level_t){ .child = boxes[index].first_child,
                      .left = left,
                      .unit = width / (whole > cum ? whole
                                       : cum > 0   ? cum
                                                   : 1) };
}

/* Draws all boxes, each before those above it. Stacks may be as deep as they
 * like, hence no recursion. */
static void
draw_boxes(drawing_t *d, level_t *levels)
{
    const evprof_box_t *boxes = d->flame->boxes;
    uint32_t root = (uint32_t)d->flame->count - 1;
    size_t depth = 1;
    draw_box(d, &boxes[root], 0, WIDTH, 0);
    levels[0] = level_of(boxes, root, 0, WIDTH);
    while (depth > 0) {
        level_t *level = &levels[depth - 1];
        uint32_t box = level->child;
        if (box == EVPROF_NO_INDEX) {
            depth--;
            continue;
        }
        double left = level->left;
        double width = fabs((double)boxes[box].cum) * level->unit;
        level->child = boxes[box].next;
        level->left += width;
        draw_box(d, &boxes[box], left, width, depth);
        levels[depth++] = level_of(boxes, box, left, width);
    }
}

static int
write_flame_svg(evprof_view_t *view, const evprof_writer_t *out,
                evprof_error_t *err)
{
    evprof_flame_t flame;
    int status = evprof_flame_make(view, NARROWEST, &flame, err);
    if (status != EVPROF_OK) {
        return status;
    }
    level_t *levels = calloc(flame.depth + 2, sizeof(*levels));
    if (levels == NULL) {
        evprof_flame_free(&flame);
        return evprof_fail(err, EVPROF_ENOMEM, "flame: out of memory");
    }
    drawing_t d = { .view = view, .flame = &flame };
    evprof_stream_begin(&d.s, out);
    size_t height = HEAD + (flame.depth + 1) * ROW;
    evprof_buf_printf(&d.s.buf,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                      "viewBox=\"0 0 %.0f %zu\" width=\"%.0f\" height=\"%zu\" "
                      "font-family=\"sans-serif\" font-size=\"11\">\n"
                      "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
                      "<text x=\"3\" y=\"16\" font-size=\"14\">",
                      WIDTH, height, WIDTH, height);
    evprof_html_escape(&d.s.buf, evprof_view_title(view));
    evprof_buf_puts(&d.s.buf, " ");
    evprof_html_escape(&d.s.buf, evprof_view_sample_type(view));
    evprof_buf_puts(&d.s.buf, "</text>\n");
    draw_boxes(&d, levels);
    free(levels);
    evprof_buf_puts(&d.s.buf, "</svg>\n");
    evprof_flame_free(&flame);
    return evprof_stream_end(&d.s);
}

const evprof_report_t evprof_report_flame_svg = {
    .name = "flame_svg",
    .summary = "Flame graph as an SVG image",
    .flags = EVPROF_REPORT_WORDS | EVPROF_REPORT_FILE | EVPROF_REPORT_BINARY |
             EVPROF_REPORT_OURS,
    .suffix = "svg",
    .write = write_flame_svg,
};
