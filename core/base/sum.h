/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_SUM_H
#define EVPROF_BASE_SUM_H

/*
 * Sums of profile values. Values are 64-bit numbers of any size, so that their
 * sum may not fit: it then stays at the largest or the smallest number, and the
 * process remembers that a sum was cut, for whoever shows it to say so.
 */

#include <stdbool.h>
#include <stdint.h>

/* The limit in the direction of `part`, after remembering it. MT-Safe. */
int64_t evprof_sum_cut(int64_t part);

/* True when a sum was cut since the last call. MT-Safe. */
bool evprof_sum_was_cut(void);

/* `one + other`, or the limit it would exceed. MT-Safe. */
static inline int64_t
evprof_sum(int64_t one, int64_t other)
{
    int64_t sum;
    return __builtin_add_overflow(one, other, &sum) ? evprof_sum_cut(other)
                                                    : sum;
}

/* `one - other`, or the limit it would exceed. MT-Safe. */
static inline int64_t
evprof_difference(int64_t one, int64_t other)
{
    int64_t difference;
    return __builtin_sub_overflow(one, other, &difference)
               ? evprof_sum_cut(other < 0 ? 1 : -1)
               : difference;
}

/* The value without its sign; INT64_MIN stays as it is, as in Go. MT-Safe. */
static inline int64_t
evprof_magnitude(int64_t value)
{
    return value < 0 ? (int64_t)(0 - (uint64_t)value) : value;
}

#endif
