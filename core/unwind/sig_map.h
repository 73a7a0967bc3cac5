/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_MAP_H
#define EVPROF_UNWIND_SIG_MAP_H

/*
 * What handlers know of the loaded objects: an immutable sorted array behind
 * one atomic pointer. A reader is counted between pin and unpin. The map may be
 * out of date: before memory of an object that can be unloaded is read,
 * _dl_find_object() is asked whether the object is still there.
 */

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/objects/identity.h"
#include "core/unwind/sig_epoch.h"

struct evprof_table;

/* One executable segment. */
typedef struct evprof_segment {
    uintptr_t start;
    uintptr_t limit;
    const struct evprof_table *table; /* NULL: only raw call-frame data */
    uintptr_t eh_frame_hdr;           /* 0: none in memory */
    /* [eh_low, eh_high): readable memory around it */
    uintptr_t eh_low;
    uintptr_t eh_high;
    uintptr_t low; /* of the object, see core/objects */
    uintptr_t id_address;
    size_t id_size;
    uint64_t identity;
    uint64_t generation;
    uint32_t born_epoch;
    bool is_permanent; /* can never be unloaded */
    bool is_bottom;    /* libc or ld.so: where stacks begin */
} evprof_segment_t;

typedef struct evprof_map {
    /* The unloading epoch (core/objects/epoch.h) that the map was made in. */
    uint32_t epoch;
    size_t count;
    evprof_segment_t segments[];
} evprof_map_t;

typedef struct evprof_pinned {
    const evprof_map_t *map; /* NULL: no map was made yet */
    unsigned slot;
} evprof_pinned_t;

extern _Atomic(const evprof_map_t *) evprof_map_current;
extern evprof_epoch_t evprof_map_epoch;

/* Set by a walk that met an address outside the map, cleared by a refresh. */
extern atomic_bool evprof_map_is_stale;

/* glibc has it since 2.35; it is lock-free and signal-safe. */
extern int evprof_dl_find_object(void *pc, struct dl_find_object *out) __asm__(
    "_dl_find_object") __attribute__((weak));

/* Keeps the current map until evprof_map_unpin(). Signal-safe. */
static inline evprof_pinned_t
evprof_map_pin(void)
{
    evprof_pinned_t out = { .slot = evprof_epoch_enter(&evprof_map_epoch) };
    out.map = atomic_load(&evprof_map_current);
    return out;
}

/* Releases a pinned map. Signal-safe. */
static inline void
evprof_map_unpin(evprof_pinned_t pinned)
{
    evprof_epoch_leave(&evprof_map_epoch, pinned.slot);
}

/* The segment that holds `pc`, or NULL. */
static inline const evprof_segment_t *
evprof_map_find(const evprof_map_t *map, uintptr_t pc)
{
    size_t low = 0;
    size_t high = map == NULL ? 0 : map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const evprof_segment_t *segment = &map->segments[middle];
        if (pc < segment->start) {
            high = middle;
        } else if (pc >= segment->limit) {
            low = middle + 1;
        } else {
            return segment;
        }
    }
    return NULL;
}

/*
 * Whether the segment is still loaded, and no other object has taken its place:
 * then its memory may be read and its table holds.
 */
static inline bool
evprof_map_is_loaded(const evprof_segment_t *segment)
{
    if (segment->is_permanent) {
        return true;
    }
    struct dl_find_object found;
    void *pc = (void *)segment->start; // NOLINT(performance-no-int-to-ptr)
    return evprof_dl_find_object != NULL && segment->id_address != 0 &&
           evprof_dl_find_object(pc, &found) == 0 &&
           (uintptr_t)found.dlfo_map_start == segment->low &&
           (uintptr_t)found.dlfo_map_end >= segment->limit &&
           (uintptr_t)found.dlfo_eh_frame == segment->eh_frame_hdr &&
           evprof_object_identity(segment->id_address, segment->id_size) ==
               segment->identity;
}

#endif
