/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_NAME_STORE_H
#define EVPROF_SYMBOL_NAME_STORE_H

/*
 * Answers stored on disk, one file for each build id, so that looking at a
 * profile again reads no debug information. The folder must belong to the user
 * and be closed to others; it may be deleted at any time.
 */

#include <stdbool.h>

#include "core/symbol/symbol_cache.h"

/* The files together take at most this much; the oldest are deleted first. */
#define EVPROF_NAME_STORE_BYTES ((uint64_t)256 << 20)

/* Whether the build id is safe as a file name: hex digits, of a plausible
 * number. */
bool evprof_build_id_is_plain(const char *build_id);

/*
 * Adds to `file` the answers stored in `folder` for a build id. `origin` names
 * the files that answers must have been read from; others are ignored. It is
 * not an error that there are none. EVPROF_ENOMEM.
 */
int evprof_name_store_load(const char *folder, const char *build_id,
                           const char *origin, evprof_symbol_file_t *file);

/* Stores all answers of `file`, and makes the folder; failures are ignored. */
void evprof_name_store_save(const char *folder, const char *build_id,
                            const char *origin,
                            const evprof_symbol_file_t *file);

#endif
