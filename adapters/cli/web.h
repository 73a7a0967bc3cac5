/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_WEB_H
#define EVPROF_CLI_WEB_H

#include "adapters/cli/cli.h"

/* Serves what was loaded, which is used up, where -http says, until a signal
 * ends it. */
int cli_serve(cli_t *cli, cli_profiles_t *loaded, evprof_error_t *err);

#endif
