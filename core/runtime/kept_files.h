/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_KEPT_FILES_H
#define EVPROF_RUNTIME_KEPT_FILES_H

#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>

/*
 * Files of one prefix in a folder, never more and never larger in all than what
 * is allowed, also while other threads and processes write there: the oldest
 * ones, by their names, go before a new one comes. Two prefixes of a folder
 * must not begin alike.
 */
typedef struct evprof_kept_files {
    const char *folder; /* as for evprof_own_folder_open() */
    const char *prefix;
    long max_files;
    int64_t max_bytes;
} evprof_kept_files_t;

/* Writes `prefix``name`, whole or not at all, for its owner only. Any thread;
 * it may wait two seconds for another writer. EVPROF_ELIMIT: it is larger than
 * all may be; EVPROF_EIO: also a folder that other users may write to. */
int evprof_kept_files_write(const evprof_kept_files_t *files, const char *name,
                            const void *data, size_t len, evprof_error_t *err);

#endif
