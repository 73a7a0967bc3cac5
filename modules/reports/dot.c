/* SPDX-License-Identifier: Apache-2.0 */
/* The call graph in the DOT language. */
#include "core/report/dot.h"

const evprof_report_t evprof_report_dot = {
    .name = "dot",
    .summary = "Call graph in the language of Graphviz",
    .flags = EVPROF_REPORT_DRAWING | EVPROF_REPORT_WORDS | EVPROF_REPORT_FILE,
    .suffix = "",
    .write = evprof_write_dot,
};
