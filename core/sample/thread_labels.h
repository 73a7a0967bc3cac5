/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_THREAD_LABELS_H
#define EVPROF_SAMPLE_THREAD_LABELS_H

/*
 * Which thread a sample was taken from, as labels: `thread`, its name, and
 * `tid`, its number. Names are read from /proc once a second for each thread
 * that is sampled.
 */

#include "core/sample/labelset.h"
#include "core/sample/tap.h"

enum evprof_thread_labels {
    EVPROF_THREAD_LABELS_NAME,
    EVPROF_THREAD_LABELS_TID, /* the name and the number */
    EVPROF_THREAD_LABELS_OFF,
};

/* The labels of a record and those of its thread together. Called by the
 * drainer only. */
const evprof_label_set_t *
evprof_thread_labels_of(const evprof_record_t *record,
                        enum evprof_thread_labels which);

#endif
