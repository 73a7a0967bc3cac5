/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_HASH_H
#define EVPROF_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * A 64-bit hash of bytes, for tables in memory: fast and well mixed, not stable
 * between versions and not for keys that an attacker may choose freely.
 */
uint64_t evprof_hash(const void *data, size_t len, uint64_t seed);

/* Mixes one word; each bit of the input moves half of the output's. */
static inline uint64_t
evprof_hash_mix(uint64_t x)
{
    /* The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
    x ^= x >> 30;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x *= UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#endif
