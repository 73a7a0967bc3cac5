/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CONF_SOURCE_H
#define EVPROF_CONF_SOURCE_H

#include <stdint.h>

#include "core/base/buf.h"

/* Which file it is, whatever path names it. */
typedef struct evprof_file_id {
    uint64_t device;
    uint64_t inode;
} evprof_file_id_t;

/*
 * Appends a regular file of at most `max_bytes` to `out`, which the caller
 * frees; `id` may be NULL. Returns NULL, or a sentence fragment that completes
 * "FILE ..." such as "is a directory"; it lives in static memory. Never waits
 * for a writer of a FIFO and never reads more than `max_bytes` + 1.
 */
const char *evprof_source_read(const char *path, size_t max_bytes,
                               evprof_buf_t *out, evprof_file_id_t *id);

#endif
