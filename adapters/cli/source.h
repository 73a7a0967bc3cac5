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

/* True for the first bytes of a perf.data file. */
bool cli_is_perf_data(const void *data, size_t len);

/* Reads such a file through perf. The message says what to do where that cannot
 * be. MT-Safe. */
int cli_perf_data_read(const char *file, evprof_pprof_t **out,
                       evprof_error_t *err);

#endif
