/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocations that fail on purpose, in a test of evprof_test_memory(). Those of
 * shared libraries succeed. Other than an allocator of the test's own, this
 * works with a sanitizer's, too.
 */
#ifndef TESTS_SHORT_OF_MEMORY_H
#define TESTS_SHORT_OF_MEMORY_H

#include <stdbool.h>

/* From now on the `n`-th allocation fails, and no other. */
void test_fail_allocation(long n);

/* No allocation fails any more. Whether one did since the last call above. */
bool test_failed_allocation(void);

#endif
