/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_LABEL_REQUESTS_H
#define EVPROF_RUNTIME_LABEL_REQUESTS_H

#include <stdatomic.h>
#include <stdbool.h>

#include <evprof/export.h>

/* The value of the directive `label_requests`; adapters read it at every
 * request. */
extern EVPROF_API _Atomic bool evprof_requests_labelled;

/* Whether samples inside a request's callbacks are to have the label "route".
 * Any thread. */
static inline bool
evprof_requests_are_labelled(void)
{
    return atomic_load_explicit(&evprof_requests_labelled,
                                memory_order_relaxed);
}

#endif
