/* SPDX-License-Identifier: Apache-2.0 */
/* The samples in the JSON that the viewer speedscope reads. */
#include <string.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/stream.h"
#include "core/base/unit.h"
#include "core/report/report.h"

static const char schema[] =
    "https://www.speedscope.app/file-format-schema.json";

/* The names that the format has for units. */
static const char *
unit_name(const char *unit)
{
    static const struct {
        const char *base;
        const char *name;
    } units[] = { { "nanoseconds", "nanoseconds" }, { "bytes", "bytes" } };
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (evprof_unit_compatible(unit, units[i].base)) {
            return units[i].name;
        }
    }
    return "none";
}

static void
write_frames(evprof_stream_t *s, const evprof_graph_t *g)
{
    size_t count;
    const evprof_node_t *places = evprof_graph_places(g, &count);
    evprof_buf_puts(&s->buf, "\"shared\":{\"frames\":[");
    for (size_t i = 0; i < count; i++) {
        evprof_buf_puts(&s->buf, i > 0 ? ",\n{" : "\n{");
        evprof_json_member(&s->buf, "name",
                           places[i].info.name[0] != '\0' ? places[i].info.name
                                                          : places[i].name);
        if (places[i].info.file[0] != '\0') {
            evprof_buf_putc(&s->buf, ',');
            evprof_json_member(&s->buf, "file", places[i].info.file);
        }
        if (places[i].info.line != 0) {
            evprof_buf_printf(&s->buf, ",\"line\":%lld",
                              (long long)places[i].info.line);
        }
        evprof_buf_putc(&s->buf, '}');
        evprof_stream_poll(s);
    }
    evprof_buf_puts(&s->buf, "]},\n");
}

static void
write_samples(evprof_stream_t *s, const evprof_graph_t *g,
              const evprof_view_t *view)
{
    const evprof_pprof_t *p = evprof_view_profile(view);
    size_t place_count;
    const evprof_node_t *places = evprof_graph_places(g, &place_count);
    evprof_buf_puts(&s->buf, "\"samples\":[");
    for (size_t i = 0; i < p->sample_count; i++) {
        const char *gap = i > 0 ? ",\n[" : "\n[";
        for (uint32_t j = p->samples[i].location_count; j-- > 0;) {
            size_t count;
            evprof_node_t *const *nodes =
                evprof_graph_location(g, p->samples[i].locations[j], &count);
            while (count-- > 0) {
                evprof_buf_puts(&s->buf, gap);
                evprof_buf_put_uint(&s->buf, (size_t)(nodes[count] - places));
                gap = ",";
            }
        }
        evprof_buf_puts(&s->buf, gap[0] == ',' && gap[1] == '\0' ? "]"
                                 : i > 0                         ? ",\n[]"
                                                                 : "\n[]");
        evprof_stream_poll(s);
    }
    evprof_buf_puts(&s->buf, "]");
}

/* Weights in the unit that is written; none may be negative there. */
static double
weight_of(const evprof_view_t *view, const evprof_sample_t *s)
{
    const char *unit = evprof_view_sample_unit(view);
    const char *name = unit_name(unit);
    int64_t value = evprof_view_value(view, s);
    return strcmp(name, "none") == 0
               ? (double)value
               : evprof_unit_scale(value, unit, name, NULL);
}

static int
write_speedscope(evprof_view_t *view, const evprof_writer_t *out,
                 evprof_error_t *err)
{
    const evprof_pprof_t *p = evprof_view_profile(view);
    evprof_graph_t *g;
    int status = evprof_graph_new_places(p, &g, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_stream_t s;
    evprof_stream_begin(&s, out);
    evprof_buf_printf(
        &s.buf, "{\"$schema\":\"%s\",\n\"exporter\":\"evprof\",\n", schema);
    write_frames(&s, g);
    evprof_buf_puts(&s.buf, "\"profiles\":[{\"type\":\"sampled\",");
    evprof_json_member(&s.buf, "name", evprof_view_sample_type(view));
    evprof_buf_printf(&s.buf, ",\"unit\":\"%s\",\n",
                      unit_name(evprof_view_sample_unit(view)));
    write_samples(&s, g, view);
    double end = 0;
    evprof_buf_puts(&s.buf, ",\n\"weights\":[");
    for (size_t i = 0; i < p->sample_count; i++) {
        double weight = weight_of(view, &p->samples[i]);
        evprof_buf_printf(&s.buf, "%s%.17g", i > 0 ? "," : "", weight);
        end += weight;
        evprof_stream_poll(&s);
    }
    evprof_buf_printf(&s.buf, "],\n\"startValue\":0,\"endValue\":%.17g}]}\n",
                      end);
    evprof_graph_free(g);
    return evprof_stream_end(&s);
}

const evprof_report_t evprof_report_speedscope = {
    .name = "speedscope",
    .summary = "Samples in the file format of speedscope",
    .flags = EVPROF_REPORT_WORDS | EVPROF_REPORT_FILE | EVPROF_REPORT_FILES |
             EVPROF_REPORT_OURS,
    .suffix = "",
    .write = write_speedscope,
};
