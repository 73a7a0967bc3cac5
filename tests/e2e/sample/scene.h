/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_E2E_SAMPLE_SCENE_H
#define TESTS_E2E_SAMPLE_SCENE_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "core/profile/builder.h"
#include "core/sample/cpu.h"

/* ThreadSanitizer holds signals back until a call of libc, so neither totals
 * nor shares are what they are without it; and it slows everything down. */
#if defined(__SANITIZE_THREAD__)
#define SCENE_IS_TSAN 1
#else
#define SCENE_IS_TSAN 0
#endif

/* Threads beside the test's own: the drainer, and ThreadSanitizer's. */
#define SCENE_OTHER_THREADS (1 + SCENE_IS_TSAN)

/* Prints the reason and skips the running test. */
#define SCENE_SKIP(reason)                                                     \
    do {                                                                       \
        print_message("skipped: %s\n", reason);                                \
        skip();                                                                \
    } while (0)

/* ---- Clocks: CPU time in ns ---- */

uint64_t scene_clock(clockid_t clock);

/* Uses `ns` of the calling thread's CPU time. */
void scene_burn(uint64_t ns);

/* ---- CPU profiles ---- */

/* Begins with frame pointers and room for `depth` frames, or fails the test. */
void scene_begin(unsigned rate_hz, size_t depth);

/* What that opened. */
extern evprof_sample_window_t *scene_window;

/* Ends it, or another; the caller frees the profile. */
evprof_pprof_t *scene_end(void);
evprof_pprof_t *scene_end_window(evprof_sample_window_t *window);

/* The sum of a profile's first column. */
int64_t scene_samples(const evprof_pprof_t *profile);

/* Of those whose leaf lies within [start, stop). */
int64_t scene_samples_within(const evprof_pprof_t *profile, const void *start,
                             const void *stop);

bool scene_has_comment(const evprof_pprof_t *profile, const char *part);

/* ---- Storms: SIGPROF as fast as it can be queued ---- */

/*
 * Opens the tap of wall-clock samples and starts a thread that signals every
 * registered thread but itself and the library's own, round and round.
 */
void scene_storm_begin(void);

/* Stacks that have been taken so far. */
uint64_t scene_storm_count(void);

/* Ends it; returns how many stacks were taken. */
uint64_t scene_storm_end(void);

#endif
