/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_FILE_SD_H
#define EVPROF_FETCH_FILE_SD_H

#include <stdbool.h>

#include "adapters/fetch/sources.h"

/* True when `text` begins as file_sd JSON does, a list of groups; "[::1]:80" is
 * a source. */
bool evprof_file_sd_is(const char *text);

/*
 * Reads the groups of `text`, which came from `path`: a source for each target.
 * What is returned lives in `arena`. EVPROF_EPARSE with "file:line: ..." or
 * what is wrong with which target; EVPROF_ENOMEM.
 */
int evprof_file_sd_read(const char *path, const char *text,
                        evprof_arena_t *arena, evprof_source_line_t **out,
                        size_t *count, evprof_error_t *err);

#endif
