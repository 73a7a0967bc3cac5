/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_HEAP_TRIM_H
#define EVPROF_HEAP_TRIM_H

/*
 * Which frames at the leaf end of a stack are the allocator's own. A jemalloc
 * in a library of its own is known by its mapping; one that is part of a larger
 * file by the names of its functions.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/objects/objects.h"

#define EVPROF_HEAP_TRIM_SLOTS 256u

typedef struct evprof_heap_trim {
    const char *(*name)(uintptr_t pc); /* of the function there, or NULL */
    const evprof_objects_t *objects;
    const evprof_object_t *allocator; /* the object that holds jemalloc */
    const evprof_object_t *own;     /* libevprof, NULL when linked statically */
    const evprof_object_t *counter; /* the test library, or NULL */
    bool is_alone; /* the allocator's object has nothing else */
    /* The decisions so far, by call site. */
    struct {
        uintptr_t pc;
        bool is_allocator;
    } slots[EVPROF_HEAP_TRIM_SLOTS];
} evprof_heap_trim_t;

/* Takes a snapshot of the loaded objects; `name` tells the function that holds
 * an address, or NULL. False: out of memory. */
bool evprof_heap_trim_begin(evprof_heap_trim_t *trim,
                            const char *(*name)(uintptr_t pc));

/* How many leading pcs are to be left out; at least one pc stays. */
size_t evprof_heap_trim(evprof_heap_trim_t *trim, const uintptr_t *pcs,
                        size_t count);

/* Releases the snapshot of the loaded objects. */
void evprof_heap_trim_end(evprof_heap_trim_t *trim);

#endif
