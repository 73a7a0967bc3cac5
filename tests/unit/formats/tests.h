/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_FORMATS_TESTS_H
#define TESTS_UNIT_FORMATS_TESTS_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/analysis/format.h"

/* Each file of this folder offers its tests as one function. */
int run_binary_tests(void);
int run_maps_tests(void);
int run_perf_tests(void);
int run_refusal_tests(void);
int run_text_tests(void);

/* Reads a profile as the tool does; fails the test when that fails. */
evprof_pprof_t *read_bytes(const void *data, size_t len);

/*
 * Reads `data` and compares what came out with `expected`, whose lines are
 * columns and period, samples (values, then frames from the leaf: an address,
 * or name@file:line, then labels), and mappings.
 */
void assert_bytes_read(const void *data, size_t len, const char *expected);
void assert_read(const char *text, const char *expected);

/* Fails unless reading `text` fails with exactly that message. */
void assert_not_read(const char *text, const char *message);

#endif
