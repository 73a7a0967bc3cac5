/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_HELP_H
#define EVPROF_CLI_HELP_H

/* Help, made from the tables of reports, options, flags and shell commands. */

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"

/*
 * What `-help` prints to standard output: NULL is one screen of what the tool
 * is and how it is called, "all" describes everything, any other name is that
 * of a report, an option, one of its choices, or a flag. False for a name that
 * means nothing, after two lines that say so.
 */
bool cli_help(const char *name);

/* Appends the shell's commands, each with a line on it. */
void cli_help_shell(evprof_buf_t *out);

/* Appends all that is known of one name; `p` (may be NULL) tells which sample
 * types there are. False when nothing has that name. */
bool cli_help_on(evprof_buf_t *out, const char *name, const evprof_pprof_t *p);

#endif
