/* SPDX-License-Identifier: Apache-2.0 */
/* Another name of top, as pprof has it. */
#include "core/report/table.h"

const evprof_report_t evprof_report_text = {
    .name = "text",
    .summary = "Heaviest functions, one a line; the same as top",
    .flags = EVPROF_REPORT_PLAIN | EVPROF_REPORT_TABLE |
             EVPROF_REPORT_ALL_NODES | EVPROF_REPORT_WORDS |
             EVPROF_REPORT_SORTS | EVPROF_REPORT_FILE,
    .suffix = "",
    .write = evprof_write_text,
};
