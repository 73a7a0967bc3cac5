/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PUSH_DELTA_H
#define EVPROF_PUSH_DELTA_H

/*
 * Some profiles only exist as sums since the start; each push sends the
 * difference from the push before. The last snapshot is kept, so that no time
 * is missing between two differences.
 */

#include <evprof/status.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"

typedef struct evprof_delta {
    evprof_pprof_t *before; /* NULL: there was none yet */
} evprof_delta_t;

/* Whether a profile of that name is pushed as a difference. */
bool evprof_delta_is_for(const char *profile);

/*
 * Takes `bytes` as the newer snapshot and appends the difference from the older
 * one to `out`, in gzip; nothing the first time. Columns of current amounts
 * stay as they are, and a profile with such a column has no duration.
 * EVPROF_EPARSE and the like; EVPROF_ENOMEM.
 */
int evprof_delta_take(evprof_delta_t *delta, const evprof_buf_t *bytes,
                      evprof_buf_t *out, evprof_error_t *err);

/* Forgets the last snapshot. */
void evprof_delta_free(evprof_delta_t *delta);

/* Appends a comment to a profile in gzip. Statuses as above. */
int evprof_delta_comment(const char *comment, evprof_buf_t *bytes,
                         evprof_error_t *err);

#endif
