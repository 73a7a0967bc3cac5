/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_ROW_RULES_H
#define EVPROF_UNWIND_ROW_RULES_H

#include "core/unwind/sig_cfi.h"
#include "core/unwind/sig_rule.h"

/*
 * The 16-bit rule of a row (sig_rule.h), learned by the process if it is new.
 * MT-Safe, not for handlers. A row that no rule can express, and one too many,
 * give EVPROF_CODE_RAW.
 */
unsigned evprof_rule_of_row(const evprof_cfi_t *cfi, const evprof_fde_t *fde,
                            const evprof_cfi_row_t *row);

/* In the child of a fork: the thread that was learning a rule does not exist
 * there. */
void evprof_rules_after_fork(void);

#endif
