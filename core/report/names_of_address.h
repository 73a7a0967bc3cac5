/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_NAMES_OF_ADDRESS_H
#define EVPROF_REPORT_NAMES_OF_ADDRESS_H

#include <stdbool.h>

#include "core/report/report.h"

/* Whether a report's expression is an address, "0x401136". */
bool evprof_report_is_address(const char *param, uint64_t *address);

/*
 * Appends an expression that matches the functions of `p` around an address: of
 * the profile, or of a binary that `code` (may be NULL) finds. Nothing is
 * appended when there are none.
 */
void evprof_report_put_functions(evprof_buf_t *out, const evprof_pprof_t *p,
                                 const struct evprof_code_source *code,
                                 uint64_t address);

#endif
