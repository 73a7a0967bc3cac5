/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locations are sorted by object and address and answered in batches: what the
 * cache lacks is asked of the object's files, opened for the batch and closed
 * after it. The cache is cut to its bound after each batch, when the answers
 * have been written into the profile.
 */
#include "core/symbol/symbolize.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/symbol/demangle.h"
#include "core/symbol/elf_open.h"
#include "core/symbol/query.h"
#include "core/symbol/symbol_fill.h"

#define DEFAULT_MAX_BYTES ((size_t)64 << 20)

/* Enough that a table is read once for most profiles, few enough that one
 * batch's answers stay far below the default bound. */
#define BATCH_COUNT ((size_t)4096)

struct evprof_symbolizer {
    evprof_symbol_cache_t cache;
    evprof_buf_t name; /* what evprof_symbol_name() handed out */
};

/* One address of a profile, or of a /symbol request. */
typedef struct wanted {
    uintptr_t address;
    size_t object;
    uint32_t location;
} wanted_t;

evprof_symbolizer_t *
evprof_symbolizer_new(size_t max_bytes)
{
    evprof_symbolizer_t *s = calloc(1, sizeof(*s));
    if (s != NULL) {
        s->cache.max_bytes = max_bytes == 0 ? DEFAULT_MAX_BYTES : max_bytes;
        s->cache.demangle = evprof_demangle;
    }
    return s;
}

void
evprof_symbolizer_free(evprof_symbolizer_t *s)
{
    if (s != NULL) {
        evprof_symbol_cache_free(&s->cache);
        evprof_buf_free(&s->name);
        free(s);
    }
}

size_t
evprof_symbolizer_bytes(const evprof_symbolizer_t *s)
{
    return evprof_symbol_cache_bytes(&s->cache);
}

/* Reads the object's files for addresses that were never asked before. */
static int
resolve(const evprof_object_t *object, bool is_main, evprof_query_t *queries,
        size_t count, evprof_symbol_file_t *file)
{
    evprof_elf_file_t own = { .fd = -1 };
    (void)evprof_elf_open_object(object, is_main, &own);
    int status =
        evprof_symbol_resolve(&own, object->path, true, queries, count, file);
    evprof_elf_close(&own);
    return status;
}

/* A file is known by its build id; without one, by its path and its place in
 * time, so that a replaced library is not taken for the one before. */
static evprof_symbol_file_t *
file_of(evprof_symbolizer_t *s, const evprof_object_t *object)
{
    evprof_buf_t key = { 0 };
    if (object->build_id[0] != '\0') {
        evprof_buf_puts(&key, object->build_id);
    } else {
        evprof_buf_printf(&key, "%s#%" PRIu64, object->path,
                          object->generation);
    }
    evprof_symbol_file_t *file =
        key.failed ? NULL : evprof_symbol_cache_file(&s->cache, key.data);
    evprof_buf_free(&key);
    return file;
}

/* Makes sure that `file` has an answer for each address of one object. */
static int
answer(const evprof_objects_t *objects, const wanted_t *wanted, size_t count,
       evprof_symbol_file_t *file)
{
    const evprof_object_t *object = &objects->items[wanted[0].object];
    evprof_query_t *queries = malloc(count * sizeof(*queries));
    size_t query_count = 0;
    if (queries == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t vaddr = wanted[i].address - object->bias;
        bool is_twice = i > 0 && wanted[i].address == wanted[i - 1].address;
        if (!is_twice && evprof_symbol_file_find(file, vaddr) == NULL) {
            queries[query_count++] = (evprof_query_t){ .vaddr = vaddr };
        }
    }
    int status = 0;
    if (query_count > 0) {
        status = resolve(object, wanted[0].object == objects->main_index,
                         queries, query_count, file);
    }
    free(queries);
    return status;
}

static int
compare_wanted(const void *left, const void *right)
{
    const wanted_t *a = left;
    const wanted_t *b = right;
    if (a->object != b->object) {
        return a->object < b->object ? -1 : 1;
    }
    return a->address < b->address ? -1 : a->address > b->address;
}

/* Answers one object's addresses and writes them to the profile, if any. */
static int
answer_batch(evprof_symbolizer_t *s, const evprof_objects_t *objects,
             const wanted_t *wanted, size_t count, evprof_symbol_fill_t *fill)
{
    const evprof_object_t *object = &objects->items[wanted[0].object];
    evprof_symbol_file_t *file = file_of(s, object);
    int status =
        file == NULL ? EVPROF_ENOMEM : answer(objects, wanted, count, file);
    for (size_t i = 0; i < count && status == 0 && fill != NULL; i++) {
        const evprof_symbol_t *symbol =
            evprof_symbol_file_find(file, wanted[i].address - object->bias);
        status = evprof_symbol_fill(fill, wanted[i].location, symbol);
    }
    evprof_symbol_cache_trim(&s->cache);
    return status;
}

