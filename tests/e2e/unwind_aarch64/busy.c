/* SPDX-License-Identifier: Apache-2.0 */
/* What the chains share. */
#include "tests/e2e/unwind_aarch64/chain.h"

uintptr_t chain_expected[CHAIN_MOST];
volatile size_t chain_depth;

__attribute__((noinline)) long
chain_busy(long a)
{
    volatile long out = a;
    for (int i = 0; i < 8; i++) {
        out += i * a;
    }
    return out;
}
