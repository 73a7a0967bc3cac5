/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_HEAP_H
#define TESTS_BENCH_HEAP_H

#include <stdbool.h>

/* What a child process prints: up to four numbers. */
typedef struct bench_line {
    int count;
    double values[4];
} bench_line_t;

/* The measuring process itself; returns its exit status. */
int bench_heap_child(const char *name, const char *arg);

#endif
