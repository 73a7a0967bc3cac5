/* SPDX-License-Identifier: Apache-2.0 */
/* The call graph as an SVG image that can be panned and zoomed. */
#include "core/report/dot.h"

const evprof_report_t evprof_report_svg = {
    .name = "svg",
    .summary = "Call graph as an SVG image that pans and zooms",
    .flags = EVPROF_REPORT_DRAWING | EVPROF_REPORT_BINARY |
             EVPROF_REPORT_WORDS | EVPROF_REPORT_FILE,
    .suffix = "svg",
    .write = evprof_write_svg,
};
