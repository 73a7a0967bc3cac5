/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_PAIRING_H
#define EVPROF_TRACE_PAIRING_H

#include "core/trace/order.h"

/* Sets `woken`, `next` and `mark` of all refs of the order, which are sorted by
 * time. What cannot be found for want of memory is left out. */
void evprof_trace_pair(evprof_trace_order_t *order);

#endif
