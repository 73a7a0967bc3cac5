/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ACCESS_SECRET_H
#define EVPROF_ACCESS_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "core/conf/source.h"

/*
 * Memory for passwords and values computed from them: pages of their own that
 * are left out of core dumps (MADV_DONTDUMP) and overwritten before they are
 * freed.
 */
typedef struct evprof_secret {
    char *data; /* zeroed at first */
    size_t len; /* bytes in use, set by the holder */
    size_t size;
} evprof_secret_t;

/* Allocates at least `size` bytes; false: out of memory. */
bool evprof_secret_init(evprof_secret_t *secret, size_t size);

/* Overwrites and frees the memory; does nothing when there is none. */
void evprof_secret_fini(evprof_secret_t *secret);

/*
 * Reads a regular file of at most `max_bytes` into a secret and adds a NUL;
 * `id` may be NULL. Returns NULL, or a fragment as evprof_source_read() does.
 */
const char *evprof_secret_read(evprof_secret_t *out, const char *path,
                               size_t max_bytes, evprof_file_id_t *id);

/* Whether two strings are equal, in a time that depends on `b_len` alone. */
bool evprof_secret_equal(const char *a, size_t a_len, const char *b,
                         size_t b_len);

#endif
