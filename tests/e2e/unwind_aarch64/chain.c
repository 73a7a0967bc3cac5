/* SPDX-License-Identifier: Apache-2.0 */
/* Built three times: without and with frame pointers, and signed. */
#include "tests/e2e/unwind_aarch64/chain.h"

#include <alloca.h>
#include <string.h>

/* Where this function returns to, its signature taken off. */
#define OWN_CALLER()                                                           \
    ((uintptr_t)__builtin_extract_return_addr(__builtin_return_address(0)) &   \
     UINT64_C(0xffffffffffff))

__attribute__((noinline)) static long dynamic(size_t size, int depth,
                                              void (*leaf)(void));

__attribute__((noinline)) static long
link_frame(int depth, void (*leaf)(void))
{
    volatile long words[5] = { depth };
    long out = 0;
    chain_expected[chain_depth] = OWN_CALLER();
    chain_depth++;
    if (depth == 0) {
        leaf();
    } else if (depth % 3 == 0) {
        out = dynamic((size_t)depth * 24, depth, leaf);
    } else {
        out = link_frame(depth - 1, leaf);
    }
    chain_depth--;
    return out + words[depth % 5];
}

__attribute__((noinline)) static long
dynamic(size_t size, int depth, void (*leaf)(void))
{
    char *bytes = alloca(size);
    memset(bytes, 1, size);
    chain_expected[chain_depth] = OWN_CALLER();
    chain_depth++;
    long out = link_frame(depth - 1, leaf);
    chain_depth--;
    return out + bytes[size / 2];
}

long
CHAIN_NAME(int depth, void (*leaf)(void))
{
    chain_depth = 0;
    long out = link_frame(depth, leaf);
    __asm__ volatile("" ::: "memory");
    return out;
}
