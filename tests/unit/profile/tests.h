/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PROFILE_TESTS_H
#define TESTS_UNIT_PROFILE_TESTS_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Each file of this folder offers its tests as one function. */
int run_builder_tests(void);
int run_decode_tests(void);
int run_encode_tests(void);
int run_filter_tests(void);
int run_gzip_parallel_tests(void);
int run_loss_tests(void);
int run_merge_tests(void);
int run_regex_tests(void);
int run_sample_key_tests(void);
int run_tags_tests(void);

#endif
