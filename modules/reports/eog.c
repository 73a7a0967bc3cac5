/* SPDX-License-Identifier: Apache-2.0 */
/* The call graph in GNOME's image viewer. */
#include "core/report/dot.h"

static const evprof_viewer_t viewers[] = {
    { .command = "eog" },
    { .command = NULL },
};

static int
write_eog(evprof_view_t *view, const evprof_writer_t *out, evprof_error_t *err)
{
    return evprof_write_image(view, "svg", out, err);
}

const evprof_report_t evprof_report_eog = {
    .name = "eog",
    .summary = "Call graph, opened in the image viewer eog",
    .flags = EVPROF_REPORT_DRAWING | EVPROF_REPORT_WORDS,
    .suffix = "svg",
    .viewers = viewers,
    .write = write_eog,
};
