/* SPDX-License-Identifier: Apache-2.0 */
/* The call graph as a file for KCachegrind and its kin. */
#include "core/report/callgrind.h"

const evprof_report_t evprof_report_callgrind = {
    .name = "callgrind",
    .summary = "Callgrind file, for KCachegrind and callgrind_annotate",
    .flags = EVPROF_REPORT_WALKED | EVPROF_REPORT_PLAIN | EVPROF_REPORT_WORDS |
             EVPROF_REPORT_FILE | EVPROF_REPORT_ADDRESSES |
             EVPROF_REPORT_UNTRIMMED | EVPROF_REPORT_OBJECTS |
             EVPROF_REPORT_INTEGERS | EVPROF_REPORT_BINARY,
    .suffix = "callgraph.out",
    .write = evprof_write_callgrind,
};
