/* SPDX-License-Identifier: Apache-2.0 */
/* The call graph in the PostScript viewer gv. */
#include "core/report/dot.h"

static const evprof_viewer_t viewers[] = {
    { .command = "gv --noantialias" },
    { .command = NULL },
};

static int
write_gv(evprof_view_t *view, const evprof_writer_t *out, evprof_error_t *err)
{
    return evprof_write_image(view, "ps", out, err);
}

const evprof_report_t evprof_report_gv = {
    .name = "gv",
    .summary = "Call graph, opened in the PostScript viewer gv",
    .flags = EVPROF_REPORT_DRAWING | EVPROF_REPORT_WORDS,
    .suffix = "ps",
    .viewers = viewers,
    .write = write_gv,
};
