/* SPDX-License-Identifier: Apache-2.0 */
/* The heaviest nodes, one a line. */
#include "core/report/table.h"

const evprof_report_t evprof_report_top = {
    .name = "top",
    .summary = "Heaviest functions, one a line",
    .flags = EVPROF_REPORT_PLAIN | EVPROF_REPORT_TABLE |
             EVPROF_REPORT_ALL_NODES | EVPROF_REPORT_WORDS |
             EVPROF_REPORT_SORTS | EVPROF_REPORT_FILE,
    .suffix = "",
    .write = evprof_write_text,
};
