/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_TRACE_H
#define EVPROF_CLI_TRACE_H

#include "adapters/cli/cli.h"

/* What -trace does: an execution trace as text, or as a profile for all other
 * reports. */

/* Writes what people look for in the trace to where -output says. */
int cli_trace_show(const cli_t *cli, evprof_error_t *err);

/* The profile that -pprof asks for. */
int cli_trace_profile(const cli_t *cli, evprof_pprof_t **out,
                      evprof_error_t *err);

#endif
