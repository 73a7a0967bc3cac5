/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_SAMPLE_KEY_H
#define EVPROF_PROFILE_SAMPLE_KEY_H

#include "core/base/index.h"
#include "core/profile/pprof.h"

/* The hash of a sample's stack and labels. The strings of labels must be
 * interned in one set for all samples of an index. */
uint64_t evprof_sample_hash(const evprof_sample_t *sample);

/* Finds the sample with the stack and labels of `like`; `index` has the rows of
 * `samples` by that hash. NULL: none. */
evprof_sample_t *evprof_sample_find(const evprof_index_t *index,
                                    evprof_sample_t *samples,
                                    const evprof_sample_t *like, uint64_t hash);

#endif
