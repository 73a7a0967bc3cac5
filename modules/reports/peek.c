/* SPDX-License-Identifier: Apache-2.0 */
/* Callers and callees of the nodes that match an expression, all of them. */
#include "core/report/table.h"

const evprof_report_t evprof_report_peek = {
    .name = "peek",
    .summary = "Who calls a function, and whom it calls",
    .flags = EVPROF_REPORT_WALKED | EVPROF_REPORT_PLAIN | EVPROF_REPORT_TABLE |
             EVPROF_REPORT_PARAM | EVPROF_REPORT_UNTRIMMED,
    .suffix = "",
    .write = evprof_write_tree,
};
