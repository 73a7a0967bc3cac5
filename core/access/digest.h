/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ACCESS_DIGEST_H
#define EVPROF_ACCESS_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct evprof_digest {
    uint64_t words[2];
} evprof_digest_t;

/*
 * SipHash-2-4 with a 128-bit result. Without the key the result looks random,
 * and no two inputs with one result can be found.
 */
evprof_digest_t evprof_digest(const uint8_t key[16], const void *data,
                              size_t len);

/* Compares in constant time. */
bool evprof_digest_equal(const evprof_digest_t *a, const evprof_digest_t *b);

#endif
