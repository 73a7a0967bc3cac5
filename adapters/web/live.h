/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_LIVE_H
#define EVPROF_WEB_LIVE_H

/*
 * Getting a profile while the site goes on answering: one at a time, on a
 * thread of its own. What came is picked up by the thread of the site.
 */

#include "adapters/web/web.h"

typedef struct evprof_live evprof_live_t;

/* What came of it; `profile` is the caller's. */
typedef struct evprof_live_result {
    int status;
    evprof_error_t err;
    evprof_pprof_t *profile;
} evprof_live_result_t;

/* NULL: out of memory. The hooks must outlive it. */
evprof_live_t *evprof_live_new(const evprof_site_hooks_t *hooks);

/* Waits for the thread where one runs. */
void evprof_live_free(evprof_live_t *live);

/* EVPROF_EBUSY: one is on its way; EVPROF_ENOMEM. */
int evprof_live_start(evprof_live_t *live, const evprof_reload_t *what,
                      evprof_error_t *err);

/* True while one is on its way, or has come and was not taken. */
bool evprof_live_is_busy(const evprof_live_t *live);

/* True once when something came or failed. */
bool evprof_live_take(evprof_live_t *live, evprof_live_result_t *out);

#endif
