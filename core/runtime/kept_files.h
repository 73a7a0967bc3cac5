/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_KEPT_FILES_H
#define EVPROF_RUNTIME_KEPT_FILES_H

#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>

/*
 * Files of one prefix in a folder, never more and never larger in all than what
 * is allowed: the oldest ones, by their names, go before a new one comes.
 */
typedef struct evprof_kept_files {
    const char *folder; /* made if its parent is there */
    const char *prefix;
    long max_files;
    int64_t max_bytes;
} evprof_kept_files_t;

/* Writes `prefix``name`, whole or not at all. EVPROF_ELIMIT: it is larger than
 * all may be; EVPROF_EIO, EVPROF_ENOMEM. */
int evprof_kept_files_write(const evprof_kept_files_t *files, const char *name,
                            const void *data, size_t len, evprof_error_t *err);

#endif
