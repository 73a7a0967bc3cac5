/* SPDX-License-Identifier: Apache-2.0 */
/* The call graph in a browser. */
#include "core/report/dot.h"

const evprof_report_t evprof_report_web = {
    .name = "web",
    .summary = "Call graph, opened in a browser",
    .flags =
        EVPROF_REPORT_DRAWING | EVPROF_REPORT_WORDS | EVPROF_REPORT_BROWSER,
    .suffix = "svg",
    .write = evprof_write_svg,
};
