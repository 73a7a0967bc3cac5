/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The current snapshot and those that somebody still holds. Each snapshot owns
 * an arena with all its strings, so that it goes away in one step. A mutex
 * guards the pointer and the counts and is held for moments only; reading the
 * loader happens under a second one, so that two threads do not do it at once.
 * A third is held while the loader's list is walked, by whomever. A fork takes
 * all three: glibc 2.36 does not make dl_iterate_phdr's lock new in the child,
 * so a child of a fork that came while one of our threads held that lock would
 * wait for it for ever.
 *
 * Handlers of the application may run while a fork has the locks, and they may
 * wait for a thread that is about to unload something, or unload something
 * themselves. So dlclose() waits for none of them while a fork goes on: what it
 * would have looked at is only named more vaguely.
 */
#include "core/objects/objects.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/base/clock.h"
#include "core/base/lock.h"
#include "core/objects/epoch.h"
#include "core/objects/loader.h"

typedef struct snapshot {
    evprof_objects_t objects; /* first: the public pointer is this one */
    evprof_arena_t arena;
    evprof_loader_stamp_t stamp;
    size_t holders;
} snapshot_t;

/* Objects that are gone and still remembered: enough to name the plugins of a
 * long profile, few enough to scan. */
#define MOST_GONE ((size_t)256)

/* Objects whose place was taken are moved here, where no program has an
 * address. */
#define MOVED_BASE UINT64_C(0x4000000000000000)
#define MOVED_STEP UINT64_C(0x0000000100000000)

/* How soon dlclose(), waiting for a reader, sees that a fork has begun. */
#define LOOK_FOR_FORKS_NS INT64_C(1000000)

_Atomic uint32_t evprof_unload_epoch;

static evprof_lock_t publishing;
static evprof_lock_t reading;
static snapshot_t *current;
static _Atomic bool has_looked;    /* `current` is there */
static _Atomic uint32_t unloading; /* calls of dlclose that go on */
static _Atomic uint32_t forking;   /* calls of fork that go on */
static uint64_t moved_count;
static uint64_t last_generation;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void
fork_prepare(void)
{
    /* This comes first, so that no thread begins to wait for the locks that are
     * held from here on. */
    atomic_fetch_add(&forking, 1);
    evprof_lock_enter(&reading);
    evprof_lock_enter(&publishing);
    evprof_loader_hold();
}

static void
leave_all(void)
{
    evprof_loader_let_go();
    evprof_lock_leave(&publishing);
    evprof_lock_leave(&reading);
}

static void
fork_parent(void)
{
    leave_all();
    atomic_fetch_sub(&forking, 1);
}

/* Forks that other threads of the parent had begun do not go on in the
 * child. */
static void
fork_child(void)
{
    leave_all();
    atomic_store(&forking, 0);
}

static void
watch_forks(void)
{
    pthread_atfork(fork_prepare, fork_parent, fork_child);
}

static void
snapshot_free(snapshot_t *snapshot)
{
    if (snapshot != NULL) {
        evprof_arena_free(&snapshot->arena);
        free(snapshot);
    }
}

static const evprof_object_t *
find_overlap(const evprof_object_t *items, size_t count,
             const evprof_object_t *one)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (items[middle].limit <= one->start) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && items[low].start < one->limit ? &items[low] : NULL;
}

static bool
is_same(const evprof_object_t *a, const evprof_object_t *b)
{
    /* A file that is renamed or removed has another path but is the same
     * file. */
    bool is_file_same = a->inode != 0 && b->inode != 0
                            ? a->inode == b->inode && a->device == b->device
                            : strcmp(a->path, b->path) == 0;
    return a->start == b->start && a->limit == b->limit && a->bias == b->bias &&
           is_file_same && strcmp(a->build_id, b->build_id) == 0;
}

/* Objects that were there before keep their generation. An object in the place
 * of one that is gone cannot be older than the end of that one. */
