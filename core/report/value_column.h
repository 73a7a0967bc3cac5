/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_VALUE_COLUMN_H
#define EVPROF_REPORT_VALUE_COLUMN_H

#include <stddef.h>

#include "core/profile/pprof.h"

/*
 * Finds a column by number or by name ("inuse_space" also finds "space"); ""
 * is the profile's default, else the last. The profile has at least one.
 * EVPROF_EINVAL with the names there are.
 */
int evprof_column_find(const evprof_pprof_t *p, const char *name, size_t *out,
                       evprof_error_t *err);

#endif
