/* SPDX-License-Identifier: Apache-2.0 */
/* 64 functions with frames of different sizes that call each other in turn. */
#include "tests/bench/unwind/chain.h"

typedef long (*link_fn)(int depth, chain_leaf_fn leaf, void *ctx);

static link_fn links[64];

static long
go_on(int which, int depth, chain_leaf_fn leaf, void *ctx)
{
    if (depth <= 0) {
        leaf(ctx);
        return which;
    }
    return links[(which * 7 + depth) & 63](depth - 1, leaf, ctx);
}

#define LINK(n)                                                                \
    __attribute__((noinline)) static long link_##n(                            \
        int depth, chain_leaf_fn leaf, void *ctx)                              \
    {                                                                          \
        volatile long words[1 + n % 7] = { depth };                            \
        long before = words[0] * n;                                            \
        long out = go_on(n, depth, leaf, ctx);                                 \
        return out + before + words[n % (1 + n % 7)];                          \
    }

#define EIGHT(X, n)                                                            \
    X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7)
#define ALL(X)                                                                 \
    EIGHT(X, 1)                                                                \
    EIGHT(X, 2)                                                                \
    EIGHT(X, 3) EIGHT(X, 4) EIGHT(X, 5) EIGHT(X, 6) EIGHT(X, 7) EIGHT(X, 8)

ALL(LINK)

#define NAME(n) link_##n,
static link_fn links[64] = { ALL(NAME) };

long
CHAIN_NAME(int depth, chain_leaf_fn leaf, void *ctx)
{
    return links[0](depth - 1, leaf, ctx) + 1;
}
