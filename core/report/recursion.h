/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_RECURSION_H
#define EVPROF_REPORT_RECURSION_H

#include "core/report/stacks.h"

/*
 * Folds repetitions in each stack, in place: "value object value object"
 * becomes one "value object", whose frames say that they stand for two. Rows
 * stay as they are; callers and callees of repeated frames do not.
 * EVPROF_ENOMEM.
 */
int evprof_stacks_fold_recursion(evprof_stacks_t *s, evprof_error_t *err);

#endif
