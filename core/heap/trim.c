/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stack begins inside the allocator, with the function that took it, and goes
 * on to the caller of malloc. Call sites in the allocator are few, so a small
 * table of what their names said spares nearly all look-ups.
 */
#include "core/heap/trim.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/heap/jemalloc.h"

/* Whether a function of that name belongs to an allocator. */
static bool
is_allocator_name(const char *name)
{
    static const char *const prefixes[] = {
        "je_",     "_rjem_",        "jemalloc_",      "prof_",
        "imalloc", "irallocx",      "do_mallocx",     "do_rallocx",
        "mallocx", "rallocx",       "malloc_default", "operator new",
        "newImpl", "fallback_impl",
    };
    static const char *const names[] = {
        "malloc",   "calloc", "realloc", "reallocarray",  "aligned_alloc",
        "memalign", "valloc", "pvalloc", "posix_memalign"
    };
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool
evprof_heap_trim_begin(evprof_heap_trim_t *trim,
                       const char *(*name)(uintptr_t pc))
{
    memset(trim, 0, sizeof(*trim));
    trim->name = name;
    (void)evprof_objects_refresh();
    trim->objects = evprof_objects_acquire();
    if (trim->objects == NULL) {
        return false;
    }
    trim->allocator =
        evprof_objects_find(trim->objects, evprof_jemalloc_address());
    trim->is_alone = trim->allocator != NULL &&
                     strstr(trim->allocator->path, "libjemalloc") != NULL;
    const evprof_object_t *own =
        evprof_objects_find(trim->objects, (uintptr_t)&evprof_heap_trim);
    const evprof_object_t *program =
        &trim->objects->items[trim->objects->main_index];
    trim->own = own != NULL && own->bias != program->bias ? own : NULL;
    const evprof_object_t *counter =
        evprof_objects_find(trim->objects, evprof_jemalloc_counter());
    trim->counter = counter != program ? counter : NULL;
    return true;
}

void
evprof_heap_trim_end(evprof_heap_trim_t *trim)
{
    evprof_objects_release(trim->objects);
    trim->objects = NULL;
}

static bool
holds(const evprof_object_t *object, uintptr_t address)
{
    return object != NULL && address >= object->start &&
           address < object->limit;
}

static bool
is_allocator(evprof_heap_trim_t *trim, uintptr_t pc)
{
    uintptr_t site = pc - 1;
    if (holds(trim->own, site) || holds(trim->counter, site)) {
        return true;
    }
    if (!holds(trim->allocator, site) || trim->is_alone) {
        return holds(trim->allocator, site);
    }
    size_t at = evprof_hash_mix(site) % EVPROF_HEAP_TRIM_SLOTS;
    if (trim->slots[at].pc != site) {
        const char *name = trim->name(site);
        trim->slots[at].pc = site;
        trim->slots[at].is_allocator = name != NULL && is_allocator_name(name);
    }
    return trim->slots[at].is_allocator;
}

size_t
evprof_heap_trim(evprof_heap_trim_t *trim, const uintptr_t *pcs, size_t count)
{
    size_t skip = 0;
    while (skip + 1 < count && is_allocator(trim, pcs[skip])) {
        skip++;
    }
    return skip;
}
