/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_LABELS_H
#define EVPROF_PROFILE_LABELS_H

#include "core/profile/pprof.h"

/* The labels of one sample: texts before numbers, each by key; labels of one
 * key in the order they came. */

/* Puts `count` labels into that order. EVPROF_ENOMEM. */
int evprof_labels_sort(evprof_label_t *labels, size_t count);

/* Whether two lists of labels are equal, in their order. Their texts are
 * interned in one set, as are those of the hash. */
bool evprof_labels_equal(const evprof_label_t *a, const evprof_label_t *b,
                         size_t count);

/* A hash of the labels in that order, mixed with `seed`. */
uint64_t evprof_labels_hash(const evprof_label_t *labels, size_t count,
                            uint64_t seed);

#endif