static int
answer_all(evprof_symbolizer_t *s, const evprof_objects_t *objects,
           wanted_t *wanted, size_t count, evprof_symbol_fill_t *fill)
{
    int status = 0;
    qsort(wanted, count, sizeof(*wanted), compare_wanted);
    for (size_t i = 0; i < count && status == 0;) {
        size_t end = i + 1;
        while (end < count && end - i < BATCH_COUNT &&
               wanted[end].object == wanted[i].object) {
            end++;
        }
        status = answer_batch(s, objects, wanted + i, end - i, fill);
        i = end;
    }
    return status;
}

/* Finds the locations that need an answer; what has lines keeps them. */
static size_t
collect(const evprof_objects_t *objects, const evprof_pprof_t *p, wanted_t *out,
        bool *is_used)
{
    size_t count = 0;
    for (size_t i = 0; i < p->location_count; i++) {
        const evprof_location_t *location = &p->locations[i];
        const evprof_object_t *object =
            evprof_objects_find(objects, (uintptr_t)location->address);
        if (object == NULL || location->mapping != EVPROF_NO_INDEX ||
            location->line_count > 0) {
            continue;
        }
        size_t index = (size_t)(object - objects->items);
        is_used[index] = true;
        out[count++] = (wanted_t){ .address = (uintptr_t)location->address,
                                   .object = index,
                                   .location = (uint32_t)i };
    }
    return count;
}

static int
symbolize(evprof_symbolizer_t *s, const evprof_objects_t *objects,
          wanted_t *wanted, bool *is_used, evprof_pprof_t *p)
{
    evprof_symbol_fill_t fill;
    size_t count = collect(objects, p, wanted, is_used);
    int status = evprof_symbol_fill_begin(&fill, objects, is_used, p);
    for (size_t i = 0; i < count && status == 0; i++) {
        p->locations[wanted[i].location].mapping =
            fill.mapping_of[wanted[i].object];
    }
    if (status == 0) {
        status = answer_all(s, objects, wanted, count, &fill);
    }
    if (status == 0) {
        status = evprof_symbol_fill_end(&fill);
    }
    evprof_symbol_fill_free(&fill);
    return status;
}

int
evprof_symbolize(evprof_symbolizer_t *s, const evprof_objects_t *objects,
                 evprof_pprof_t *p, evprof_error_t *err)
{
    wanted_t *wanted = calloc(p->location_count + 1, sizeof(*wanted));
    bool *is_used = calloc(objects->count + 1, sizeof(*is_used));
    int status = EVPROF_ENOMEM;
    if (wanted != NULL && is_used != NULL) {
        status = symbolize(s, objects, wanted, is_used, p);
    }
    free(is_used);
    free(wanted);
    if (status != 0) {
        return evprof_fail(err, status,
                           "symbols: out of memory for %zu addresses",
                           p->location_count);
    }
    return 0;
}

int
evprof_symbol_prepare(evprof_symbolizer_t *s, const evprof_objects_t *objects,
                      const uintptr_t *pcs, size_t count)
{
    wanted_t *wanted = calloc(count + 1, sizeof(*wanted));
    size_t known = 0;
    if (wanted == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        const evprof_object_t *object = evprof_objects_find(objects, pcs[i]);
        if (object != NULL) {
            wanted[known++] =
                (wanted_t){ .address = pcs[i],
                            .object = (size_t)(object - objects->items) };
        }
    }
    int status = answer_all(s, objects, wanted, known, NULL);
    free(wanted);
    return status;
}

/* The answer for one address of `object`, until the cache is trimmed. */
static const evprof_symbol_t *
answer_one(evprof_symbolizer_t *s, const evprof_objects_t *objects,
           const evprof_object_t *object, uintptr_t pc)
{
    evprof_symbol_file_t *file = file_of(s, object);
    wanted_t wanted = { .address = pc,
                        .object = (size_t)(object - objects->items) };
    if (file == NULL || answer(objects, &wanted, 1, file) != 0) {
        return NULL;
    }
    return evprof_symbol_file_find(file, pc - object->bias);
}

uintptr_t
evprof_symbol_entry(evprof_symbolizer_t *s, const evprof_objects_t *objects,
                    uintptr_t pc)
{
    const evprof_object_t *object = evprof_objects_find(objects, pc);
    evprof_symbol_file_t *file = object == NULL ? NULL : file_of(s, object);
    const evprof_symbol_t *symbol =
        file == NULL ? NULL : evprof_symbol_file_find(file, pc - object->bias);
    uint64_t start = symbol == NULL ? 0 : symbol->start;
    return start == 0 ? 0 : (uintptr_t)(start + object->bias);
}

const char *
evprof_symbol_name(evprof_symbolizer_t *s, const evprof_objects_t *objects,
                   uintptr_t pc)
{
    const evprof_object_t *object = evprof_objects_find(objects, pc);
    if (object == NULL) {
        return NULL;
    }
    const evprof_symbol_t *symbol = answer_one(s, objects, object, pc);
    evprof_buf_clear(&s->name);
    if (symbol != NULL && symbol->count > 0) {
        /* The function that the code is in, not what was inlined there. */
        evprof_buf_puts(&s->name,
                        symbol->frames[symbol->count - 1].function->name);
    }
    evprof_symbol_cache_trim(&s->cache);
    return s->name.failed || s->name.len == 0 ? NULL : s->name.data;
}
