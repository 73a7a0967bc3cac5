/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_CONF_TESTS_H
#define TESTS_UNIT_CONF_TESTS_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/conf/conf.h"

/* What the test module "cpu" of schema.c is configured to. */
typedef struct test_cpu_conf {
    long rate;
    int unwinder;
    long long interval_ns;
    long long room_bytes;
    bool deep;
    const char *title;
    const char *file;
    const char *odd;
} test_cpu_conf_t;

/* Two profile types, "cpu" and "heap", and a section for pprof and profiles. */
extern const evprof_schema_t test_schema;
extern const evprof_section_t test_rules_section;

/* What the section "rules" holds: its words in order, as "+a-b". */
typedef struct test_rules_conf {
    char seen[64];
    const char *half;
    const char *wants;
} test_rules_conf_t;

/* Loads text that must be good. */
evprof_config_t *test_load(const char *text);

/* The same in a file of `folder`, which relative names are relative to. */
evprof_config_t *test_load_in(const char *folder, const char *text);

/* A copy without the paths of such folders: "t:1" is a line of the file. The
 * caller frees. */
char *test_without_folders(const char *text);

/* Every problem of a text, one a line; the caller frees. Lines begin "t:". */
char *test_problems(const char *text);

/* Asserts that `text` has exactly the problems `expected`. */
void test_expect(const char *text, const char *expected);

/* Each file of this folder offers its tests as one function. */
int run_lexer_tests(void);
int run_tree_tests(void);
int run_setters_tests(void);
int run_config_tests(void);
int run_blocks_tests(void);
int run_write_tests(void);

/* A fresh folder for a test's files, and a file in it. */
char *test_folder(void);
void test_folder_remove(char *folder);
void test_write_file(const char *folder, const char *name, const char *text,
                     size_t len);
char *test_path(const char *folder, const char *name);

#endif
