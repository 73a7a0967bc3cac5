/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_SECONDS_H
#define EVPROF_FETCH_SECONDS_H

#include <stdint.h>

#include "adapters/fetch/url.h"

/*
 * Writes the URL's query anew, as Go does: decoded, sorted by key, encoded.
 * With `seconds` > 0 the query asks for so many afterwards. `*duration_s` is
 * what the query asks for in the end; 0: it does not say. EVPROF_ENOMEM.
 */
int evprof_url_apply_seconds(evprof_url_t *url, int64_t seconds,
                             int64_t *duration_s);

#endif
