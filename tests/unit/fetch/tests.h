/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_FETCH_TESTS_H
#define TESTS_UNIT_FETCH_TESTS_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Each file of this folder offers its tests as one function. */
int run_url_tests(void);
int run_target_tests(void);
int run_proxy_tests(void);
int run_judge_tests(void);
int run_sources_tests(void);

#endif
