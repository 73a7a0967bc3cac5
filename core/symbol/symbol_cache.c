/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of files, each with two indexes: answers by address, and functions by
 * (name, source, line). A file is removed as a whole, since its strings and
 * frames are in arenas; this is enough, because the set of files a server runs
 * changes slowly.
 */
#include "core/symbol/symbol_cache.h"

#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/base/arena.h"
#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/base/index.h"
#include "core/base/strings.h"

/* Records of functions never move: frames point at them. */
typedef struct function_row {
    const evprof_symbol_function_t *function;
    /* Interned; NULL: the name was made from the linker's. */
    const char *given_name;
} function_row_t;

struct evprof_symbol_file {
    evprof_symbol_file_t *next;
    char *key;
    const char *unread; /* why; NULL: it was read */
    bool lacks_lines;
    char *(*demangle)(const char *name);
    uint64_t last_used;
    evprof_strings_t strings;
    evprof_arena_t arena;
    evprof_index_t symbol_index; /* row = index of `symbols` */
    evprof_symbol_t *symbols;
    size_t symbol_count;
    size_t symbol_cap;
    evprof_index_t function_index; /* row = index of `functions` */
    function_row_t *functions;
    size_t function_count;
    size_t function_cap;
};

static uint64_t
function_hash(const evprof_symbol_function_t *f)
{
    uint64_t hash = evprof_hash_mix((uintptr_t)f->system_name);
    hash = evprof_hash_mix(hash ^ (uintptr_t)f->file);
    return evprof_hash_mix(hash ^ (uint64_t)f->start_line);
}

static size_t
file_bytes(const evprof_symbol_file_t *file)
{
    return sizeof(*file) + strlen(file->key) + file->arena.total +
           file->strings.arena.total +
           file->strings.slot_count * 3 * sizeof(void *) +
           evprof_index_bytes(&file->symbol_index) +
           evprof_index_bytes(&file->function_index) +
           file->symbol_cap * sizeof(*file->symbols) +
           file->function_cap * sizeof(*file->functions);
}

