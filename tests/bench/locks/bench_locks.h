/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_LOCKS_BENCH_LOCKS_H
#define TESTS_BENCH_LOCKS_BENCH_LOCKS_H

#include <stdint.h>
#include <time.h>

/* A clock in ns. */
int64_t bench_clock(clockid_t clock);

/* The median; sorts `values`. */
double bench_median(double *values, int count);

/* ---- The parts ---- */

void bench_pair(void);
void bench_labels(void);
void bench_unload(void);
void bench_total(void);
void bench_bias(void);
void bench_burst(void);
void bench_dump(void);
void bench_stuck(void);
void bench_wall(void);

#endif
