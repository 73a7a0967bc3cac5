/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PROFILE_SAMPLE_PROFILE_H
#define TESTS_UNIT_PROFILE_SAMPLE_PROFILE_H

#include "core/profile/pprof.h"

/*
 * A small profile that has one of everything: two columns, two mappings, three
 * locations of which one has an inlined line, labels of both kinds, comments.
 */
evprof_pprof_t *make_sample_profile(void);

#endif