static void
number(evprof_loader_list_t *list, const snapshot_t *old)
{
    for (size_t i = 0; i < list->count; i++) {
        evprof_object_t *object = &list->items[i];
        const evprof_object_t *before =
            old == NULL
                ? NULL
                : find_overlap(old->objects.items, old->objects.count, object);
        bool is_known = before != NULL && is_same(before, object);
        object->generation = is_known ? before->generation : ++last_generation;
        object->born_epoch =
            is_known ? before->born_epoch : atomic_load(&evprof_unload_epoch);
    }
}

static bool
is_still_there(const evprof_loader_list_t *list, const evprof_object_t *object)
{
    const evprof_object_t *now = find_overlap(list->items, list->count, object);
    return now != NULL && is_same(now, object);
}

/* Adds the objects of the old snapshot that are not loaded any more: those that
 * were gone before, or the others. `*forgotten` is the last epoch of which an
 * object found no room. */
static size_t
collect(const evprof_loader_list_t *list, const snapshot_t *old, bool are_old,
        evprof_object_t *out, size_t count, uint32_t *forgotten)
{
    for (size_t i = old->objects.count; i-- > 0;) {
        const evprof_object_t *object = &old->objects.items[i];
        if (object->is_gone != are_old || is_still_there(list, object)) {
            continue;
        }
        if (count < MOST_GONE) {
            out[count++] = *object;
        } else if (object->gone_epoch > *forgotten) {
            *forgotten = object->gone_epoch;
        }
    }
    return count;
}

/* Those that are gone; who went first has the lowest address and is the first
 * to be forgotten. */
static size_t
collect_gone(const evprof_loader_list_t *list, snapshot_t *fresh,
             const snapshot_t *old, evprof_object_t *out)
{
    uint32_t *forgotten = &fresh->objects.forgotten_epoch;
    if (old == NULL) {
        return 0;
    }
    *forgotten = old->objects.forgotten_epoch;
    size_t count = collect(list, old, false, out, 0, forgotten);
    return collect(list, old, true, out, count, forgotten);
}

/* All objects that are gone since the last look count as gone in one epoch. */
static void
date_gone(evprof_object_t *gone, size_t count)
{
    uint32_t epoch = 0;
    for (size_t i = 0; i < count; i++) {
        if (!gone[i].is_gone) {
            epoch = epoch != 0 ? epoch
                               : atomic_fetch_add(&evprof_unload_epoch, 1) + 1;
            gone[i].is_gone = true;
            gone[i].is_permanent = false;
            gone[i].gone_epoch = epoch;
            gone[i].is_vague = atomic_load(&unloading) == 0;
        }
    }
}

/* Whether its place was taken, by an object that is loaded or by one of `gone`
 * that went later. */
static bool
has_lost_place(const evprof_loader_list_t *list, const evprof_object_t *object,
               const evprof_object_t *gone, size_t count)
{
    bool is_lost = find_overlap(list->items, list->count, object) != NULL;
    for (size_t i = 0; i < count && !is_lost; i++) {
        is_lost = gone[i].gone_epoch > object->gone_epoch &&
                  gone[i].start < object->limit &&
                  object->start < gone[i].limit;
    }
    return is_lost;
}

/* Gives objects whose place was taken an address range of their own. */
static void
move_gone(const evprof_loader_list_t *list, evprof_object_t *gone, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        evprof_object_t *object = &gone[i];
        if (object->shift == 0 && has_lost_place(list, object, gone, count)) {
            uintptr_t start = MOVED_BASE + MOVED_STEP * moved_count++;
            uintptr_t by = start - object->start;
            object->shift = (uintptr_t)0 - by;
            object->start = start;
            object->limit += by;
            object->bias += by;
        }
    }
    if (count > 1) {
        qsort(gone, count, sizeof(*gone), evprof_object_compare_start);
    }
}

