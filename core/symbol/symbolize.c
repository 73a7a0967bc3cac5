/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locations are sorted by object and address and answered in batches. What the
 * cache lacks comes from the helper program, which reads DWARF, or from the
 * symbol tables where the helper cannot run. After each batch, when its answers
 * are in the profile, the cache is cut to its bound.
 */
#include "core/symbol/symbolize.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/elf/find.h"
#include "core/elf/names.h"
#include "core/profile/loss.h"
#include "core/symbol/demangle.h"
#include "core/symbol/helper.h"
#include "core/symbol/symbol_fill.h"

#define DEFAULT_MAX_BYTES ((size_t)64 << 20)

/* Large enough that most profiles read a table once; small enough that one
 * batch's answers stay far below the default bound of the cache. */
#define BATCH_COUNT ((size_t)16384)

/* An object with addresses that could not be named. */
typedef struct unread {
    size_t object;
    size_t addresses;
    const char *why;
    uint32_t mapping; /* in the profile */
} unread_t;

struct evprof_symbolizer {
    evprof_symbol_cache_t cache;
    evprof_helper_t helper;
    bool is_without_lines;
    bool lacks_lines;            /* of the current profile */
    evprof_error_t why_lineless; /* of the latest file that has no lines */
    /* Objects of the current profile that could not be read. */
    unread_t *unread;
    size_t unread_count;
    size_t unread_cap;
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
        evprof_helper_stop(&s->helper);
        evprof_buf_free(&s->name);
        free(s->unread);
        free(s);
    }
}

size_t
evprof_symbolizer_bytes(const evprof_symbolizer_t *s)
{
    return evprof_symbol_cache_bytes(&s->cache);
}

void
evprof_symbolizer_configure(evprof_symbolizer_t *s, bool with_lines,
                            const char *helper)
{
    s->is_without_lines = !with_lines;
    evprof_helper_configure(&s->helper, helper);
}

bool
evprof_symbolizer_reap(evprof_symbolizer_t *s)
{
    return evprof_keeper_check(&s->helper.keeper);
}

void
evprof_symbolizer_forget(evprof_symbolizer_t *s)
{
    evprof_helper_forget(&s->helper);
}

/* ---- One object ---- */

/* Asks the helper about the file; false: it could not answer. */
static bool
ask_helper(evprof_symbolizer_t *s, const evprof_object_t *object, int fd,
           const evprof_query_t *queries, size_t count,
           evprof_symbol_file_t *file)
{
    uint64_t *vaddrs = malloc(count * sizeof(*vaddrs));
    if (vaddrs == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        vaddrs[i] = queries[i].vaddr;
    }
    int status =
        evprof_helper_ask(&s->helper, fd, object->path, vaddrs, count, file);
    if (status != EVPROF_OK) {
        s->why_lineless = s->helper.why;
        evprof_symbol_file_set_lineless(file);
    }
    free(vaddrs);
    return status == EVPROF_OK;
}

/* Names from the file, from its debug file where it has none, or from memory
 * where the file is gone. */
static int
read_names(const evprof_object_t *object, evprof_elf_reader_t *own,
           evprof_query_t *queries, size_t count, evprof_strings_t *names)
{
    evprof_elf_reader_t debug = { .fd = -1 };
    evprof_buf_t found = { 0 };
    if (own == NULL) {
        /* An unloaded object's memory may hold another one by now. */
        return object->is_gone
                   ? EVPROF_OK
                   : evprof_elf_loaded_names(object, queries, count, names);
    }
    bool is_apart = evprof_elf_reader_typed(own, SHT_SYMTAB) == NULL &&
                    evprof_elf_find_debug(own, object->path, &debug, &found);
    int status =
        evprof_elf_names(is_apart ? &debug : own, queries, count, names);
    if (status == EVPROF_OK) {
        status = evprof_elf_plt(own, queries, count, names);
    }
    evprof_elf_reader_close(&debug);
    evprof_buf_free(&found);
    return status;
}

static int
add_names(const evprof_object_t *object, evprof_elf_reader_t *own,
          evprof_query_t *queries, size_t count, evprof_symbol_file_t *file)
{
    evprof_strings_t names = { 0 };
    int status = read_names(object, own, queries, count, &names);
    for (size_t i = 0; i < count && status == EVPROF_OK; i++) {
        if (evprof_symbol_file_find(file, queries[i].vaddr) == NULL) {
            status = evprof_symbol_file_add_named(file, &queries[i]);
        }
    }
    evprof_strings_free(&names);
    return status;
}

