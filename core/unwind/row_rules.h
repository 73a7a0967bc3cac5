/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_ROW_RULES_H
#define EVPROF_UNWIND_ROW_RULES_H

#include "core/unwind/sig_cfi.h"
#include "core/unwind/sig_rule.h"

/*
 * The 16-bit rule (sig_rule.h) of a row of call-frame data; adds it to the
 * process's table of rules when it is new. EVPROF_CODE_RAW: no rule can express
 * the row, or the table is full. MT-Safe, not for handlers.
 */
unsigned evprof_rule_of_row(const evprof_cfi_t *cfi, const evprof_fde_t *fde,
                            const evprof_cfi_row_t *row);

/* For the child of a fork: releases the lock of a thread that was adding a rule
 * and does not exist in the child. */
void evprof_rules_after_fork(void);

#endif