static void
file_free(evprof_symbol_file_t *file)
{
    evprof_strings_free(&file->strings);
    evprof_arena_free(&file->arena);
    evprof_index_free(&file->symbol_index);
    evprof_index_free(&file->function_index);
    free(file->symbols);
    free(file->functions);
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
        file->demangle = cache->demangle;
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

void
evprof_symbol_file_set_unread(evprof_symbol_file_t *file, const char *why)
{
    file->unread = why;
}

void
evprof_symbol_file_set_lineless(evprof_symbol_file_t *file)
{
    file->lacks_lines = true;
}

bool
evprof_symbol_file_is_lineless(const evprof_symbol_file_t *file)
{
    return file->lacks_lines;
}

const char *
evprof_symbol_file_unread(const evprof_symbol_file_t *file)
{
    return file->unread;
}

void
evprof_symbol_cache_forget(evprof_symbol_cache_t *cache,
                           evprof_symbol_file_t *file)
{
    evprof_symbol_file_t **at = &cache->files;
    while (*at != file) {
        at = &(*at)->next;
    }
    *at = file->next;
    file_free(file);
}

static void
forget_oldest(evprof_symbol_cache_t *cache)
{
    evprof_symbol_file_t *oldest = cache->files;
    for (evprof_symbol_file_t *at = oldest; at != NULL; at = at->next) {
        if (at->last_used < oldest->last_used) {
            oldest = at;
        }
    }
    evprof_symbol_cache_forget(cache, oldest);
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
    evprof_index_walk_t walk = evprof_index_walk(&file->symbol_index, vaddr);
    uint32_t row;
    while ((row = evprof_index_next(&walk)) != EVPROF_INDEX_END) {
        if (file->symbols[row].vaddr == vaddr) {
            return &file->symbols[row];
        }
    }
    return NULL;
}

size_t
evprof_symbol_file_count(const evprof_symbol_file_t *file)
{
    return file->symbol_count;
}

const evprof_symbol_t *
evprof_symbol_file_at(const evprof_symbol_file_t *file, size_t i)
{
    return &file->symbols[i];
}

int
evprof_symbol_file_add(evprof_symbol_file_t *file,
                       const evprof_symbol_t *symbol)
{
    evprof_symbol_t copy = *symbol;
    evprof_symbol_t *symbols =
        evprof_grow(file->symbols, &file->symbol_cap, file->symbol_count + 1,
                    sizeof(*symbols));
    if (symbols == NULL) {
        return EVPROF_ENOMEM;
    }
    file->symbols = symbols;
    copy.frames = NULL;
    if (symbol->count > 0) {
        size_t size = symbol->count * sizeof(*symbol->frames);
        void *frames = evprof_arena_alloc(&file->arena, size);
        if (frames == NULL) {
            return EVPROF_ENOMEM;
        }
        copy.frames = memcpy(frames, symbol->frames, size);
    }
    symbols[file->symbol_count] = copy;
    return evprof_index_add(&file->symbol_index, symbol->vaddr,
                            (uint32_t)file->symbol_count++);
}

static const evprof_symbol_function_t *
find_function(const evprof_symbol_file_t *file, const char *given_name,
              const evprof_symbol_function_t *wanted)
{
    evprof_index_walk_t walk =
        evprof_index_walk(&file->function_index, function_hash(wanted));
    uint32_t row;
    while ((row = evprof_index_next(&walk)) != EVPROF_INDEX_END) {
        const evprof_symbol_function_t *f = file->functions[row].function;
        if (f->system_name == wanted->system_name && f->file == wanted->file &&
            f->start_line == wanted->start_line &&
            file->functions[row].given_name == given_name) {
            return f;
        }
    }
    return NULL;
}

static const evprof_symbol_function_t *
add_function(evprof_symbol_file_t *file, const char *given_name,
             const evprof_symbol_function_t *new)
{
    evprof_symbol_function_t *f = evprof_arena_alloc(&file->arena, sizeof(*f));
    function_row_t *functions =
        evprof_grow(file->functions, &file->function_cap,
                    file->function_count + 1, sizeof(*functions));
    if (functions == NULL) {
        return NULL;
    }
    file->functions = functions;
    if (f == NULL ||
        evprof_index_add(&file->function_index, function_hash(new),
                         (uint32_t)file->function_count) != EVPROF_OK) {
        return NULL;
    }
    *f = *new;
    functions[file->function_count++] = (function_row_t){ f, given_name };
    return f;
}

/* The readable form of an interned linker name, interned; NULL: no memory. */
static const char *
readable_name(evprof_symbol_file_t *file, const char *system_name)
{
    char *demangled =
        file->demangle == NULL ? NULL : file->demangle(system_name);
    if (demangled == NULL) {
        return system_name;
    }
    const char *name = evprof_strings_intern(&file->strings, demangled);
    free(demangled);
    return name;
}

const evprof_symbol_function_t *
evprof_symbol_file_function(evprof_symbol_file_t *file, const char *name,
                            const char *system_name, const char *source,
                            int64_t start_line)
{
    evprof_strings_t *strings = &file->strings;
    evprof_symbol_function_t wanted = { .start_line = start_line };
    const char *given =
        name == NULL ? NULL : evprof_strings_intern(strings, name);
    wanted.system_name =
        evprof_strings_intern(strings, system_name == NULL ? "" : system_name);
    wanted.file = evprof_strings_intern(strings, source == NULL ? "" : source);
    if (wanted.system_name == NULL || wanted.file == NULL ||
        (given == NULL && name != NULL)) {
        return NULL;
    }
    const evprof_symbol_function_t *found = find_function(file, given, &wanted);
    if (found != NULL) {
        return found;
    }
    wanted.name =
        given != NULL ? given : readable_name(file, wanted.system_name);
    return wanted.name == NULL ? NULL : add_function(file, given, &wanted);
}

int
evprof_symbol_file_add_named(evprof_symbol_file_t *file,
                             const evprof_query_t *query)
{
    evprof_symbol_frame_t frame = { .line = 0 };
    evprof_symbol_t symbol = { .vaddr = query->vaddr,
                               .start = query->start,
                               .frames = &frame };
    if (query->symbol != NULL) {
        frame.function =
            evprof_symbol_file_function(file, NULL, query->symbol, NULL, 0);
        symbol.count = 1;
        if (frame.function == NULL) {
            return EVPROF_ENOMEM;
        }
    }
    return evprof_symbol_file_add(file, &symbol);
}
