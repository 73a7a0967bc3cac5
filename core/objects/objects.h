/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_OBJECTS_OBJECTS_H
#define EVPROF_OBJECTS_OBJECTS_H

/*
 * Which objects are loaded where. A snapshot is an immutable array sorted by
 * address, replaced when the loader's counters (dlpi_adds, dlpi_subs) have
 * moved; whoever holds one keeps it alive. Nothing here may run in a signal
 * handler: handlers read the map that core/unwind makes of a snapshot.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One executable segment of a loaded object. */
typedef struct evprof_object {
    uintptr_t start;        /* of the executable segment, page aligned */
    uintptr_t limit;        /* first address after it */
    uint64_t offset;        /* of the segment in the file */
    uintptr_t bias;         /* what was added to the file's virtual addresses */
    const char *path;       /* as the kernel names it; "[vdso]" for the vdso */
    const char *build_id;   /* hex of the GNU note, or "" */
    uintptr_t eh_frame_hdr; /* address in memory, 0: none */
    size_t eh_frame_hdr_size;
    uintptr_t eh_low; /* the readable segment that holds eh_frame_hdr */
    uintptr_t eh_high;
    /* The lowest address of the object, and a few bytes in its first page by
     * which it can be told whether it is still there: see identity.h. */
    uintptr_t low;
    uintptr_t id_address; /* 0: it has no first page that is its own */
    size_t id_size;
    uint64_t identity;
    uint64_t generation; /* differs when another file is mapped here later */
    bool is_permanent;   /* the program needs it by name: never unloaded */
    bool is_gone;        /* unloaded, and nothing else took its place yet */
} evprof_object_t;

typedef struct evprof_objects {
    size_t count;
    const evprof_object_t *items; /* sorted by start, none overlaps another */
    size_t main_index;            /* first segment of the executable itself */
} evprof_objects_t;

/*
 * Looks at the loader and publishes a new snapshot if anything moved. MT-Safe,
 * not async-signal-safe. An unloaded object stays, as `is_gone`, while its
 * addresses are free, so that samples taken in it can still be named.
 * EVPROF_ENOMEM, EVPROF_EIO; the old snapshot then stays.
 */
int evprof_objects_refresh(void);

/*
 * The current snapshot, kept alive until released; the first call looks at the
 * loader by itself. NULL only when memory is out and there is none yet.
 * MT-Safe, not async-signal-safe.
 */
const evprof_objects_t *evprof_objects_acquire(void);

/* Gives a snapshot back; NULL is ignored. MT-Safe. */
void evprof_objects_release(const evprof_objects_t *objects);

/* The object that holds `pc`, or NULL. Any thread that holds the snapshot. */
const evprof_object_t *evprof_objects_find(const evprof_objects_t *objects,
                                           uintptr_t pc);

#endif
