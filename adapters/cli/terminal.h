/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_TERMINAL_H
#define EVPROF_CLI_TERMINAL_H

#include "core/report/report.h"

/* True when standard output is a terminal that shows colours; NO_COLOR and
 * TERM=dumb say that it does not. */
bool cli_terminal_is_used(void);

/* Writes a view for people: cut to the width of the terminal, and coloured. */
int cli_terminal_write(evprof_view_t *view, evprof_error_t *err);

#endif
