/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_BENCH_PROFILE_BIG_PROFILE_H
#define TESTS_BENCH_PROFILE_BIG_PROFILE_H

#include "core/profile/pprof.h"

/* The size of a profile that is made up; equal sizes give equal profiles. */
typedef struct big_profile {
    size_t samples;
    size_t frames;    /* of each stack */
    size_t functions; /* each with two locations */
    uint64_t seed;
} big_profile_t;

/* NULL: out of memory. */
evprof_pprof_t *make_big_profile(const big_profile_t *size);

#endif