/* Reads the object's files for addresses that are not in the cache. */
static int
resolve(evprof_symbolizer_t *s, const evprof_object_t *object, bool is_main,
        evprof_query_t *queries, size_t count, evprof_symbol_file_t *file)
{
    evprof_elf_reader_t own = { .fd = -1 };
    const char *why = NULL;
    bool is_found = evprof_elf_find_object(object, is_main, &own, &why);
    int status = EVPROF_OK;
    evprof_symbol_file_set_unread(file, is_found ? NULL : why);
    if (s->is_without_lines || !is_found || own.fd < 0 ||
        !ask_helper(s, object, own.fd, queries, count, file)) {
        status =
            add_names(object, is_found ? &own : NULL, queries, count, file);
    }
    evprof_elf_reader_close(&own);
    return status;
}

/* A file's key in the cache is its build id; without one its path and the
 * object's generation, so that a replaced library is not taken for the old
 * one. */
static evprof_symbol_file_t *
file_of(evprof_symbolizer_t *s, const evprof_object_t *object)
{
    evprof_buf_t key = { 0 };
    evprof_buf_puts(&key, s->is_without_lines ? "names#" : "");
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

/* Ensures that `file` has an answer for each address of one object. */
static int
answer(evprof_symbolizer_t *s, const evprof_objects_t *objects,
       const wanted_t *wanted, size_t count, evprof_symbol_file_t *file)
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
        status = resolve(s, object, wanted[0].object == objects->main_index,
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

/* Counts the addresses of an object without a name. When out of memory, a loss
 * goes unreported. */
static void
note_unread(evprof_symbolizer_t *s, size_t object, uint32_t mapping,
            const char *why, size_t addresses)
{
    unread_t *last =
        s->unread_count > 0 ? &s->unread[s->unread_count - 1] : NULL;
    if (last != NULL && last->object == object) {
        last->addresses += addresses;
        return;
    }
    unread_t *unread = evprof_grow(s->unread, &s->unread_cap,
                                   s->unread_count + 1, sizeof(*unread));
    if (unread != NULL) {
        s->unread = unread;
        unread[s->unread_count++] = (unread_t){ .object = object,
                                                .addresses = addresses,
                                                .why = why,
                                                .mapping = mapping };
    }
}

/* Looks up addresses of one object and writes the answers to the profile, if
 * there is one (`fill`). */
static int
answer_batch(evprof_symbolizer_t *s, const evprof_objects_t *objects,
             const wanted_t *wanted, size_t count, evprof_symbol_fill_t *fill)
{
    const evprof_object_t *object = &objects->items[wanted[0].object];
    evprof_symbol_file_t *file = file_of(s, object);
    int status =
        file == NULL ? EVPROF_ENOMEM : answer(s, objects, wanted, count, file);
    size_t nameless = 0;
    for (size_t i = 0; i < count && status == EVPROF_OK && fill != NULL; i++) {
        const evprof_symbol_t *symbol =
            evprof_symbol_file_find(file, wanted[i].address - object->bias);
        nameless += symbol == NULL || symbol->count == 0;
        status = evprof_symbol_fill(fill, wanted[i].location, symbol);
    }
    s->lacks_lines = s->lacks_lines ||
                     (file != NULL && evprof_symbol_file_is_lineless(file));
    /* Not kept: the file may be readable next time. */
    if (file != NULL && evprof_symbol_file_unread(file) != NULL) {
        if (nameless > 0) {
            note_unread(s, wanted[0].object, fill->mapping_of[wanted[0].object],
                        evprof_symbol_file_unread(file), nameless);
        }
        evprof_symbol_cache_forget(&s->cache, file);
    }
    evprof_symbol_cache_trim(&s->cache);
    return status;
}

static int
answer_all(evprof_symbolizer_t *s, const evprof_objects_t *objects,
           wanted_t *wanted, size_t count, evprof_symbol_fill_t *fill)
{
    int status = EVPROF_OK;
    qsort(wanted, count, sizeof(*wanted), compare_wanted);
    for (size_t i = 0; i < count && status == EVPROF_OK;) {
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

/* Lists the locations without lines; those that have lines keep them. */
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

/* Keeps those of `wanted` whose objects have no file that a reader finds.
 * Returns how many there are; `is_lost` (by object) is written over. */
static size_t
keep_lost(const evprof_objects_t *objects, wanted_t *wanted, size_t count,
          bool *is_lost)
{
    size_t kept = 0;
    for (size_t i = 0; i < objects->count; i++) {
        is_lost[i] = is_lost[i] && !evprof_elf_is_in_place(&objects->items[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_lost[wanted[i].object]) {
            wanted[kept++] = wanted[i];
        }
    }
    return kept;
}

/* Adds mappings and names to the profile; without `s` mappings only. */
static int
symbolize(evprof_symbolizer_t *s, const evprof_objects_t *objects,
          bool only_lost, wanted_t *wanted, bool *is_used, evprof_pprof_t *p)
{
    evprof_symbol_fill_t fill;
    size_t count = collect(objects, p, wanted, is_used);
    int status = evprof_symbol_fill_begin(&fill, objects, is_used, p);
    for (size_t i = 0; i < count && status == EVPROF_OK; i++) {
        p->locations[wanted[i].location].mapping =
            fill.mapping_of[wanted[i].object];
    }
    if (status == EVPROF_OK && only_lost) {
        count = keep_lost(objects, wanted, count, is_used);
    }
    if (status == EVPROF_OK && s != NULL) {
        status = answer_all(s, objects, wanted, count, &fill);
    }
    if (status == EVPROF_OK) {
        status = evprof_symbol_fill_end(&fill);
    }
    evprof_symbol_fill_free(&fill);
    return status;
}

/* Reports in the profile that lines are missing, and why. */
static int
note_missing_lines(const evprof_symbolizer_t *s, evprof_pprof_t *p)
{
    const evprof_lost_t lost = { .why = s->why_lineless.message };
    return evprof_loss_note(p, EVPROF_LOSS_OF_SYMBOLS, EVPROF_LOSS_LINES,
                            &lost);
}

/* Marks a mapping's file as removed, as the kernel does: without a build id, a
 * reader would otherwise take whatever file has that path now. */
static int
mark_removed(evprof_pprof_t *p, uint32_t mapping)
{
    evprof_buf_t text = { 0 };
    evprof_buf_printf(&text, "%s (deleted)", p->mappings[mapping].file);
    const char *file =
        text.failed ? NULL : evprof_strings_intern(&p->strings, text.data);
    evprof_buf_free(&text);
    p->mappings[mapping].file = file != NULL ? file : p->mappings[mapping].file;
    return file != NULL ? EVPROF_OK : EVPROF_ENOMEM;
}

static int
note_missing_names(const evprof_symbolizer_t *s,
                   const evprof_objects_t *objects, evprof_pprof_t *p)
{
    int status = EVPROF_OK;
    for (size_t i = 0; i < s->unread_count && status == EVPROF_OK; i++) {
        const unread_t *unread = &s->unread[i];
        const evprof_lost_t lost = { .n = unread->addresses,
                                     .what =
                                         objects->items[unread->object].path,
                                     .why = unread->why };
        status = evprof_loss_note(p, EVPROF_LOSS_OF_SYMBOLS, EVPROF_LOSS_NAMES,
                                  &lost);
        if (status == EVPROF_OK &&
            objects->items[unread->object].build_id[0] == '\0') {
            status = mark_removed(p, unread->mapping);
        }
    }
    return status;
}

static int
fill_profile(evprof_symbolizer_t *s, const evprof_objects_t *objects,
             bool only_lost, evprof_pprof_t *p, evprof_error_t *err)
{
    wanted_t *wanted = calloc(p->location_count + 1, sizeof(*wanted));
    bool *is_used = calloc(objects->count + 1, sizeof(*is_used));
    int status = EVPROF_ENOMEM;
    if (s != NULL) {
        s->lacks_lines = false;
        s->unread_count = 0;
    }
    if (wanted != NULL && is_used != NULL) {
        status = symbolize(s, objects, only_lost, wanted, is_used, p);
    }
    if (status == EVPROF_OK && s != NULL && s->lacks_lines) {
        status = note_missing_lines(s, p);
    }
    if (status == EVPROF_OK && s != NULL) {
        status = note_missing_names(s, objects, p);
    }
    free(is_used);
    free(wanted);
    if (status != EVPROF_OK) {
        return evprof_fail(err, status,
                           "symbols: out of memory for %zu addresses",
                           p->location_count);
    }
    return EVPROF_OK;
}

int
evprof_symbolize(evprof_symbolizer_t *s, const evprof_objects_t *objects,
                 evprof_pprof_t *p, evprof_error_t *err)
{
    return fill_profile(s, objects, false, p, err);
}

int
evprof_symbolize_lost(evprof_symbolizer_t *s, const evprof_objects_t *objects,
                      evprof_pprof_t *p, evprof_error_t *err)
{
    return fill_profile(s, objects, true, p, err);
}

int
evprof_symbol_mappings(const evprof_objects_t *objects, evprof_pprof_t *p,
                       evprof_error_t *err)
{
    return fill_profile(NULL, objects, false, p, err);
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

/* The answer for one address of `object`; valid until the cache is trimmed. */
static const evprof_symbol_t *
answer_one(evprof_symbolizer_t *s, const evprof_objects_t *objects,
           const evprof_object_t *object, uintptr_t pc)
{
    evprof_symbol_file_t *file = file_of(s, object);
    wanted_t wanted = { .address = pc,
                        .object = (size_t)(object - objects->items) };
    if (file == NULL || answer(s, objects, &wanted, 1, file) != 0) {
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
        /* The outermost frame: the function that contains the code. */
        evprof_buf_puts(&s->name,
                        symbol->frames[symbol->count - 1].function->name);
    }
    evprof_symbol_cache_trim(&s->cache);
    return s->name.failed || s->name.len == 0 ? NULL : s->name.data;
}
