/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locations of the profile and instructions of the binary are both assigned to
 * the source line of their outermost matching frame. Both name that line by
 * function, file and number, and so meet there. Samples are then counted once
 * for each line and once for each function.
 */
#include "core/report/annotated.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/base/index.h"
#include "core/report/names_of_address.h"
#include "core/symbol/readable.h"

/* A line with a weight or an instruction, before lines are sorted. */
typedef struct place {
    const char *name; /* interned, as is the file */
    const char *file;
    int64_t number;
    int64_t flat;
    int64_t cum;
    uint32_t function; /* the place whose sums are the function's */
    int64_t function_flat;
    int64_t function_cum;
    uint32_t last_sample;
    uint32_t last_function_sample;
    evprof_annotated_code_t *code;
    size_t code_count;
    size_t code_cap;
} place_t;

typedef struct builder {
    evprof_view_t *view;
    const evprof_pprof_t *p;
    evprof_annotation_t *out;
    evprof_index_t index;
    place_t *places;
    size_t count;
    size_t cap;
    uint32_t *place_of; /* by location; EVPROF_NO_INDEX: none */
    bool is_address;
    const char *wanted; /* the function at the address; NULL: not known yet */
} builder_t;

/* ---- Places ---- */

static uint32_t
find_place(builder_t *b, const char *name, const char *file, int64_t number)
{
    place_t wanted = { .name = evprof_strings_intern(&b->out->strings, name),
                       .file = evprof_strings_intern(&b->out->strings, file),
                       .number = number };
    if (wanted.name == NULL || wanted.file == NULL) {
        return EVPROF_NO_INDEX;
    }
    uint64_t hash = evprof_hash_mix((uintptr_t)wanted.name);
    hash = evprof_hash_mix(hash ^ (uintptr_t)wanted.file) ^ (uint64_t)number;
    evprof_index_walk_t walk = evprof_index_walk(&b->index, hash);
    uint32_t row;
    while ((row = evprof_index_next(&walk)) != EVPROF_INDEX_END) {
        const place_t *at = &b->places[row];
        if (at->name == wanted.name && at->file == wanted.file &&
            at->number == number) {
            return row;
        }
    }
    /* Line 0 stands for the function as a whole. */
    wanted.function =
        number == 0 ? (uint32_t)b->count : find_place(b, name, file, 0);
    if (wanted.function == EVPROF_NO_INDEX) {
        return EVPROF_NO_INDEX;
    }
    place_t *places =
        evprof_grow(b->places, &b->cap, b->count + 1, sizeof(*places));
    if (places == NULL ||
        evprof_index_add(&b->index, hash, (uint32_t)b->count) != EVPROF_OK) {
        return EVPROF_NO_INDEX;
    }
    b->places = places;
    places[b->count] = wanted;
    return (uint32_t)b->count++;
}

static bool
matches(const builder_t *b, const char *name, const char *system_name,
        const char *file)
{
    if (b->is_address) {
        return b->wanted == NULL || strcmp(b->wanted, name) == 0;
    }
    return evprof_view_matches(b->view, name) ||
           evprof_view_matches(b->view, system_name) ||
           evprof_view_matches(b->view, file);
}

/* The place of a location of the profile; EVPROF_NO_INDEX: it has none. */
static uint32_t
place_of_location(builder_t *b, const evprof_location_t *l)
{
    for (uint32_t i = l->line_count; i-- > 0;) {
        if (l->lines[i].function == EVPROF_NO_INDEX) {
            continue;
        }
        const evprof_function_t *f = &b->p->functions[l->lines[i].function];
        if (matches(b, f->name, f->system_name, f->filename) &&
            f->filename[0] != '\0' && l->lines[i].line > 0) {
            return find_place(b, f->name, f->filename, l->lines[i].line);
        }
    }
    return EVPROF_NO_INDEX;
}

/* ---- Instructions ---- */

static int
add_code(place_t *place, const evprof_annotated_code_t *code)
{
    evprof_annotated_code_t *items = evprof_grow(
        place->code, &place->code_cap, place->code_count + 1, sizeof(*items));
    if (items == NULL) {
        return EVPROF_ENOMEM;
    }
    place->code = items;
    items[place->code_count++] = *code;
    return EVPROF_OK;
}

