/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_LABELSET_H
#define EVPROF_SAMPLE_LABELSET_H

#include <stdint.h>

#include <evprof/module.h>

/*
 * The labels of a thread as samples carry them. A set is immutable and lives as
 * long as the process, and equal sets have one address: a ring or a table keeps
 * the pointer, compares it and needs no reference.
 */
typedef struct evprof_label_set {
    uint64_t count;
    evprof_sample_label_t items[]; /* sorted by key, each key once, all texts */
} evprof_label_set_t;

#endif
