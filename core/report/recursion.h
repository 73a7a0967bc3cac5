/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_RECURSION_H
#define EVPROF_REPORT_RECURSION_H

#include "core/report/stacks.h"

/*
 * Folds what repeats in each stack, in place: of "value object value object"
 * one "value object" is left, whose frames say that they stand for two. Rows
 * stay as they are; callers and callees of what repeated do not. EVPROF_ENOMEM.
 */
int evprof_stacks_fold_recursion(evprof_stacks_t *s, evprof_error_t *err);

#endif
