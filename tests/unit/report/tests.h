/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_REPORT_TESTS_H
#define TESTS_UNIT_REPORT_TESTS_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int run_hot_loop_tests(void);
int run_settings_tests(void);
int run_source_tests(void);
int run_stacks_tests(void);
int run_view_tests(void);

#endif
