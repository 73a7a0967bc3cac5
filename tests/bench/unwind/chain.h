/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_UNWIND_CHAIN_H
#define TESTS_BENCH_UNWIND_CHAIN_H

/* Calls `leaf(ctx)` below `depth` of 64 different functions; the same source is
 * built with and without frame pointers. */
typedef void (*chain_leaf_fn)(void *ctx);

long chain_omit(int depth, chain_leaf_fn leaf, void *ctx);
long chain_keep(int depth, chain_leaf_fn leaf, void *ctx);

#endif
