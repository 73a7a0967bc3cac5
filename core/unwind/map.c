/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the handlers' map from a snapshot of the loaded objects, and frees old
 * maps once the epochs say that no handler can hold them. The long lock
 * `refreshing` keeps two refreshes apart; a forked child resets it, since the
 * thread that held it is gone there. The short lock `publishing` guards the
 * list of retired maps; a fork takes it, so that a child never sees the list
 * half-changed.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "core/base/lock.h"
#include "core/base/look_up.h"
#include "core/objects/objects.h"
#include "core/unwind/row_rules.h"
#include "core/unwind/sig_arch.h"
#include "core/unwind/sig_map.h"
#include "core/unwind/tables.h"
#include "core/unwind/unwind.h"

typedef struct retired {
    struct retired *next;
    const evprof_map_t *map;
    uint64_t stamp;
} retired_t;

static evprof_lock_t refreshing;
static evprof_lock_t publishing;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static const evprof_objects_t *mapped; /* what the current map was made of */
static retired_t *retired_maps;

static void
fork_prepare(void)
{
    evprof_lock_enter(&publishing);
}

static void
fork_parent(void)
{
    evprof_lock_leave(&publishing);
}

/* Threads that were in a walk do not exist in the child. */
static void
fork_child(void)
{
    atomic_store(&evprof_map_epoch.readers[0], 0);
    atomic_store(&evprof_map_epoch.readers[1], 0);
    evprof_lock_leave(&publishing);
    evprof_lock_reset(&refreshing);
    evprof_rules_after_fork();
}

static void
watch_forks(void)
{
    pthread_atfork(fork_prepare, fork_parent, fork_child);
}

static uintptr_t bottoms[2]; /* functions of libc */

/* Looked up before main(): later, a thread that is stuck in dlopen() holds the
 * lock that a lookup takes, and no map could be made. */
__attribute__((constructor(101))) static void
find_bottoms(void)
{
    bottoms[0] = (uintptr_t)evprof_look_up(RTLD_DEFAULT, "__libc_start_main");
    bottoms[1] = (uintptr_t)evprof_look_up(RTLD_DEFAULT, "abort");
}

/* Whether the object is libc or the loader, where threads and main() start. */
static bool
holds_bottom(const evprof_object_t *object)
{
    for (size_t i = 0; i < sizeof(bottoms) / sizeof(bottoms[0]); i++) {
        if (bottoms[i] >= object->start && bottoms[i] < object->limit) {
            return true;
        }
    }
    return false;
}

/* Tables are shared by the maps that name them; guarded by `publishing`. */
typedef struct shared_table {
    struct shared_table *next;
    uint64_t generation; /* of the object */
    size_t maps;
    evprof_table_t *table; /* NULL: it has none */
} shared_table_t;

static shared_table_t *shared_tables;

static shared_table_t *
find_shared(uint64_t generation)
{
    shared_table_t *one = shared_tables;
    while (one != NULL && one->generation != generation) {
        one = one->next;
    }
    return one;
}

static evprof_segment_t
segment_of(const evprof_object_t *object)
{
    shared_table_t *shared = find_shared(object->generation);
    return (evprof_segment_t){
        .start = object->start,
        .limit = object->limit,
        .table = shared == NULL ? NULL : shared->table,
        .low = object->low,
        .id_address = object->id_address,
        .id_size = object->id_size,
        .identity = object->identity,
        .generation = object->generation,
        .born_epoch = object->born_epoch,
        .eh_frame_hdr = object->eh_frame_hdr,
        .eh_low = object->eh_low,
        .eh_high = object->eh_high,
        .is_permanent = object->is_permanent,
        .is_bottom = object->is_permanent && holds_bottom(object),
    };
}

static evprof_map_t *
map_new(const evprof_objects_t *objects)
{
    evprof_map_t *map =
        calloc(1, sizeof(*map) + objects->count * sizeof(map->segments[0]));
    if (map == NULL) {
        return NULL;
    }
    map->epoch = objects->epoch;
    for (size_t i = 0; i < objects->count; i++) {
        if (!objects->items[i].is_gone) {
            map->segments[map->count++] = segment_of(&objects->items[i]);
        }
    }
    return map;
}

/* The address that functions started by makecontext() return to. */
static uintptr_t
find_bottom(void)
{
    ucontext_t context;
    uintptr_t stack[64];
    if (getcontext(&context) != 0) {
        return 0;
    }
    memset(stack, 0, sizeof(stack));
    context.uc_stack.ss_sp = stack;
    context.uc_stack.ss_size = sizeof(stack);
    context.uc_link = NULL;
    makecontext(&context, watch_forks, 0);
    return evprof_arch_return_of_context(&context);
}