/* Puts an instruction on the line of its outermost frame that matches. */
static int
place_instruction(builder_t *b, evprof_annotated_code_t *code)
{
    static const evprof_readable_how_t how = { .form = EVPROF_READABLE_PLAIN };
    const evprof_symbol_t *known = code->line->instruction->places;
    evprof_buf_t name = { 0 };
    int status = EVPROF_OK;
    for (uint32_t i = known == NULL ? 0 : known->count; i-- > 0;) {
        const evprof_symbol_frame_t *frame = &known->frames[i];
        evprof_buf_clear(&name);
        evprof_readable_name(&name, frame->function->name, &how);
        if (name.failed || name.len == 0) {
            continue;
        }
        if (frame->line > 0 &&
            matches(b, name.data, frame->function->system_name,
                    frame->function->file)) {
            uint32_t at =
                find_place(b, name.data, frame->function->file, frame->line);
            code->frame = i;
            status = at == EVPROF_NO_INDEX ? EVPROF_ENOMEM
                                           : add_code(&b->places[at], code);
            break;
        }
    }
    evprof_buf_free(&name);
    return status;
}

static int
place_function(builder_t *b, const evprof_disassembly_t *a)
{
    uint64_t first = 0;
    uint64_t last = 0;
    bool has_loop = evprof_hot_loop(a, &first, &last);
    int status = EVPROF_OK;
    for (size_t i = 0; i < a->line_count && status == EVPROF_OK; i++) {
        uint64_t vaddr = a->lines[i].instruction->vaddr;
        evprof_annotated_code_t code = {
            .line = &a->lines[i],
            .is_hot = has_loop && vaddr >= first && vaddr <= last,
        };
        status = place_instruction(b, &code);
    }
    return status;
}

static int
place_code(builder_t *b)
{
    evprof_error_t why;
    size_t count;
    int status = evprof_assemblies_read(b->view, EVPROF_MATCH_FRAMES,
                                        &b->out->assemblies, &why);
    if (status == EVPROF_ENOMEM) {
        return status;
    }
    if (status != EVPROF_OK) {
        b->out->problem = evprof_strings_intern(&b->out->strings, why.message);
        return EVPROF_OK;
    }
    b->out->disassembler = evprof_assemblies_disassembler(b->out->assemblies);
    const evprof_disassembly_t *items =
        evprof_assemblies_items(b->out->assemblies, &count);
    for (size_t i = 0; i < count && status == EVPROF_OK; i++) {
        status = place_function(b, &items[i]);
        if (items[i].problem != NULL) {
            b->out->problem = items[i].problem;
        }
    }
    return status;
}

/* ---- Weights ---- */

static void
count_location(builder_t *b, uint32_t location, uint32_t sample, int64_t value,
               bool is_leaf)
{
    if (b->place_of[location] == EVPROF_NO_INDEX) {
        return;
    }
    place_t *line = &b->places[b->place_of[location]];
    place_t *function = &b->places[line->function];
    line->flat += is_leaf ? value : 0;
    function->function_flat += is_leaf ? value : 0;
    if (line->last_sample != sample) {
        line->last_sample = sample;
        line->cum += value;
    }
    if (function->last_function_sample != sample) {
        function->last_function_sample = sample;
        function->function_cum += value;
    }
}

static void
count_samples(builder_t *b)
{
    for (size_t i = 0; i < b->p->sample_count; i++) {
        const evprof_sample_t *sample = &b->p->samples[i];
        int64_t value = evprof_view_value(b->view, sample);
        for (uint32_t k = 0; k < sample->location_count; k++) {
            count_location(b, sample->locations[k], (uint32_t)i + 1, value,
                           k == 0);
        }
    }
}

/* ---- The result ---- */

static int
compare_places(const void *left, const void *right)
{
    const place_t *a = left;
    const place_t *b = right;
    int order = strcmp(a->name, b->name);
    order = order != 0 ? order : strcmp(a->file, b->file);
    return order != 0 ? order
                      : (a->number > b->number) - (a->number < b->number);
}

