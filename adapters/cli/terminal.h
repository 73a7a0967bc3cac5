/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_TERMINAL_H
#define EVPROF_CLI_TERMINAL_H

#include "core/report/report.h"

/* Writes a view to standard output, which is a terminal: without anything that
 * could steer it, tables cut to its width, and in colours unless NO_COLOR or
 * TERM=dumb say otherwise. */
int cli_terminal_write(evprof_view_t *view, evprof_error_t *err);

/* Leaves no colour on, after a report that was stopped. */
void cli_terminal_reset(void);

#endif
