/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_EXPLAIN_H
#define EVPROF_FETCH_EXPLAIN_H

#include "adapters/fetch/transfer.h"

/* Appends why a transfer that ended with `code` failed. Holds no credential. */
void evprof_fetch_explain(const evprof_transfer_t *t, CURLcode code,
                          evprof_buf_t *why);

/* Whether the target's scheme and port are such as can be asked; else appends
 * why not. */
bool evprof_fetch_can_ask(const evprof_target_t *target, evprof_buf_t *why);

#endif
