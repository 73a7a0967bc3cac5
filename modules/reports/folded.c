/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line a sample: its frames from the root, separated by semicolons, and its
 * value; what flame graph scripts read. Equal stacks may come more than once.
 */
#include <string.h>

#include "core/base/stream.h"
#include "core/report/report.h"

/* A semicolon or a newline in a name would end the frame there. */
static void
add_frame(evprof_buf_t *out, const char *name)
{
    size_t len = strcspn(name, ";\n");
    if (name[len] == '\0') {
        evprof_buf_add(out, name, len);
        return;
    }
    for (; *name != '\0'; name++) {
        if (*name == ';' || *name == '\n') {
            evprof_buf_putc(out, ':');
        } else {
            evprof_buf_putc(out, *name);
        }
    }
}

static void
write_stack(evprof_buf_t *out, const evprof_graph_t *g,
            const evprof_sample_t *s)
{
    const char *gap = "";
    for (uint32_t i = s->location_count; i-- > 0;) {
        size_t count;
        evprof_node_t *const *nodes =
            evprof_graph_location(g, s->locations[i], &count);
        while (count-- > 0) {
            evprof_buf_puts(out, gap);
            add_frame(out, nodes[count]->name);
            gap = ";";
        }
    }
}

static int
write_folded(evprof_view_t *view, const evprof_writer_t *out,
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
    for (size_t i = 0; i < p->sample_count; i++) {
        int64_t value = evprof_view_value(view, &p->samples[i]);
        if (value == 0 || p->samples[i].location_count == 0) {
            continue;
        }
        write_stack(&s.buf, g, &p->samples[i]);
        evprof_buf_putc(&s.buf, ' ');
        evprof_buf_put_int(&s.buf, value);
        evprof_buf_putc(&s.buf, '\n');
        evprof_stream_poll(&s);
    }
    evprof_graph_free(g);
    return evprof_stream_end(&s);
}

const evprof_report_t evprof_report_folded = {
    .name = "folded",
    .summary = "Folded stacks: frames from the root, and a number",
    .flags = EVPROF_REPORT_WORDS | EVPROF_REPORT_FILE | EVPROF_REPORT_OURS,
    .suffix = "",
    .write = write_folded,
};
