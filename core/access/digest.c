/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash (Aumasson, Bernstein, INDOCRYPT 2012) with the authors' extension to
 * 128 bits. Of a right password only this digest is remembered, under a key
 * that only this process has, so that memory holds neither the password nor
 * anything that can be attacked offline without the key.
 */
#include "core/access/digest.h"

typedef struct sip {
    uint64_t v0, v1, v2, v3;
} sip_t;

static uint64_t
rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void
rounds(sip_t *s, int n)
{
    while (n-- > 0) {
        s->v0 += s->v1;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
    }
}

static void
absorb(sip_t *s, uint64_t word)
{
    s->v3 ^= word;
    rounds(s, 2);
    s->v0 ^= word;
}

/* Loads up to eight bytes as a little-endian number. */
static uint64_t
load(const uint8_t *bytes, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++) {
        word |= (uint64_t)bytes[i] << (8 * i);
    }
    return word;
}

static uint64_t
squeeze(sip_t *s)
{
    rounds(s, 4);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

evprof_digest_t
evprof_digest(const uint8_t key[16], const void *data, size_t len)
{
    const uint8_t *next = data;
    uint64_t k0 = load(key, 8);
    uint64_t k1 = load(key + 8, 8);
    sip_t s = { .v0 = k0 ^ UINT64_C(0x736f6d6570736575),
                .v1 = k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
                .v2 = k0 ^ UINT64_C(0x6c7967656e657261),
                .v3 = k1 ^ UINT64_C(0x7465646279746573) };
    size_t left = len;
    for (; left >= 8; left -= 8, next += 8) {
        absorb(&s, load(next, 8));
    }
    absorb(&s, load(next, left) | (uint64_t)len << 56);
    s.v2 ^= 0xee;
    evprof_digest_t out;
    out.words[0] = squeeze(&s);
    s.v1 ^= 0xdd;
    out.words[1] = squeeze(&s);
    return out;
}

bool
evprof_digest_equal(const evprof_digest_t *a, const evprof_digest_t *b)
{
    uint64_t difference =
        (a->words[0] ^ b->words[0]) | (a->words[1] ^ b->words[1]);
    return difference == 0;
}
