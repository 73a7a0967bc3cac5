/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_INTERN_H
#define EVPROF_BASE_INTERN_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A bounded set of byte entries in which equal entries have one address, for
 * many threads at once. Every function is lock-free and signal-safe, keeps
 * errno and allocates nothing but one mapping at the first add, so it may run
 * inside malloc, in a handler and in a forked child. Entries never move and are
 * never freed: a pointer to one is good for the life of the process.
 */
typedef struct evprof_interned {
    uint64_t hash;
    uint32_t id;     /* from 1 on */
    uint32_t len;    /* of data */
    uint64_t data[]; /* aligned for pointers and integers */
} evprof_interned_t;

/* Static storage only; made by EVPROF_INTERN. */
typedef struct evprof_intern {
    uint32_t max_count; /* a power of two */
    size_t max_bytes;   /* of entries and their headers */
    _Atomic(struct evprof_intern_memory *) memory;
} evprof_intern_t;

#define EVPROF_INTERN(count, bytes)                                            \
    {                                                                          \
        .max_count = (count), .max_bytes = (bytes), .memory = NULL             \
    }

/* The entry equal to these bytes; NULL when there is none. */
const evprof_interned_t *evprof_intern_find(evprof_intern_t *set,
                                            const void *data, size_t len);

/* The same, added when it is new; NULL when a bound is reached. */
const evprof_interned_t *evprof_intern_add(evprof_intern_t *set,
                                           const void *data, size_t len);

/*
 * The entry of that id, or NULL. Ids run from 1 to evprof_intern_last(); where
 * threads raced, one may be missing or lead to an equal entry that no add or
 * find gives out.
 */
const evprof_interned_t *evprof_intern_at(evprof_intern_t *set, uint32_t id);

/* The largest id that was given out; 0: none. Signal-safe. */
uint32_t evprof_intern_last(evprof_intern_t *set);

#endif
