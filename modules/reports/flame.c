/* SPDX-License-Identifier: Apache-2.0 */
/* A flame graph and the table beside it as one page that needs nothing else:
 * the web UI's own, with its data in it. */
#include "core/report/one_file.h"

#include "core/base/error.h"

extern const char evprof_web_file[];
extern const char evprof_web_script[];
extern const char evprof_web_style[];

static int
write_flame(evprof_view_t *view, const evprof_writer_t *out,
            evprof_error_t *err)
{
    const evprof_one_file_t files = { .page = evprof_web_file,
                                      .style = evprof_web_style,
                                      .script = evprof_web_script };
    const evprof_pprof_t *p = evprof_view_profile(view);
    evprof_stacks_t *stacks;
    evprof_buf_t page = { 0 };
    int status = evprof_stacks_make(view, p, &stacks, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = evprof_one_file_write(&files, stacks, p, &page, err);
    evprof_stacks_free(stacks);
    if (status == EVPROF_OK) {
        status = evprof_buf_write(&page, out);
    }
    evprof_buf_free(&page);
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
