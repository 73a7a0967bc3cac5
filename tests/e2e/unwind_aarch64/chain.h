/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_E2E_UNWIND_AARCH64_CHAIN_H
#define TESTS_E2E_UNWIND_AARCH64_CHAIN_H

/* Calls `leaf` below `depth` frames, noting every return address on the way. */

#include <stddef.h>
#include <stdint.h>

#define CHAIN_MOST 64

extern uintptr_t chain_expected[CHAIN_MOST];
extern volatile size_t chain_depth;

long chain_busy(long a);
long chain_omit(int depth, void (*leaf)(void));
long chain_keep(int depth, void (*leaf)(void));
long chain_signed(int depth, void (*leaf)(void));

#endif
