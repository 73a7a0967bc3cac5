/* SPDX-License-Identifier: Apache-2.0 */
/* The call graph in GNOME's document viewer. */
#include "core/report/dot.h"

static const evprof_viewer_t viewers[] = {
    { .command = "evince" },
    { .command = NULL },
};

static int
write_evince(evprof_view_t *view, const evprof_writer_t *out,
             evprof_error_t *err)
{
    return evprof_write_image(view, "pdf", out, err);
}

const evprof_report_t evprof_report_evince = {
    .name = "evince",
    .summary = "Call graph, opened in the document viewer evince",
    .flags = EVPROF_REPORT_DRAWING | EVPROF_REPORT_WORDS,
    .suffix = "pdf",
    .viewers = viewers,
    .write = write_evince,
};
