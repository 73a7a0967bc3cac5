/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_TYPES_H
#define EVPROF_ANALYSIS_TYPES_H

#include "core/base/buf.h"
#include "core/profile/pprof.h"

/* The columns of profiles that are to be added up. Texts of two profiles are
 * never the same pointer, so they are compared as texts. */

/* Appends "{TYPE UNIT 0 0}", the form in which Go prints the struct. */
void evprof_types_print(evprof_buf_t *out, const evprof_value_type_t *type);

/* EVPROF_EINVAL with pprof's words, unless both have the same columns, units
 * and period type. */
int evprof_types_check_equal(const evprof_pprof_t *one,
                             const evprof_pprof_t *other, evprof_error_t *err);

#endif
