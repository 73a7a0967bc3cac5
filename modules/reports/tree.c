/* SPDX-License-Identifier: Apache-2.0 */
/* Each node with its callers and callees. */
#include "core/report/table.h"

const evprof_report_t evprof_report_tree = {
    .name = "tree",
    .summary = "Every function between its callers and its callees",
    .flags = EVPROF_REPORT_WALKED | EVPROF_REPORT_PLAIN | EVPROF_REPORT_TABLE |
             EVPROF_REPORT_WORDS | EVPROF_REPORT_SORTS | EVPROF_REPORT_FILE,
    .suffix = "",
    .write = evprof_write_tree,
};
