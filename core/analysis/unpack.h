/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_UNPACK_H
#define EVPROF_ANALYSIS_UNPACK_H

#include <stdbool.h>
#include <stddef.h>

#include <evprof/status.h>

/* What a file holds once its wrapping is off. */
typedef struct evprof_unpacked {
    const char *data;
    size_t len;
    char *owned; /* NULL: `data` is the input itself */
} evprof_unpacked_t;

/*
 * Takes gzip (any number of members) or zstd off; anything else is handed
 * through. At most `max_len` bytes come out, and large outputs may not be more
 * than 200 times as long as what they came from. EVPROF_EPARSE, EVPROF_ELIMIT,
 * EVPROF_ENOMEM.
 */
int evprof_unpack(const void *data, size_t len, size_t max_len,
                  evprof_unpacked_t *out, evprof_error_t *err);

/* True for what begins as gzip or zstd does. */
bool evprof_unpack_is_packed(const void *data, size_t len);

/* Frees the bytes, where they are not the caller's. */
void evprof_unpacked_free(evprof_unpacked_t *u);

#endif