static int
copy_gone(evprof_arena_t *arena, evprof_object_t *to,
          const evprof_object_t *from)
{
    *to = *from;
    to->path = evprof_arena_strndup(arena, from->path, strlen(from->path));
    to->build_id =
        evprof_arena_strndup(arena, from->build_id, strlen(from->build_id));
    return to->path == NULL || to->build_id == NULL ? EVPROF_ENOMEM : EVPROF_OK;
}

/* Both inputs are sorted and do not overlap: a merge keeps that. */
static int
merge(snapshot_t *snapshot, const evprof_loader_list_t *list,
      const evprof_object_t *gone, size_t gone_count)
{
    evprof_object_t *items = evprof_arena_calloc(
        &snapshot->arena, list->count + gone_count, sizeof(*items));
    if (items == NULL) {
        return EVPROF_ENOMEM;
    }
    size_t at = 0;
    size_t g = 0;
    for (size_t i = 0; i < list->count; i++) {
        for (; g < gone_count && gone[g].start < list->items[i].start; g++) {
            if (copy_gone(&snapshot->arena, &items[at++], &gone[g]) != 0) {
                return EVPROF_ENOMEM;
            }
        }
        items[at++] = list->items[i];
    }
    for (; g < gone_count; g++) {
        snapshot->objects.has_moved |= gone[g].shift != 0;
        if (copy_gone(&snapshot->arena, &items[at++], &gone[g]) != 0) {
            return EVPROF_ENOMEM;
        }
    }
    snapshot->objects.items = items;
    snapshot->objects.count = at;
    return EVPROF_OK;
}

static size_t
find_main(const evprof_objects_t *objects, uintptr_t bias)
{
    for (size_t i = 0; i < objects->count; i++) {
        const evprof_object_t *object = &objects->items[i];
        if (!object->is_gone && object->bias == bias) {
            return i;
        }
    }
    return 0;
}

