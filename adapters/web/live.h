/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_LIVE_H
#define EVPROF_WEB_LIVE_H

/*
 * Fetches a profile while the site goes on answering: one at a time, on a
 * thread of its own. The site's thread takes the result.
 */

#include "adapters/web/web.h"

typedef struct evprof_live evprof_live_t;

/* The result of a fetch; the caller owns `profile`. */
typedef struct evprof_live_result {
    int status;
    evprof_error_t err;
    evprof_pprof_t *profile;
} evprof_live_result_t;

/* Makes the fetcher; NULL: out of memory. The hooks must outlive it. */
evprof_live_t *evprof_live_new(const evprof_site_hooks_t *hooks);

/* Waits for the thread if it runs, and frees all. */
void evprof_live_free(evprof_live_t *live);

/* Starts a fetch. EVPROF_EBUSY: one is running; EVPROF_ENOMEM. */
int evprof_live_start(evprof_live_t *live, const evprof_reload_t *what,
                      evprof_error_t *err);

/* Whether a fetch is running, or its result was not taken. */
bool evprof_live_is_busy(const evprof_live_t *live);

/* Whether a fetch has ended since the last call; `out` becomes its result. */
bool evprof_live_take(evprof_live_t *live, evprof_live_result_t *out);

#endif
