/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/short_of_memory.h"

#include <stdatomic.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

static atomic_long
    left; /* allocations up to the one that fails, 0: none does */

static bool
is_the_one(void)
{
    return atomic_load(&left) > 0 && atomic_fetch_sub(&left, 1) == 1;
}

void *
__wrap_malloc(size_t size)
{
    return is_the_one() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
    return is_the_one() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *block, size_t size)
{
    return is_the_one() ? NULL : __real_realloc(block, size);
}

void
test_fail_allocation(long n)
{
    atomic_store(&left, n);
}

bool
test_failed_allocation(void)
{
    return atomic_exchange(&left, 0) == 0;
}
