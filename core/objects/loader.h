/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_OBJECTS_LOADER_H
#define EVPROF_OBJECTS_LOADER_H

/* The objects as the dynamic loader and the kernel list them; for objects.c
 * alone. */

#include <link.h>

#include "core/base/arena.h"
#include "core/objects/objects.h"

/* The loader's counters; equal counters mean an equal list of objects. */
typedef struct evprof_loader_stamp {
    unsigned long long adds;
    unsigned long long subs;
} evprof_loader_stamp_t;

typedef struct evprof_loader_list {
    evprof_object_t *items;
    size_t count;
    evprof_loader_stamp_t stamp;
    uintptr_t main_bias; /* of the executable itself */
} evprof_loader_list_t;

/* Compares two objects by their start, for qsort(). */
int evprof_object_compare_start(const void *a, const void *b);

/* The loader's list, by dl_iterate_phdr(), whose value is returned. A lock of
 * ours is held meanwhile. */
int evprof_loader_walk(int (*callback)(struct dl_phdr_info *, size_t, void *),
                       void *ctx);

/* Takes that lock, for a fork: the loader's own is then free in the child. */
void evprof_loader_hold(void);

/* Gives that lock back, in the parent and in the child. */
void evprof_loader_let_go(void);

/* A number that changes when an object is loaded or unloaded. */
evprof_loader_stamp_t evprof_loader_stamp(void);

/*
 * Reads every executable segment into `arena`, sorted by start. `generation`
 * and `is_gone` stay 0. EVPROF_ENOMEM.
 */
int evprof_loader_read(evprof_arena_t *arena, evprof_loader_list_t *out);

/*
 * Replaces the paths of `list` by the names that /proc/self/maps gives, where
 * it has one. EVPROF_ENOMEM, EVPROF_EIO.
 */
int evprof_loader_name(evprof_arena_t *arena, evprof_loader_list_t *list);

#endif
