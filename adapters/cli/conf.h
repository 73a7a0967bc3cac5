/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_CONF_H
#define EVPROF_CLI_CONF_H

#include <stdbool.h>

/*
 * Does what -t, -T and -directives ask for; false when none of them is the
 * first argument. `exit_status` is nginx's: 0, or 1 for a bad file or a bad
 * call.
 */
bool cli_conf(int argc, char **argv, int *exit_status);

/* Whether a program can be configured by that file; what is wrong with it goes
 * to stderr. */
bool cli_conf_is_good(const char *file);

#endif
