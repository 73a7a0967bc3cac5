/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_CLOCK_H
#define EVPROF_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* The clock's time in nanoseconds. Signal-safe; keeps errno for clocks that
 * every process has. */
static inline int64_t
evprof_clock_ns(clockid_t clock)
{
    struct timespec now = { 0 };
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
