/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ACCESS_CACHE_H
#define EVPROF_ACCESS_CACHE_H

#include <stdbool.h>

#include "core/conf/source.h"

/*
 * Which credentials were right, and for which state of which file: a password
 * hash is made to be slow, and a scraper sends the same one every ten seconds.
 * Belongs to the process, as the credentials do. MT-Safe.
 */

/* Whether `authorization` was right for the file as it is now. */
bool evprof_cache_has(const char *path, const char *authorization);

/* Remembers that it was right when the file was `id`. */
void evprof_cache_add(const evprof_file_id_t *id, const char *authorization);

#endif
