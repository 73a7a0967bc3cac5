/* SPDX-License-Identifier: Apache-2.0 */
/* The call graph as an image in PS format. */
#include "core/report/dot.h"

static int
write_ps(evprof_view_t *view, const evprof_writer_t *out, evprof_error_t *err)
{
    return evprof_write_image(view, "ps", out, err);
}

const evprof_report_t evprof_report_ps = {
    .name = "ps",
    .summary = "Call graph as a PostScript document",
    .flags = EVPROF_REPORT_DRAWING | EVPROF_REPORT_BINARY |
             EVPROF_REPORT_WORDS | EVPROF_REPORT_FILE,
    .suffix = "ps",
    .write = write_ps,
};
