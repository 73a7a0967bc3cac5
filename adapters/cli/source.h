/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_SOURCE_H
#define EVPROF_CLI_SOURCE_H

#include "adapters/cli/cli.h"

/*
 * Reads one source: "-", a file or a pipe; URLs are remote.h's. MT-Safe. The
 * message says what is wrong, not with which source.
 */
int cli_source_read(const cli_t *cli, const char *source, evprof_pprof_t **out,
                    evprof_error_t *err);

#endif
