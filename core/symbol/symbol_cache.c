/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of files, each with two open-addressing tables: answers by address and
 * functions by (name, source, line). A file is forgotten as a whole: its
 * strings and frames live in arenas, and what a server runs moves slowly.
 */
#include "core/symbol/symbol_cache.h"

#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/base/arena.h"
#include "core/base/hash.h"
#include "core/base/strings.h"
#include "core/symbol/demangle.h"

#define FIRST_SLOT_COUNT ((size_t)64)

/* Pointers in open addressing, at most half full; NULL slots are free. */
typedef struct table {
    const void **slots;
    size_t slot_count;
    size_t count;
} table_t;

struct evprof_symbol_file {
    evprof_symbol_file_t *next;
    char *key;
    uint64_t last_used;
    evprof_strings_t strings;
    evprof_arena_t arena;
    table_t symbols;   /* of evprof_symbol_t */
    table_t functions; /* of evprof_symbol_function_t */
};

static uint64_t
symbol_hash(const void *item)
{
    const evprof_symbol_t *symbol = item;
    return evprof_hash_mix(symbol->vaddr);
}

static uint64_t
function_hash(const void *item)
{
    const evprof_symbol_function_t *f = item;
    uint64_t hash = evprof_hash_mix((uintptr_t)f->system_name);
    hash = evprof_hash_mix(hash ^ (uintptr_t)f->file);
    return evprof_hash_mix(hash ^ (uint64_t)f->start_line);
}

/* Makes room for one more; false: out of memory. */
static bool
table_reserve(table_t *table, uint64_t (*hash)(const void *item))
{
    if (table->count * 2 < table->slot_count) {
        return true;
    }
    size_t count =
        table->slot_count == 0 ? FIRST_SLOT_COUNT : table->slot_count * 2;
    const void **slots = calloc(count, sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i] == NULL) {
            continue;
        }
        size_t at = hash(table->slots[i]) & (count - 1);
        while (slots[at] != NULL) {
            at = (at + 1) & (count - 1);
        }
        slots[at] = table->slots[i];
    }
    free(table->slots);
    table->slots = slots;
    table->slot_count = count;
    return true;
}

/* Puts an item that is not in yet where there is room for it. */
static void
table_put(table_t *table, const void *item, uint64_t hash)
{
    size_t at = hash & (table->slot_count - 1);
    while (table->slots[at] != NULL) {
        at = (at + 1) & (table->slot_count - 1);
    }
    table->slots[at] = item;
    table->count++;
}

static size_t
file_bytes(const evprof_symbol_file_t *file)
{
    return sizeof(*file) + strlen(file->key) + file->arena.total +
           file->strings.arena.total +
           file->strings.slot_count * 3 * sizeof(void *) +
           (file->symbols.slot_count + file->functions.slot_count) *
               sizeof(void *);
}

static void
file_free(evprof_symbol_file_t *file)
{
    evprof_strings_free(&file->strings);
    evprof_arena_free(&file->arena);
    free(file->symbols.slots);
    free(file->functions.slots);
    free(file->key);
    free(file);
}

evprof_symbol_file_t *
evprof_symbol_cache_file(evprof_symbol_cache_t *cache, const char *key)
{
    cache->clock++;
    evprof_symbol_file_t *file = cache->files;
    while (file != NULL && strcmp(file->key, key) != 0) {
        file = file->next;
    }
    if (file == NULL) {
        file = calloc(1, sizeof(*file));
        if (file == NULL) {
            return NULL;
        }
        file->key = strdup(key);
        if (file->key == NULL) {
            free(file);
            return NULL;
        }
        file->next = cache->files;
        cache->files = file;
    }
    file->last_used = cache->clock;
    return file;
}

size_t
evprof_symbol_cache_bytes(const evprof_symbol_cache_t *cache)
{
    size_t bytes = 0;
    const evprof_symbol_file_t *file = cache->files;
    for (; file != NULL; file = file->next) {
        bytes += file_bytes(file);
    }
    return bytes;
}

