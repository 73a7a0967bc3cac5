/* SPDX-License-Identifier: Apache-2.0 */
/* The profile's comments, one a line. */
#include "core/base/stream.h"
#include "core/report/report.h"

static int
write_comments(evprof_view_t *view, const evprof_writer_t *out,
               evprof_error_t *err)
{
    (void)err;
    const evprof_pprof_t *p = evprof_view_profile(view);
    evprof_stream_t s;
    evprof_stream_begin(&s, out);
    for (size_t i = 0; i < p->comment_count; i++) {
        evprof_buf_printf(&s.buf, "%s\n", p->comments[i]);
    }
    return evprof_stream_end(&s);
}

const evprof_report_t evprof_report_comments = {
    .name = "comments",
    .summary = "The profile's comments, one a line",
    .flags = EVPROF_REPORT_PLAIN,
    .suffix = "",
    .write = write_comments,
};
