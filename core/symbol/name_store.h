/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_NAME_STORE_H
#define EVPROF_SYMBOL_NAME_STORE_H

/*
 * Answers on disk, one file a build id, so that a profile that is looked at
 * again needs no debug information read. The folder must be the user's own and
 * closed to others; it may be deleted at any time.
 */

#include <stdbool.h>

#include "core/symbol/symbol_cache.h"

/* All files together take no more than this; the oldest go first. */
#define EVPROF_NAME_STORE_BYTES ((uint64_t)256 << 20)

/* Whether it may be part of a file's name: hex digits, as many as ids have. */
bool evprof_build_id_is_plain(const char *build_id);

/*
 * Adds what is stored in `folder` for a build id to `file`. `origin` tells
 * which files the answers were read from; answers from others are left out.
 * Nothing there is no failure. EVPROF_ENOMEM.
 */
int evprof_name_store_load(const char *folder, const char *build_id,
                           const char *origin, evprof_symbol_file_t *file);

/* Stores all answers of `file`, if it can; makes the folder. */
void evprof_name_store_save(const char *folder, const char *build_id,
                            const char *origin,
                            const evprof_symbol_file_t *file);

#endif
