/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_LABELS_H
#define EVPROF_PROFILE_LABELS_H

#include "core/profile/pprof.h"

/* The order of labels in a sample: strings before numbers, each by key; labels
 * of one key stay in the order they came in. */

/* Sorts `count` labels into that order. EVPROF_ENOMEM. */
int evprof_labels_sort(evprof_label_t *labels, size_t count);

/* Whether two sorted lists of labels are equal. Their strings, like those of
 * the hash below, must be interned in one set. */
bool evprof_labels_equal(const evprof_label_t *a, const evprof_label_t *b,
                         size_t count);

/* A hash of sorted labels, mixed with `seed`. */
uint64_t evprof_labels_hash(const evprof_label_t *labels, size_t count,
                            uint64_t seed);

#endif
