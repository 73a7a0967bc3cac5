/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight bytes a step through a multiply-and-fold, the tail padded with zeroes;
 * the length enters the seed so that padding cannot collide with content.
 */
#include "core/base/hash.h"

#include <string.h>

/* 2^64 divided by the golden ratio: odd, and without short patterns. */
#define STEP UINT64_C(0x9e3779b97f4a7c15)

static uint64_t
fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t
evprof_hash(const void *data, size_t len, uint64_t seed)
{
    const unsigned char *next = data;
    uint64_t h = seed ^ (STEP * (len + 1));
    uint64_t word;
    for (; len >= sizeof(word); len -= sizeof(word), next += sizeof(word)) {
        memcpy(&word, next, sizeof(word));
        h = fold(h ^ word, STEP);
    }
    if (len > 0) {
        word = 0;
        memcpy(&word, next, len);
        h = fold(h ^ word, STEP);
    }
    return evprof_hash_mix(h);
}
