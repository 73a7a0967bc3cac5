/* SPDX-License-Identifier: Apache-2.0 */
/* Source and machine code as a page: a place kept for it. */
#include "core/base/error.h"
#include "core/report/report.h"

static int
write_weblist(evprof_view_t *view, const evprof_writer_t *out,
              evprof_error_t *err)
{
    (void)view;
    (void)out;
    return evprof_fail(
        err, EVPROF_ENOTSUP,
        "weblist needs a disassembler, which this version does not "
        "have yet; use list for source lines");
}

const evprof_report_t evprof_report_weblist = {
    .name = "weblist",
    .summary = "Source and machine code as a page, opened in a browser",
    .flags = EVPROF_REPORT_PARAM | EVPROF_REPORT_ADDRESSES |
             EVPROF_REPORT_UNTRIMMED | EVPROF_REPORT_OBJECTS |
             EVPROF_REPORT_BROWSER,
    .suffix = "html",
    .write = write_weblist,
};
