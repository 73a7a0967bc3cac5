/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PRELOAD_LISTEN_ADDRESSES_H
#define EVPROF_PRELOAD_LISTEN_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The addresses that one of EVPROF_LISTEN stands for: `%p` is the process, and
 * `HOST:FIRST-LAST` a range of ports, of which the first that is free is taken.
 * Writes number `i` into `out`; false when there are no more, or when it does
 * not fit. Any thread.
 */
bool evprof_preload_address(const char *pattern, unsigned i, char *out,
                            size_t size);

#endif
