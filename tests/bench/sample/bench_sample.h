/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_SAMPLE_BENCH_SAMPLE_H
#define TESTS_BENCH_SAMPLE_BENCH_SAMPLE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "core/profile/builder.h"
#include "core/sample/cpu.h"

/* A clock in ns. */
uint64_t bench_clock(clockid_t clock);

/* Uses `ns` of the calling thread's CPU time. */
void bench_burn(uint64_t ns);

/* Begins a CPU profile, or ends the program. */
void bench_begin(unsigned rate_hz, const char *unwinder);

/* Ends it; to be freed. */
evprof_pprof_t *bench_end(void);

/* The sum of the first column. */
int64_t bench_samples(const evprof_pprof_t *profile);

/* ---- The parts ---- */

void bench_handler(void);
void bench_memory(void);
void bench_arm(void);
void bench_sums(void);
void bench_shares(void);

#endif
