/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_CALLGRIND_H
#define EVPROF_REPORT_CALLGRIND_H

#include "core/report/report.h"

/* Writes the view's graph in the format of callgrind's output files. */
int evprof_write_callgrind(evprof_view_t *view, const evprof_writer_t *out,
                           evprof_error_t *err);

#endif
