/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTS_SAMPLE_LINES_H
#define EVPROF_TESTS_SAMPLE_LINES_H

#ifdef __cplusplus
extern "C" {
#endif

#define SAMPLE_EXPORT __attribute__((visibility("default")))

typedef int (*sample_callback_fn)(void);

enum {
    SAMPLE_LINE_INNER,
    SAMPLE_LINE_MIDDLE,
    SAMPLE_LINE_OUTER,
    SAMPLE_LINE_PLAIN,
    SAMPLE_LINE_COUNT
};

/* Filled as the functions run. */
extern SAMPLE_EXPORT int sample_lines[SAMPLE_LINE_COUNT];

/* Each calls `call` once; the outer one through two inlined functions. */
SAMPLE_EXPORT int sample_outer(sample_callback_fn call);
SAMPLE_EXPORT int sample_plain(sample_callback_fn call);

/* The same in a C++ namespace: demo::Box::open(int, call). */
SAMPLE_EXPORT int sample_open_box(sample_callback_fn call);

#ifdef __cplusplus
}
#endif

#endif