static int
compare_functions(const void *left, const void *right)
{
    const evprof_annotated_t *a = left;
    const evprof_annotated_t *b = right;
    if (a->cum != b->cum) {
        return a->cum > b->cum ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}

static int
compare_code(const void *left, const void *right)
{
    const evprof_annotated_code_t *a = left;
    const evprof_annotated_code_t *b = right;
    uint64_t x = a->line->instruction->vaddr;
    uint64_t y = b->line->instruction->vaddr;
    return (x > y) - (x < y);
}

static const evprof_annotated_code_t *
own_code(builder_t *b, const place_t *place)
{
    evprof_annotated_code_t *own = evprof_arena_calloc(
        &b->out->arena, place->code_count + 1, sizeof(*own));
    if (own == NULL || place->code_count == 0) {
        return own;
    }
    memcpy(own, place->code, place->code_count * sizeof(*own));
    qsort(own, place->code_count, sizeof(*own), compare_code);
    for (size_t i = 1; i < place->code_count; i++) {
        const evprof_instruction_t *before = own[i - 1].line->instruction;
        own[i].is_adjacent =
            before->vaddr + before->size == own[i].line->instruction->vaddr;
    }
    return own;
}

/* Makes one function of the places from `first` on, which stands for the
 * function itself. */
static bool
add_function(builder_t *b, const place_t *first, size_t count)
{
    evprof_annotated_line_t *lines =
        evprof_arena_calloc(&b->out->arena, count, sizeof(*lines));
    if (lines == NULL) {
        return false;
    }
    for (size_t i = 1; i < count; i++) {
        lines[i - 1] = (evprof_annotated_line_t){
            .number = first[i].number,
            .flat = first[i].flat,
            .cum = first[i].cum,
            .code = own_code(b, &first[i]),
            .code_count = first[i].code_count,
        };
        if (lines[i - 1].code == NULL) {
            return false;
        }
    }
    b->out->items[b->out->count++] =
        (evprof_annotated_t){ .name = first->name,
                              .file = first->file,
                              .flat = first->function_flat,
                              .cum = first->function_cum,
                              .lines = lines,
                              .line_count = count - 1 };
    return true;
}

/* Functions in which no sample was taken are left out: an inlined one may match
 * by its file alone. */
static int
make_functions(builder_t *b)
{
    b->out->items = evprof_arena_calloc(&b->out->arena, b->count + 1,
                                        sizeof(*b->out->items));
    if (b->out->items == NULL) {
        return EVPROF_ENOMEM;
    }
    if (b->count > 0) {
        qsort(b->places, b->count, sizeof(*b->places), compare_places);
    }
    for (size_t i = 0; i < b->count;) {
        size_t end = i + 1;
        while (end < b->count && b->places[end].number != 0) {
            end++;
        }
        if (b->places[i].function_cum != 0 &&
            !add_function(b, &b->places[i], end - i)) {
            return EVPROF_ENOMEM;
        }
        i = end;
    }
    if (b->out->count > 0) {
        qsort(b->out->items, b->out->count, sizeof(*b->out->items),
              compare_functions);
    }
    return EVPROF_OK;
}

static int
build(builder_t *b)
{
    b->place_of = malloc((b->p->location_count + 1) * sizeof(*b->place_of));
    int status = b->place_of == NULL ? EVPROF_ENOMEM : place_code(b);
    if (status != EVPROF_OK) {
        return status;
    }
    b->wanted = b->count > 0 ? b->places[0].name : "";
    for (size_t i = 0; i < b->p->location_count; i++) {
        b->place_of[i] = place_of_location(b, &b->p->locations[i]);
    }
    count_samples(b);
    return make_functions(b);
}

int
evprof_annotate(evprof_view_t *view, evprof_annotation_t *out,
                evprof_error_t *err)
{
    const char *param = evprof_view_request(view)->param;
    *out = (evprof_annotation_t){ .items = NULL };
    builder_t b = { .view = view, .p = evprof_view_profile(view), .out = out };
    uint64_t address;
    b.is_address = evprof_report_is_address(param, &address);
    int status = build(&b);
    for (size_t i = 0; i < b.count; i++) {
        free(b.places[i].code);
    }
    free(b.places);
    free(b.place_of);
    evprof_index_free(&b.index);
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "annotated source: out of memory");
    }
    if (out->count == 0) {
        return evprof_fail(err, EVPROF_ENOENT,
                           "no function with samples and source lines matches "
                           "%s",
                           param);
    }
    return EVPROF_OK;
}

void
evprof_annotation_free(evprof_annotation_t *annotation)
{
    if (annotation->assemblies != NULL) {
        evprof_assemblies_free(annotation->assemblies);
    }
    evprof_arena_free(&annotation->arena);
    evprof_strings_free(&annotation->strings);
    *annotation = (evprof_annotation_t){ .items = NULL };
}
