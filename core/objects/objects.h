/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_OBJECTS_OBJECTS_H
#define EVPROF_OBJECTS_OBJECTS_H

/*
 * Which objects are loaded where. A snapshot is an immutable array sorted by
 * address, published by one atomic pointer; handlers may read it, whoever holds
 * it keeps it alive. The worker thread replaces it when the loader's counters
 * (dlpi_adds, dlpi_subs) have moved.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One executable segment of a loaded object. */
typedef struct evprof_object {
    uintptr_t start; /* of the executable segment, page aligned */
    uintptr_t limit; /* first address after it */
    uint64_t offset; /* of the segment in the file */
    uintptr_t bias;  /* what was added to the file's virtual addresses */
    const char *path; /* as the kernel names it; "[vdso]" for the vdso */
    const char *build_id; /* hex of the GNU note, or "" */
    uintptr_t eh_frame_hdr; /* address in memory, 0: none */
    size_t eh_frame_hdr_size;
    uint64_t generation; /* differs when another file is mapped here later */
} evprof_object_t;

typedef struct evprof_objects {
    size_t count;
    const evprof_object_t *items; /* sorted by start; [0] of `main_index` ... */
    size_t main_index;            /* the executable itself */
} evprof_objects_t;

/* Looks at the loader and publishes a new snapshot if anything moved. Not in a
 * handler. EVPROF_ENOMEM, EVPROF_EIO; the old snapshot then stays. */
int evprof_objects_refresh(void);

/* The current snapshot, kept alive until released; never NULL after the first
 * refresh. Not for handlers, which have their own entry in sig_objects.h. */
const evprof_objects_t *evprof_objects_acquire(void);
void evprof_objects_release(const evprof_objects_t *objects);

/* The object that holds `pc`, or NULL. */
const evprof_object_t *evprof_objects_find(const evprof_objects_t *objects,
                                           uintptr_t pc);

#endif
