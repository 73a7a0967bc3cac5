/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_LABELSET_H
#define EVPROF_SAMPLE_LABELSET_H

/*
 * The labels of a thread as samples carry them: an immutable set with a count
 * of references. A handler reads its own thread's pointer and copies it into a
 * ring, taking no reference, so a set that a thread lets go is retired: it is
 * unreferenced only after the rings have been emptied once more.
 */

#include <stdatomic.h>
#include <stdint.h>

#include <evprof/module.h>

typedef struct evprof_label_set {
    _Atomic uint32_t refs;
    uint32_t count;
    struct evprof_label_set *retired_next; /* of the list of retired sets */
    void (*dispose)(struct evprof_label_set *set); /* the last reference went */
    evprof_sample_label_t items[];
} evprof_label_set_t;

/* Any thread, not in a handler; NULL is ignored. */
void evprof_label_set_ref(evprof_label_set_t *set);
void evprof_label_set_unref(evprof_label_set_t *set);

/*
 * Gives back a reference after the set was the calling thread's current one:
 * at once when nothing is being sampled, else when the rings were emptied. Not
 * in a handler.
 */
void evprof_label_set_retire(evprof_label_set_t *set);

#endif
