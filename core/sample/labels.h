/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_LABELS_H
#define EVPROF_SAMPLE_LABELS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/sample/labelset.h"

/* Pushing and restoring are public, see <evprof/evprof.h>; this is for the
 * core. */

/* A thread has at most so many labels; a further push gives EVPROF_ELIMIT. */
#define EVPROF_LABELS_MAX 16

/* A process has at most so many distinct sets of values. */
#define EVPROF_LABEL_VALUES_MAX 7168u

/* Replaces a value that did not fit. */
#define EVPROF_LABEL_OVERFLOW "(overflow)"

/* The labels `from` (NULL: none) with one more; `from` where there is no room.
 * Lock-free. */
const evprof_label_set_t *evprof_labels_with(const evprof_label_set_t *from,
                                             const char *key,
                                             const char *value);

/* While they are off, pushing changes nothing; what is set stays until it is
 * restored. On at first. */
void evprof_labels_switch(bool is_on);

/*
 * A set as an address at which no code can be, so that it can stand at the end
 * of a stack for those who keep nothing but addresses; 0: no labels. No lock,
 * no allocation.
 */
uintptr_t evprof_label_mark(const evprof_label_set_t *set);

/* The set of such an address; NULL: it is another address. Signal-safe. */
const evprof_label_set_t *evprof_label_marked(uintptr_t pc);

/* How many pushes lost their value to a bound since the process began. */
uint64_t evprof_label_overflows(void);

#endif
