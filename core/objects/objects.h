/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_OBJECTS_OBJECTS_H
#define EVPROF_OBJECTS_OBJECTS_H

/*
 * Which objects are loaded where. A snapshot is an immutable array sorted by
 * address, replaced when the loader's counters (dlpi_adds, dlpi_subs) have
 * moved; whoever holds one keeps it alive. Nothing here may run in a signal
 * handler: handlers read the map that core/unwind makes of a snapshot.
 */

#include <link.h>
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
    /* Of the file, as the kernel has it; both 0: not known. */
    uint64_t device;
    uint64_t inode;
    /* The kernel's piece of memory that `start` lies in, 0: not known. */
    uintptr_t piece_start;
    uintptr_t piece_limit;
    bool is_permanent;   /* the program needs it by name: never unloaded */
    bool is_gone;        /* unloaded */
    uint32_t born_epoch; /* in which it was seen first */
    /* Of an object that is gone: it was there in the epochs before this one, at
     * an address higher by `shift` (modulo the address space). The shift is not
     * 0 when another object has taken its place since: then `start`, `limit`
     * and `bias` are addresses of its own, where nothing can be. */
    uint32_t gone_epoch;
    uintptr_t shift;
    bool is_vague; /* nobody saw it go: the epoch is one too late, maybe */
} evprof_object_t;

typedef struct evprof_objects {
    size_t count;
    const evprof_object_t *items; /* sorted by start, none overlaps another */
    size_t main_index;            /* first segment of the executable itself */
    uint32_t epoch;               /* of unloading, when this was read */
    bool has_moved;               /* some object that is gone has a shift */
    uint32_t forgotten_epoch;     /* who went up to then may be missing here */
} evprof_objects_t;

/*
 * Looks at the loader and publishes a new snapshot if anything moved. MT-Safe,
 * not async-signal-safe. An unloaded object stays, as `is_gone`, so that
 * samples taken in it can still be named. EVPROF_ENOMEM, EVPROF_EIO; the old
 * snapshot then stays.
 */
int evprof_objects_refresh(void);

/*
 * dl_iterate_phdr() for threads of ours, with its callback and its result: a
 * fork waits until the walk is over, since its child could load nothing if the
 * loader's own lock were held. The callback may allocate, and not walk again.
 * MT-Safe, not async-signal-safe, not in handlers of pthread_atfork().
 */
int evprof_objects_walk(int (*callback)(struct dl_phdr_info *, size_t, void *),
                        void *ctx);

/*
 * The current snapshot, kept alive until released; the first call looks at the
 * loader by itself. NULL only when memory is out and there is none yet.
 * MT-Safe, not async-signal-safe.
 */
const evprof_objects_t *evprof_objects_acquire(void);

/*
 * The wrapper of dlclose() calls this before objects are unloaded: all loaded
 * objects are known then, and those that are missing afterwards are known to
 * have gone during this call. Does nothing before the first look at the
 * objects, and while a fork goes on that another look would wait for. MT-Safe,
 * may be nested, also in handlers of pthread_atfork().
 */
void evprof_objects_unloading(void);

/* Ends what evprof_objects_unloading() began. */
void evprof_objects_unloaded(void);

/*
 * Where code that stood at `pc` in that epoch is in the snapshot: at `pc`, or
 * at an address of an object that is gone. `*is_vague` is set when it may have
 * been another object's.
 */
uintptr_t evprof_objects_place(const evprof_objects_t *objects, uintptr_t pc,
                               uint32_t epoch, bool *is_vague);

/* Gives a snapshot back; NULL is ignored. MT-Safe. */
void evprof_objects_release(const evprof_objects_t *objects);

/* The object that holds `pc`, or NULL. Any thread that holds the snapshot. */
const evprof_object_t *evprof_objects_find(const evprof_objects_t *objects,
                                           uintptr_t pc);

#endif
