/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers are in the machine's byte order; strings end in a NUL. */
#include "core/symbol/symbol_wire.h"

#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/base/index.h"

/* More frames at one address are taken for malformed data. */
#define MAX_FRAMES 4096

/* ---- Writing ---- */

typedef struct functions {
    evprof_index_t index;
    const evprof_symbol_function_t **items;
    size_t count;
    size_t cap;
    bool failed;
} functions_t;

static uint32_t
number_of(functions_t *f, const evprof_symbol_function_t *function)
{
    uint64_t hash = evprof_hash_mix((uintptr_t)function);
    evprof_index_walk_t walk = evprof_index_walk(&f->index, hash);
    uint32_t row;
    while ((row = evprof_index_next(&walk)) != EVPROF_INDEX_END) {
        if (f->items[row] == function) {
            return row;
        }
    }
    const evprof_symbol_function_t **items =
        evprof_grow(f->items, &f->cap, f->count + 1, sizeof(*items));
    if (items == NULL ||
        evprof_index_add(&f->index, hash, (uint32_t)f->count) != EVPROF_OK) {
        f->items = items == NULL ? f->items : items;
        f->failed = true;
        return 0;
    }
    f->items = items;
    items[f->count] = function;
    return (uint32_t)f->count++;
}

static void
put_number(evprof_buf_t *out, uint64_t value)
{
    evprof_buf_add(out, &value, sizeof(value));
}

static void
put_text(evprof_buf_t *out, const char *text)
{
    evprof_buf_add(out, text, strlen(text) + 1);
}

static void
put_answer(evprof_buf_t *out, functions_t *functions,
           const evprof_symbol_t *symbol)
{
    put_number(out, symbol->vaddr);
    put_number(out, symbol->start);
    put_number(out, (uint64_t)symbol->count << 1 | symbol->is_from_dwarf);
    for (uint32_t i = 0; i < symbol->count; i++) {
        const evprof_symbol_frame_t *frame = &symbol->frames[i];
        put_number(out, number_of(functions, frame->function));
        put_number(out, (uint64_t)frame->line);
        put_number(out, (uint64_t)frame->column);
    }
}

void
evprof_symbol_encode(const evprof_symbol_file_t *file, const uint64_t *vaddrs,
                     size_t count, evprof_buf_t *out)
{
    functions_t functions = { .items = NULL };
    evprof_buf_t answers = { 0 };
    uint64_t answer_count = 0;
    for (size_t i = 0; i < count; i++) {
        const evprof_symbol_t *symbol =
            evprof_symbol_file_find(file, vaddrs[i]);
        if (symbol != NULL) {
            put_answer(&answers, &functions, symbol);
            answer_count++;
        }
    }
    put_number(out, functions.count);
    for (size_t i = 0; i < functions.count; i++) {
        put_text(out, functions.items[i]->name);
        put_text(out, functions.items[i]->system_name);
        put_text(out, functions.items[i]->file);
        put_number(out, (uint64_t)functions.items[i]->start_line);
    }
    put_number(out, answer_count);
    evprof_buf_add(out, answers.len == 0 ? "" : answers.data, answers.len);
    out->failed = out->failed || answers.failed || functions.failed;
    evprof_buf_free(&answers);
    evprof_index_free(&functions.index);
    free(functions.items);
}

/* ---- Reading ---- */

typedef struct reader {
    const char *at;
    const char *end;
    bool failed;
} reader_t;

static uint64_t
get_number(reader_t *r)
{
    uint64_t value = 0;
    if ((size_t)(r->end - r->at) < sizeof(value)) {
        r->failed = true;
        return 0;
    }
    memcpy(&value, r->at, sizeof(value));
    r->at += sizeof(value);
    return value;
}

static const char *
get_text(reader_t *r)
{
    const char *text = r->at;
    const char *end = memchr(text, '\0', (size_t)(r->end - r->at));
    if (end == NULL) {
        r->failed = true;
        return "";
    }
    r->at = end + 1;
    return text;
}

static int
get_function(reader_t *r, evprof_symbol_file_t *file,
             const evprof_symbol_function_t **out)
{
    const char *name = get_text(r);
    const char *system_name = get_text(r);
    const char *source = get_text(r);
    int64_t start_line = (int64_t)get_number(r);
    if (r->failed) {
        return EVPROF_EPARSE;
    }
    *out = evprof_symbol_file_function(file, name, system_name, source,
                                       start_line);
    return *out == NULL ? EVPROF_ENOMEM : EVPROF_OK;
}

static int
get_answer(reader_t *r, evprof_symbol_file_t *file,
           const evprof_symbol_function_t *const *functions,
           size_t function_count)
{
    evprof_symbol_frame_t frames[MAX_FRAMES];
    evprof_symbol_t symbol = { .vaddr = get_number(r),
                               .start = get_number(r),
                               .frames = frames };
    uint64_t count = get_number(r);
    symbol.is_from_dwarf = (count & 1) != 0;
    count >>= 1;
    for (uint64_t i = 0; i < count && i < MAX_FRAMES && !r->failed; i++) {
        uint64_t function = get_number(r);
        int64_t line = (int64_t)get_number(r);
        int64_t column = (int64_t)get_number(r);
        if (function >= function_count) {
            return EVPROF_EPARSE;
        }
        frames[symbol.count++] = (evprof_symbol_frame_t){
            .function = functions[function], .line = line, .column = column
        };
    }
    if (r->failed || count > MAX_FRAMES) {
        return EVPROF_EPARSE;
    }
    return evprof_symbol_file_find(file, symbol.vaddr) != NULL
               ? EVPROF_OK
               : evprof_symbol_file_add(file, &symbol);
}

int
evprof_symbol_decode(evprof_symbol_file_t *file, const void *data, size_t len)
{
    reader_t r = { .at = data, .end = (const char *)data + len };
    uint64_t function_count = get_number(&r);
    /* Each function takes at least three strings and a number. */
    if (r.failed || function_count > len / 11) {
        return EVPROF_EPARSE;
    }
    const evprof_symbol_function_t **functions =
        calloc((size_t)function_count + 1, sizeof(*functions));
    int status = functions == NULL ? EVPROF_ENOMEM : EVPROF_OK;
    for (uint64_t i = 0; i < function_count && status == EVPROF_OK; i++) {
        status = get_function(&r, file, &functions[i]);
    }
    uint64_t count = status == EVPROF_OK ? get_number(&r) : 0;
    for (uint64_t i = 0; i < count && status == EVPROF_OK; i++) {
        status = get_answer(&r, file, functions, (size_t)function_count);
    }
    free(functions);
    return status == EVPROF_OK && r.failed ? EVPROF_EPARSE : status;
}
