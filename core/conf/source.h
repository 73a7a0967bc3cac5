/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CONF_SOURCE_H
#define EVPROF_CONF_SOURCE_H

#include <stdint.h>
#include <sys/stat.h>

#include "core/base/buf.h"

/* Identifies a file, by whatever path it is named, and its state. */
typedef struct evprof_file_id {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    int64_t changed_ns; /* when content or attributes last changed */
} evprof_file_id_t;

/* Fills in the identity, which is another one after a change of the file. */
void evprof_file_id_of(const struct stat *st, evprof_file_id_t *out);

/*
 * Opens a regular file, without waiting; the caller closes `fd`. Refuses one
 * whose size is known to be above `max_bytes`. `id` may be NULL. NULL, or a
 * fragment as below.
 */
const char *evprof_source_open(const char *path, size_t max_bytes, int *fd,
                               evprof_file_id_t *id);

/*
 * Appends a regular file of at most `max_bytes` to `out`, which the caller
 * frees; `id` may be NULL. Returns NULL, or a sentence fragment that completes
 * "FILE ..." such as "is a directory"; it lives in static memory. Never waits
 * for a writer of a FIFO and never reads more than `max_bytes` + 1.
 */
const char *evprof_source_read(const char *path, size_t max_bytes,
                               evprof_buf_t *out, evprof_file_id_t *id);

#endif
