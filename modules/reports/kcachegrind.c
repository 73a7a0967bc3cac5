/* SPDX-License-Identifier: Apache-2.0 */
/* The call graph in KCachegrind. */
#include "core/report/callgrind.h"

static const evprof_viewer_t viewers[] = {
    { .command = "kcachegrind" },
    { .command = NULL },
};

const evprof_report_t evprof_report_kcachegrind = {
    .name = "kcachegrind",
    .summary = "Call graph, opened in KCachegrind",
    .flags = EVPROF_REPORT_WALKED | EVPROF_REPORT_PLAIN | EVPROF_REPORT_WORDS |
             EVPROF_REPORT_ADDRESSES | EVPROF_REPORT_UNTRIMMED |
             EVPROF_REPORT_OBJECTS | EVPROF_REPORT_INTEGERS,
    .suffix = "grind",
    .viewers = viewers,
    .write = evprof_write_callgrind,
};
