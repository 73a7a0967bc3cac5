/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_UNIT_H
#define EVPROF_BASE_UNIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"

/*
 * Units of measure as pprof knows them: memory (B, kB = 1024 B, ..., PB), time
 * (ns, us, ms, s, hrs) and GCU. Names are taken without regard to case, with or
 * without a plural s. Wherever a target unit is named, "auto" and "minimum"
 * mean the largest unit in which the value is at least one.
 */

/*
 * `value` of unit `from` in unit `to`. `unit` (may be NULL) receives the name
 * of the result's unit: a static string, or `to` itself when `from` is no unit
 * of measure; "" for what is merely counted.
 */
double evprof_unit_scale(int64_t value, const char *from, const char *to,
                         const char **unit);

/* True when both are the same unit or measure the same thing. */
bool evprof_unit_compatible(const char *one, const char *other);

/* Appends the scaled value with at most two decimals and its unit: "1.50MB". */
void evprof_unit_format(evprof_buf_t *out, int64_t value, const char *from,
                        const char *to);

/* What evprof_unit_percent() writes, its NUL included. */
#define EVPROF_PERCENT_SIZE 32

/*
 * Writes |value| in percent of `total` (0: the ratio counts as 0), six columns
 * wide: "12.34%", "  100%", " 0.05%". Returns `out`.
 */
const char *evprof_unit_percent(char out[EVPROF_PERCENT_SIZE], int64_t value,
                                int64_t total);

#endif
