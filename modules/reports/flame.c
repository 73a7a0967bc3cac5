/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flame graph as one page that needs nothing else: the template flame.html
 * with the boxes as data and flame.js in it.
 */
#include "core/report/flame.h"

#include <string.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/stream.h"
#include "core/base/unit.h"

extern const char evprof_flame_page[];
extern const char evprof_flame_script[];

/* Narrower boxes than this share of all are not drawn: a tenth of a pixel on a
 * wide screen, and still visible after a few clicks. */
#define NARROWEST 0.00005

static const char data_mark[] = "@DATA@";
static const char script_mark[] = "@SCRIPT@";

static void
write_names(evprof_stream_t *s, const evprof_graph_t *g)
{
    size_t count;
    const evprof_node_t *places = evprof_graph_places(g, &count);
    evprof_buf_puts(&s->buf, "\"names\":[");
    for (size_t i = 0; i < count; i++) {
        evprof_buf_puts(&s->buf, i > 0 ? "," : "");
        evprof_json_string(&s->buf, places[i].info.name[0] != '\0'
                                        ? places[i].info.name
                                        : places[i].name);
        evprof_stream_poll(s);
    }
    evprof_buf_puts(&s->buf, "],\n");
}

static int64_t
signed_index(uint32_t index)
{
    return index == EVPROF_NO_INDEX ? -1 : (int64_t)index;
}

static void
write_boxes(evprof_stream_t *s, const evprof_flame_t *flame)
{
    size_t count;
    const evprof_node_t *places = evprof_graph_places(flame->places, &count);
    evprof_buf_puts(&s->buf, "\"boxes\":[");
    for (size_t i = 0; i < flame->count; i++) {
        const evprof_box_t *box = &flame->boxes[i];
        long long name = box->place == NULL ? -1 : box->place - places;
        evprof_buf_printf(&s->buf, "%s[%lld,%lld,%lld,%lld,%lld]",
                          i > 0 ? "," : "", name, (long long)box->flat,
                          (long long)box->cum,
                          (long long)signed_index(box->first_child),
                          (long long)signed_index(box->next));
        evprof_stream_poll(s);
    }
    evprof_buf_puts(&s->buf, "]");
}

static void
write_data(evprof_stream_t *s, const evprof_view_t *view,
           const evprof_flame_t *flame)
{
    evprof_labels_t labels = { 0 };
    evprof_view_profile_labels(view, &labels);
    const char *unit;
    int64_t total = evprof_view_total(view);
    double scaled = evprof_unit_scale(total, evprof_view_sample_unit(view),
                                      evprof_view_output_unit(view), &unit);
    evprof_buf_t *out = &s->buf;
    evprof_buf_puts(out, "{");
    evprof_json_member(out, "title", evprof_view_title(view));
    evprof_buf_puts(out, ",");
    evprof_json_member(out, "type", evprof_view_sample_type(view));
    evprof_buf_puts(out, ",");
    evprof_json_member(out, "labels",
                       labels.text.len > 0 ? labels.text.data : "");
    evprof_buf_puts(out, ",");
    evprof_json_member(out, "unit", unit);
    evprof_buf_printf(
        out, ",\"total\":%lld,\"scale\":%.17g,\n",
        (long long)(total == 0 ? 1 : total),
        total == 0 ? 1 : scaled / (double)total * evprof_view_ratio(view));
    evprof_buf_free(&labels.text);
    write_names(s, flame->places);
    write_boxes(s, flame);
    evprof_buf_puts(out, "}");
}

static int
write_page(const evprof_view_t *view, const evprof_flame_t *flame,
           const evprof_writer_t *out)
{
    evprof_stream_t s;
    evprof_stream_begin(&s, out);
    const char *data = strstr(evprof_flame_page, data_mark);
    const char *script = strstr(evprof_flame_page, script_mark);
    evprof_buf_add(&s.buf, evprof_flame_page,
                   (size_t)(data - evprof_flame_page));
    write_data(&s, view, flame);
    data += sizeof(data_mark) - 1;
    evprof_buf_add(&s.buf, data, (size_t)(script - data));
    evprof_buf_puts(&s.buf, evprof_flame_script);
    evprof_buf_puts(&s.buf, script + sizeof(script_mark) - 1);
    return evprof_stream_end(&s);
}

static int
write_flame(evprof_view_t *view, const evprof_writer_t *out,
            evprof_error_t *err)
{
    evprof_flame_t flame;
    int status = evprof_flame_make(view, NARROWEST, &flame, err);
    if (status == EVPROF_OK) {
        status = write_page(view, &flame, out);
        evprof_flame_free(&flame);
    }
    return status;
}

const evprof_report_t evprof_report_flame = {
    .name = "flame",
    .summary = "Flame graph as one HTML page",
    .flags = EVPROF_REPORT_WORDS | EVPROF_REPORT_FILE | EVPROF_REPORT_BINARY |
             EVPROF_REPORT_OURS,
    .suffix = "html",
    .write = write_flame,
};
