/* SPDX-License-Identifier: Apache-2.0 */
/* Machine code with the weights of its addresses: a place kept for it. */
#include "core/base/error.h"
#include "core/report/report.h"

static int
write_disasm(evprof_view_t *view, const evprof_writer_t *out,
             evprof_error_t *err)
{
    (void)view;
    (void)out;
    return evprof_fail(
        err, EVPROF_ENOTSUP,
        "disasm needs a disassembler, which this version does not "
        "have yet; use list for source lines");
}

const evprof_report_t evprof_report_disasm = {
    .name = "disasm",
    .summary = "Machine code with the weight of each instruction",
    .flags = EVPROF_REPORT_PARAM | EVPROF_REPORT_ADDRESSES |
             EVPROF_REPORT_UNTRIMMED | EVPROF_REPORT_OBJECTS,
    .suffix = "",
    .write = write_disasm,
};
