/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_ACCESS_TESTS_H
#define TESTS_UNIT_ACCESS_TESTS_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/access/access.h"

/* Each file of this folder offers its tests as one function. */
int run_rules_tests(void);
int run_digest_tests(void);
int run_credentials_tests(void);
int run_judge_tests(void);
int run_directives_tests(void);
int run_cache_tests(void);
int run_origin_tests(void);

/* A folder with "users" (ann: pear, bob: plum) and "tokens" (two of them). */
#define TEST_TOKEN "0123456789abcdef0123"
char *test_folder(void);
void test_folder_remove(char *folder);
void test_write_file(const char *folder, const char *name, const char *text);
char *test_path(const char *folder, const char *name);

/* A file whose state is old enough to be remembered. */
void test_wait_until_settled(const char *path);

/* A configuration with `text` in pprof { }, relative to `folder`. */
evprof_config_t *test_load(const char *folder, const char *text);
const evprof_access_conf_t *test_rules_of(const evprof_config_t *config);

/* The first problem with `text` in pprof { }; in static memory. */
const char *test_problem(const char *folder, const char *text);

#endif
