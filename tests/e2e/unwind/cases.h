/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_E2E_UNWIND_CASES_H
#define TESTS_E2E_UNWIND_CASES_H

/* What is stepped: each source of cases is one entry, built many ways. */

#ifdef __cplusplus
extern "C" {
#endif

#define CASES_API __attribute__((visibility("default")))

CASES_API void run_cases(void *arg);
CASES_API void run_cases_asm(void *arg);

#ifdef __cplusplus
}
#endif

#endif