static void
forget_oldest(evprof_symbol_cache_t *cache)
{
    evprof_symbol_file_t **oldest = &cache->files;
    for (evprof_symbol_file_t **at = &cache->files; *at != NULL;
         at = &(*at)->next) {
        if ((*at)->last_used < (*oldest)->last_used) {
            oldest = at;
        }
    }
    evprof_symbol_file_t *file = *oldest;
    *oldest = file->next;
    file_free(file);
}

void
evprof_symbol_cache_trim(evprof_symbol_cache_t *cache)
{
    while (cache->files != NULL &&
           evprof_symbol_cache_bytes(cache) > cache->max_bytes) {
        forget_oldest(cache);
    }
}

void
evprof_symbol_cache_free(evprof_symbol_cache_t *cache)
{
    while (cache->files != NULL) {
        forget_oldest(cache);
    }
}

const evprof_symbol_t *
evprof_symbol_file_find(const evprof_symbol_file_t *file, uint64_t vaddr)
{
    const table_t *table = &file->symbols;
    if (table->slot_count == 0) {
        return NULL;
    }
    size_t at = evprof_hash_mix(vaddr) & (table->slot_count - 1);
    for (; table->slots[at] != NULL; at = (at + 1) & (table->slot_count - 1)) {
        const evprof_symbol_t *symbol = table->slots[at];
        if (symbol->vaddr == vaddr) {
            return symbol;
        }
    }
    return NULL;
}

int
evprof_symbol_file_add(evprof_symbol_file_t *file,
                       const evprof_symbol_t *symbol)
{
    evprof_symbol_t *copy = evprof_arena_alloc(&file->arena, sizeof(*copy));
    if (copy == NULL || !table_reserve(&file->symbols, symbol_hash)) {
        return EVPROF_ENOMEM;
    }
    *copy = *symbol;
    copy->frames = NULL;
    if (symbol->count > 0) {
        size_t size = symbol->count * sizeof(*symbol->frames);
        void *frames = evprof_arena_alloc(&file->arena, size);
        if (frames == NULL) {
            return EVPROF_ENOMEM;
        }
        copy->frames = memcpy(frames, symbol->frames, size);
    }
    table_put(&file->symbols, copy, symbol_hash(copy));
    return 0;
}

static const evprof_symbol_function_t *
find_function(const table_t *table, const evprof_symbol_function_t *wanted)
{
    if (table->slot_count == 0) {
        return NULL;
    }
    size_t at = function_hash(wanted) & (table->slot_count - 1);
    for (; table->slots[at] != NULL; at = (at + 1) & (table->slot_count - 1)) {
        const evprof_symbol_function_t *f = table->slots[at];
        if (f->system_name == wanted->system_name && f->file == wanted->file &&
            f->start_line == wanted->start_line) {
            return f;
        }
    }
    return NULL;
}

/* The interned readable form of an interned linker name; NULL: no memory. */
static const char *
readable_name(evprof_symbol_file_t *file, const char *system_name)
{
    char *demangled = evprof_demangle(system_name);
    if (demangled == NULL) {
        return system_name;
    }
    const char *name = evprof_strings_intern(&file->strings, demangled);
    free(demangled);
    return name;
}

const evprof_symbol_function_t *
evprof_symbol_file_function(evprof_symbol_file_t *file, const char *system_name,
                            const char *source, int64_t start_line)
{
    evprof_symbol_function_t wanted = { .start_line = start_line };
    wanted.system_name = evprof_strings_intern(
        &file->strings, system_name == NULL ? "" : system_name);
    wanted.file =
        evprof_strings_intern(&file->strings, source == NULL ? "" : source);
    if (wanted.system_name == NULL || wanted.file == NULL) {
        return NULL;
    }
    const evprof_symbol_function_t *found =
        find_function(&file->functions, &wanted);
    if (found != NULL) {
        return found;
    }
    wanted.name = readable_name(file, wanted.system_name);
    evprof_symbol_function_t *f = evprof_arena_alloc(&file->arena, sizeof(*f));
    if (wanted.name == NULL || f == NULL ||
        !table_reserve(&file->functions, function_hash)) {
        return NULL;
    }
    *f = wanted;
    table_put(&file->functions, f, function_hash(f));
    return f;
}
