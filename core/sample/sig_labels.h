/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_SIG_LABELS_H
#define EVPROF_SAMPLE_SIG_LABELS_H

#include <stdatomic.h>

#include "core/sample/labelset.h"

/* Where a thread keeps its labels. */
typedef _Atomic(const evprof_label_set_t *) evprof_labels_place_t;

/* The calling thread's labels, NULL when it has none. Signal-safe. */
const evprof_label_set_t *evprof_sig_labels(void);

/*
 * Makes `set` (or NULL) the labels of the calling thread: how a new thread
 * takes its creator's. Signal-safe, but a handler must put back what it found.
 */
void evprof_sig_labels_set(const evprof_label_set_t *set);

/* The place where the calling thread keeps its labels; valid as long as the
 * thread lives. */
evprof_labels_place_t *evprof_sig_labels_place(void);

#endif
