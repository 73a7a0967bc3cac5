/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TESTING_TESTS_H
#define TESTS_UNIT_TESTING_TESTS_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Each file of this folder offers its tests as one function. */
int run_options_tests(void);
int run_match_tests(void);
int run_result_tests(void);
int run_json_tests(void);

#endif
