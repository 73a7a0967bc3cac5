/* SPDX-License-Identifier: Apache-2.0 */
/* A flame graph as an SVG image, for documents; titles show on hovering. */
#include <string.h>

#include "core/base/hash.h"
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

struct drawing {
    const evprof_view_t *view;
    const evprof_flame_t *flame;
    evprof_stream_t s;
};

static void
add_escaped(evprof_buf_t *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            evprof_buf_puts(out, "&lt;");
            break;
        case '>':
            evprof_buf_puts(out, "&gt;");
            break;
        case '&':
            evprof_buf_puts(out, "&amp;");
            break;
        case '"':
            evprof_buf_puts(out, "&quot;");
            break;
        default:
            if ((unsigned char)*text < 0x20) {
                evprof_buf_putc(out, ' ');
            } else {
                evprof_buf_putc(out, *text);
            }
        }
    }
}

static const char *
name_of(const evprof_box_t *box)
{
    return box->place == NULL ? "all" : box->place->name;
}

static void
add_title(struct drawing *d, const evprof_box_t *box)
{
    char percent[EVPROF_PERCENT_SIZE];
    evprof_unit_percent(percent, box->cum, evprof_view_total(d->view));
    evprof_buf_puts(&d->s.buf, "<title>");
    add_escaped(&d->s.buf, name_of(box));
    evprof_buf_puts(&d->s.buf, " (");
    evprof_view_print(d->view, &d->s.buf, box->cum);
    evprof_buf_printf(&d->s.buf, ", %s)</title>",
                      percent + strspn(percent, " "));
}

/* The name as far as there is room for it, by characters. */
static void
add_label(struct drawing *d, const char *name, double room)
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
        add_escaped(&d->s.buf, text.data);
    }
    evprof_buf_free(&text);
}

static void
draw_box(struct drawing *d, const evprof_box_t *box, double left, double width,
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

static double
magnitude(int64_t value)
{
    return value < 0 ? -(double)value : (double)value;
}

/* Draws a box and what is above it; the depth is that of the flame. */
static void
draw_tree(struct drawing *d, uint32_t index, double left, double width,
          size_t level)
{
    const evprof_box_t *boxes = d->flame->boxes;
    draw_box(d, &boxes[index], left, width, level);
    double whole = magnitude(boxes[index].flat);
    for (uint32_t i = boxes[index].first_child; i != EVPROF_NO_INDEX;
         i = boxes[i].next) {
        whole += magnitude(boxes[i].cum);
    }
    double cum = magnitude(boxes[index].cum);
    double unit = width / (whole > cum ? whole : cum > 0 ? cum : 1);
    for (uint32_t i = boxes[index].first_child; i != EVPROF_NO_INDEX;
         i = boxes[i].next) {
        double part = magnitude(boxes[i].cum) * unit;
        draw_tree(d, i, left, part, level + 1);
        left += part;
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
    struct drawing d = { .view = view, .flame = &flame };
    evprof_stream_begin(&d.s, out);
    size_t height = HEAD + (flame.depth + 1) * ROW;
    evprof_buf_printf(&d.s.buf,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                      "viewBox=\"0 0 %.0f %zu\" width=\"%.0f\" height=\"%zu\" "
                      "font-family=\"sans-serif\" font-size=\"11\">\n"
                      "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
                      "<text x=\"3\" y=\"16\" font-size=\"14\">",
                      WIDTH, height, WIDTH, height);
    add_escaped(&d.s.buf, evprof_view_title(view));
    evprof_buf_puts(&d.s.buf, " ");
    add_escaped(&d.s.buf, evprof_view_sample_type(view));
    evprof_buf_puts(&d.s.buf, "</text>\n");
    draw_tree(&d, (uint32_t)flame.count - 1, 0, WIDTH, 0);
    evprof_buf_puts(&d.s.buf, "</svg>\n");
    evprof_flame_free(&flame);
    return evprof_stream_end(&d.s);
}

const evprof_report_t evprof_report_flame_svg = {
    .name = "flame_svg",
    .summary = "Outputs a flame graph as an SVG image",
    .flags = EVPROF_REPORT_WORDS | EVPROF_REPORT_FILE | EVPROF_REPORT_BINARY |
             EVPROF_REPORT_OURS,
    .suffix = "svg",
    .write = write_flame_svg,
};