/* Lists the new objects: those without a shared_table, not even an empty
 * one. */
static size_t
list_jobs(const evprof_objects_t *objects, evprof_table_job_t *jobs)
{
    size_t count = 0;
    uintptr_t bottom = find_bottom();
    uintptr_t main_bias = objects->items[objects->main_index].bias;
    for (size_t i = 0; i < objects->count; i++) {
        const evprof_object_t *object = &objects->items[i];
        if (!object->is_gone && object->path[0] != '[' &&
            find_shared(object->generation) == NULL) {
            jobs[count++] = (evprof_table_job_t){
                .object = object,
                .is_main = object->bias == main_bias,
                .bottom = bottom,
            };
        }
    }
    return count;
}

/* Takes the tables over. When there is no memory to keep one it is freed, and
 * its frames are stepped by the call-frame data in memory. */
static void
share_tables(const evprof_table_job_t *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        shared_table_t *one = calloc(1, sizeof(*one));
        if (one == NULL) {
            evprof_table_free(jobs[i].table);
            continue;
        }
        one->generation = jobs[i].object->generation;
        one->table = jobs[i].table;
        evprof_lock_enter(&publishing);
        one->next = shared_tables;
        shared_tables = one;
        evprof_lock_leave(&publishing);
    }
}

static int
build_tables(const evprof_objects_t *objects)
{
    evprof_table_job_t *jobs = calloc(objects->count + 1, sizeof(*jobs));
    if (jobs == NULL) {
        return EVPROF_ENOMEM;
    }
    size_t count = list_jobs(objects, jobs);
    int status = evprof_tables_build(jobs, count);
    share_tables(jobs, count);
    free(jobs);
    return status;
}

/* Adds the map to, or removes it from, the users of the tables that it
 * names. */
static void
count_map(const evprof_map_t *map, bool is_coming)
{
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        shared_table_t *one = find_shared(map->segments[i].generation);
        if (one != NULL) {
            one->maps = is_coming ? one->maps + 1 : one->maps - 1;
        }
    }
}

static void
free_unused_tables(void)
{
    shared_table_t **at = &shared_tables;
    while (*at != NULL) {
        shared_table_t *one = *at;
        if (one->maps == 0) {
            *at = one->next;
            evprof_table_free(one->table);
            free(one);
        } else {
            at = &one->next;
        }
    }
}

/* Frees the retired maps that no reader can hold any more. */
static void
reclaim(void)
{
    evprof_epoch_advance(&evprof_map_epoch);
    retired_t **at = &retired_maps;
    while (*at != NULL) {
        retired_t *one = *at;
        if (evprof_epoch_passed(&evprof_map_epoch, one->stamp)) {
            *at = one->next;
            count_map(one->map, false);
            free((void *)(uintptr_t)one->map); // NOLINT
            free(one);
        } else {
            at = &one->next;
        }
    }
    free_unused_tables();
}

static void
publish(const evprof_map_t *map, retired_t *old)
{
    evprof_lock_enter(&publishing);
    count_map(map, true);
    old->map = atomic_exchange(&evprof_map_current, map);
    old->stamp = evprof_epoch_stamp(&evprof_map_epoch);
    old->next = retired_maps;
    retired_maps = old;
    reclaim();
    evprof_lock_leave(&publishing);
}

static int
replace_map(const evprof_objects_t *objects)
{
    int status = build_tables(objects);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_map_t *map = map_new(objects);
    retired_t *old = calloc(1, sizeof(*old));
    if (map == NULL || old == NULL) {
        free(map);
        free(old);
        return EVPROF_ENOMEM;
    }
    publish(map, old);
    return EVPROF_OK;
}

static int
refresh_locked(void)
{
    /* Cleared first: code that a walk meets from now on asks for another
     * refresh. */
    atomic_store(&evprof_map_is_stale, false);
    int status = evprof_objects_refresh();
    if (status != EVPROF_OK) {
        return status;
    }
    const evprof_objects_t *objects = evprof_objects_acquire();
    if (objects == mapped) {
        evprof_objects_release(objects);
        evprof_lock_enter(&publishing);
        reclaim();
        evprof_lock_leave(&publishing);
        return EVPROF_OK;
    }
    status = replace_map(objects);
    if (status != EVPROF_OK) {
        evprof_objects_release(objects);
        return status;
    }
    evprof_objects_release(mapped);
    mapped = objects;
    return EVPROF_OK;
}

int
evprof_unwind_refresh(void)
{
    pthread_once(&fork_once, watch_forks);
    evprof_lock_enter(&refreshing);
    int status = refresh_locked();
    evprof_lock_leave(&refreshing);
    return status;
}