static int
snapshot_fill(snapshot_t *snapshot, const snapshot_t *old)
{
    evprof_loader_list_t list;
    int status = evprof_loader_read(&snapshot->arena, &list);
    if (status == EVPROF_OK) {
        status = evprof_loader_name(&snapshot->arena, &list);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_object_t *gone = calloc(MOST_GONE, sizeof(*gone));
    if (gone == NULL) {
        return EVPROF_ENOMEM;
    }
    size_t gone_count = collect_gone(&list, snapshot, old, gone);
    date_gone(gone, gone_count);
    number(&list, old);
    snapshot->objects.epoch = atomic_load(&evprof_unload_epoch);
    move_gone(&list, gone, gone_count);
    status = merge(snapshot, &list, gone, gone_count);
    free(gone);
    snapshot->stamp = list.stamp;
    snapshot->objects.main_index =
        find_main(&snapshot->objects, list.main_bias);
    return status;
}

static void
publish(snapshot_t *snapshot)
{
    evprof_lock_enter(&publishing);
    snapshot_t *old = current;
    current = snapshot;
    bool is_free = old != NULL && old->holders == 0;
    evprof_lock_leave(&publishing);
    atomic_store(&has_looked, true);
    if (is_free) {
        snapshot_free(old);
    }
}

/* Only the holder of `reading` replaces `current`, so reading it needs no lock
 * there. */
static int
refresh_locked(void)
{
    evprof_loader_stamp_t stamp = evprof_loader_stamp();
    if (current != NULL && stamp.adds == current->stamp.adds &&
        stamp.subs == current->stamp.subs) {
        return EVPROF_OK;
    }
    snapshot_t *snapshot = calloc(1, sizeof(*snapshot));
    if (snapshot == NULL) {
        return EVPROF_ENOMEM;
    }
    int status = snapshot_fill(snapshot, current);
    if (status != EVPROF_OK) {
        snapshot_free(snapshot);
        return status;
    }
    publish(snapshot);
    return EVPROF_OK;
}

int
evprof_objects_walk(int (*callback)(struct dl_phdr_info *, size_t, void *),
                    void *ctx)
{
    pthread_once(&fork_once, watch_forks);
    return evprof_loader_walk(callback, ctx);
}

int
evprof_objects_refresh(void)
{
    pthread_once(&fork_once, watch_forks);
    evprof_lock_enter(&reading);
    int status = refresh_locked();
    evprof_lock_leave(&reading);
    return status;
}

/* Takes `reading`, unless a fork goes on: false. The wait is in pieces, since a
 * fork may begin during it and take the lock first; and it is not on the lock's
 * own word, where it would take the wake-up of a thread that waits in the lock,
 * which then sleeps for ever. */
static bool
enter_unless_forking(void)
{
    static _Atomic uint32_t nobody_wakes;
    while (!evprof_lock_try(&reading)) {
        if (atomic_load(&forking) != 0) {
            return false;
        }
        evprof_futex_wait(&nobody_wakes, 0,
                          evprof_clock_ns(CLOCK_MONOTONIC) + LOOK_FOR_FORKS_NS);
    }
    return true;
}

/* A snapshot exists, so forks are watched already. */
static void
refresh_unless_forking(void)
{
    if (atomic_load(&has_looked) && enter_unless_forking()) {
        (void)refresh_locked();
        evprof_lock_leave(&reading);
    }
}

void
evprof_objects_unloading(void)
{
    atomic_fetch_add(&unloading, 1);
    refresh_unless_forking();
}

void
evprof_objects_unloaded(void)
{
    refresh_unless_forking();
    atomic_fetch_sub(&unloading, 1);
}

static snapshot_t *
hold_current(void)
{
    evprof_lock_enter(&publishing);
    snapshot_t *out = current;
    if (out != NULL) {
        out->holders++;
    }
    evprof_lock_leave(&publishing);
    return out;
}

const evprof_objects_t *
evprof_objects_acquire(void)
{
    snapshot_t *out = hold_current();
    if (out == NULL && evprof_objects_refresh() == EVPROF_OK) {
        out = hold_current();
    }
    return out == NULL ? NULL : &out->objects;
}

void
evprof_objects_release(const evprof_objects_t *objects)
{
    if (objects == NULL) {
        return;
    }
    evprof_lock_enter(&publishing);
    snapshot_t *snapshot =
        (snapshot_t *)(uintptr_t)objects; // NOLINT(*-int-to-ptr)
    snapshot->holders--;
    bool is_free = snapshot->holders == 0 && snapshot != current;
    evprof_lock_leave(&publishing);
    if (is_free) {
        snapshot_free(snapshot);
    }
}

const evprof_object_t *
evprof_objects_find(const evprof_objects_t *objects, uintptr_t pc)
{
    const evprof_object_t one = { .start = pc, .limit = pc + 1 };
    return find_overlap(objects->items, objects->count, &one);
}

/* Whether code of `object`, which is gone, stood at `pc` in that epoch. */
static bool
was_there(const evprof_object_t *object, uintptr_t pc, uint32_t epoch)
{
    uintptr_t start = object->start + object->shift;
    return object->is_gone && epoch < object->gone_epoch && pc >= start &&
           pc < object->limit + object->shift;
}

uintptr_t
evprof_objects_place(const evprof_objects_t *objects, uintptr_t pc,
                     uint32_t epoch, bool *is_vague)
{
    const evprof_object_t *found = NULL;
    for (size_t i = 0; objects->has_moved && i < objects->count; i++) {
        const evprof_object_t *object = &objects->items[i];
        if (was_there(object, pc, epoch) &&
            (found == NULL || object->gone_epoch < found->gone_epoch)) {
            found = object;
        }
    }
    if (found == NULL || found->shift == 0) {
        const evprof_object_t *now =
            found == NULL && epoch < objects->forgotten_epoch
                ? evprof_objects_find(objects, pc)
                : NULL;
        *is_vague = *is_vague || (now != NULL && !now->is_permanent);
        return pc;
    }
    *is_vague =
        *is_vague || (found->is_vague && epoch + 1 == found->gone_epoch);
    return pc - found->shift;
}
