/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_SECONDS_H
#define EVPROF_FETCH_SECONDS_H

#include <stdint.h>

#include "adapters/fetch/address.h"

/*
 * Writes the address's query anew, as Go does: decoded, by key, encoded. With
 * `seconds` > 0 these go into it; `*duration_s` becomes what it says then, 0:
 * nothing. EVPROF_ENOMEM.
 */
int evprof_address_apply_seconds(evprof_source_url_t *a, int64_t seconds,
                                 int64_t *duration_s);

#endif
