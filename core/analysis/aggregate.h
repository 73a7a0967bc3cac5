/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_AGGREGATE_H
#define EVPROF_ANALYSIS_AGGREGATE_H

#include "core/profile/pprof.h"

/* The parts of a frame that are kept. The others are cleared, and frames that
 * differ in nothing else become one. */
enum evprof_keep {
    EVPROF_KEEP_INLINES = 1u << 0, /* without: only the outermost line */
    EVPROF_KEEP_FUNCTION = 1u << 1,
    EVPROF_KEEP_FILENAME = 1u << 2,
    EVPROF_KEEP_LINE = 1u << 3,
    EVPROF_KEEP_COLUMN = 1u << 4,
    EVPROF_KEEP_ADDRESS = 1u << 5,
};

/* Clears the parts of all frames that are not in `keep`, in place; rows stay
 * where they are. */
void evprof_pprof_aggregate(evprof_pprof_t *p, unsigned keep);

#endif
