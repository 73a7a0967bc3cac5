/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ACCESS_CACHE_H
#define EVPROF_ACCESS_CACHE_H

#include <stdbool.h>

#include "core/conf/source.h"

/*
 * Remembers which credentials were right for which state of which file: a
 * password hash is slow by design, and a scraper sends the same password every
 * ten seconds. One cache for the process, as the files are. MT-Safe.
 */

/* Whether `authorization` was right for the file's present state. */
bool evprof_cache_has(const char *path, const char *authorization);

/* Remembers that `authorization` was right for the state `id` of the file. */
void evprof_cache_add(const evprof_file_id_t *id, const char *authorization);

#endif
