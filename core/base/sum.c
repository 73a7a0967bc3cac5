/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/sum.h"

#include <stdatomic.h>

static atomic_bool was_cut;

int64_t
evprof_sum_cut(int64_t part)
{
    atomic_store_explicit(&was_cut, true, memory_order_relaxed);
    return part < 0 ? INT64_MIN : INT64_MAX;
}

bool
evprof_sum_was_cut(void)
{
    return atomic_exchange_explicit(&was_cut, false, memory_order_relaxed);
}
