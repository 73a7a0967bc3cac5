/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_SIG_LABELS_H
#define EVPROF_SAMPLE_SIG_LABELS_H

#include "core/sample/labelset.h"

/* The calling thread's labels, NULL when it has none. Signal-safe. */
const evprof_label_set_t *evprof_sig_labels(void);

/*
 * Makes `set` (or NULL) the labels of the calling thread: how a new thread
 * takes its creator's. Signal-safe, but a handler must put back what it found.
 */
void evprof_sig_labels_set(const evprof_label_set_t *set);

#endif
