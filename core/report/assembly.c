/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses with weights are given to the functions of their binaries;
 * functions that match are then disassembled. A binary is opened only when the
 * profile has a frame in it that may match.
 */
#include "core/report/assembly.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/report/names_of_address.h"
#include "core/symbol/local_names.h"
#include "core/symbol/readable.h"

/* An address of the profile that has a weight. */
typedef struct spot {
    uint64_t vaddr;
    uint32_t location;
    int64_t flat;
    int64_t cum;
    uint32_t last_sample; /* while counting, 1 more than its index */
} spot_t;

/* One binary that was opened, as a list. */
typedef struct unit {
    struct unit *next;
    evprof_code_t code;
    uint32_t mapping;
} unit_t;

struct evprof_assemblies {
    evprof_view_t *view;
    const evprof_code_source_t *source;
    const evprof_disassembler_t *disassembler;
    enum evprof_assembly_match match;
    bool is_address;
    uint64_t address;
    bool has_function; /* the address is in one, with samples or without */
    evprof_arena_t arena;
    unit_t *units;
    spot_t *spots; /* by location */
    evprof_disassembly_t *items;
    size_t count;
    size_t cap;
};

/* ---- Weights ---- */

static void
count_samples(evprof_assemblies_t *all)
{
    const evprof_pprof_t *p = evprof_view_profile(all->view);
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        int64_t value = evprof_view_value(all->view, sample);
        for (uint32_t k = 0; k < sample->location_count; k++) {
            spot_t *spot = &all->spots[sample->locations[k]];
            spot->flat += k == 0 ? value : 0;
            if (spot->last_sample != i + 1) {
                spot->last_sample = (uint32_t)i + 1;
                spot->cum += value;
            }
        }
    }
}

static int
compare_spots(const void *left, const void *right)
{
    const spot_t *a = left;
    const spot_t *b = right;
    if (a->vaddr != b->vaddr) {
        return a->vaddr < b->vaddr ? -1 : 1;
    }
    return (a->location > b->location) - (a->location < b->location);
}

/* ---- What matches ---- */

static bool
matches_frames(const evprof_assemblies_t *all, const evprof_location_t *l)
{
    const evprof_pprof_t *p = evprof_view_profile(all->view);
    for (uint32_t i = 0; i < l->line_count; i++) {
        if (l->lines[i].function == EVPROF_NO_INDEX) {
            continue;
        }
        const evprof_function_t *f = &p->functions[l->lines[i].function];
        if (evprof_view_matches(all->view, f->name) ||
            evprof_view_matches(all->view, f->system_name) ||
            (all->match == EVPROF_MATCH_FRAMES &&
             evprof_view_matches(all->view, f->filename))) {
            return true;
        }
    }
    return false;
}

static bool
matches_symbol(const evprof_assemblies_t *all, const char *symbol)
{
    static const enum evprof_readable forms[] = { EVPROF_READABLE_PLAIN,
                                                  EVPROF_READABLE_TEMPLATES,
                                                  EVPROF_READABLE_FULL };
    bool is_match = evprof_view_matches(all->view, symbol);
    for (size_t i = 0; i < 3 && !is_match; i++) {
        const evprof_readable_how_t how = { .form = forms[i] };
        evprof_buf_t name = { 0 };
        evprof_readable_name(&name, symbol, &how);
        is_match = name.len > 0 && !name.failed &&
                   evprof_view_matches(all->view, name.data);
        evprof_buf_free(&name);
    }
    return is_match;
}

static bool
holds(const evprof_routine_t *r, uint64_t vaddr)
{
    return vaddr >= r->start && vaddr < r->end;
}

static bool
matches(evprof_assemblies_t *all, const unit_t *unit, const evprof_routine_t *r,
        const spot_t *spots, size_t count)
{
    const evprof_pprof_t *p = evprof_view_profile(all->view);
    if (all->is_address) {
        uint64_t vaddr = evprof_binary_vaddr(
            &unit->code.binary, &p->mappings[unit->mapping], all->address);
        return holds(r, vaddr) || holds(r, all->address);
    }
    for (size_t i = 0; i < r->name_count && all->match == EVPROF_MATCH_SYMBOLS;
         i++) {
        if (matches_symbol(all, r->names[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < count && all->match == EVPROF_MATCH_FRAMES; i++) {
        if (matches_frames(all, &p->locations[spots[i].location])) {
            return true;
        }
    }
    return false;
}

/* Whether the mapping is worth opening. */
static bool
may_match(const evprof_assemblies_t *all, uint32_t mapping)
{
    const evprof_pprof_t *p = evprof_view_profile(all->view);
    const evprof_mapping_t *m = &p->mappings[mapping];
    if ((m->file[0] == '\0' && m->build_id[0] == '\0') ||
        evprof_mapping_is_special(m)) {
        return false;
    }
    for (size_t i = 0; i < p->location_count; i++) {
        const evprof_location_t *l = &p->locations[i];
        if (l->mapping == mapping && all->spots[i].cum != 0 &&
            (all->is_address || l->line_count == 0 || matches_frames(all, l))) {
            return true;
        }
    }
    return false;
}

/* ---- One function ---- */

static const char *
own_text(evprof_assemblies_t *all, const char *text)
{
    return evprof_arena_strndup(&all->arena, text, strlen(text));
}

/* Gives each instruction the weights of the addresses from it to the next. */
static bool
fill_lines(evprof_assemblies_t *all, evprof_disassembly_t *a,
           const evprof_instruction_t *instructions, size_t count,
           const spot_t *spots, size_t spot_count)
{
    const evprof_pprof_t *p = evprof_view_profile(all->view);
    size_t s = 0;
    a->lines = evprof_arena_calloc(&all->arena, count + 1, sizeof(*a->lines));
    if (a->lines == NULL) {
        return false;
    }
    a->line_count = count;
    for (size_t i = 0; i < count; i++) {
        evprof_assembly_line_t *line = &a->lines[i];
        line->instruction = &instructions[i];
        for (; s < spot_count &&
               spots[s].vaddr < instructions[i].vaddr + instructions[i].size;
             s++) {
            line->flat += spots[s].flat;
            line->cum += spots[s].cum;
            line->location = &p->locations[spots[s].location];
        }
    }
    return true;
}

static int
add_function(evprof_assemblies_t *all, unit_t *unit, const evprof_routine_t *r,
             const spot_t *spots, size_t count)
{
    static const evprof_readable_how_t how = { .form = EVPROF_READABLE_PLAIN };
    const evprof_pprof_t *p = evprof_view_profile(all->view);
    evprof_disassembly_t a = { .routine = r,
                               .mapping = &p->mappings[unit->mapping] };
    evprof_instruction_t *instructions;
    size_t instruction_count;
    evprof_buf_t name = { 0 };
    evprof_error_t why;
    for (size_t i = 0; i < count; i++) {
        a.flat += spots[i].flat;
        a.cum += spots[i].cum;
    }
    evprof_readable_name(&name, r->names[0], &how);
    a.name = name.failed || name.data == NULL ? NULL : own_text(all, name.data);
    evprof_buf_free(&name);
    int status =
        evprof_code_disassemble(&unit->code, r, all->disassembler,
                                evprof_view_options(all->view)->intel_syntax,
                                &instructions, &instruction_count, &why);
    if (status == EVPROF_ENOMEM || a.name == NULL) {
        return EVPROF_ENOMEM;
    }
    if (status != EVPROF_OK) {
        a.problem = own_text(all, why.message);
    } else if (!fill_lines(all, &a, instructions, instruction_count, spots,
                           count)) {
        return EVPROF_ENOMEM;
    }
    evprof_disassembly_t *items =
        evprof_grow(all->items, &all->cap, all->count + 1, sizeof(*items));
    if (items == NULL) {
        return EVPROF_ENOMEM;
    }
    all->items = items;
    items[all->count++] = a;
    return EVPROF_OK;
}

/* ---- One binary ---- */

static int
read_functions(evprof_assemblies_t *all, unit_t *unit, const spot_t *spots,
               size_t count)
{
    const evprof_pprof_t *p = evprof_view_profile(all->view);
    int status = EVPROF_OK;
    uint64_t vaddr = evprof_binary_vaddr(
        &unit->code.binary, &p->mappings[unit->mapping], all->address);
    all->has_function = all->has_function ||
                        evprof_code_routine(&unit->code, vaddr) != NULL ||
                        evprof_code_routine(&unit->code, all->address) != NULL;
    for (size_t i = 0; i < count && status == EVPROF_OK;) {
        const evprof_routine_t *r =
            evprof_code_routine(&unit->code, spots[i].vaddr);
        size_t end = i + 1;
        while (r != NULL && end < count && spots[end].vaddr < r->end) {
            end++;
        }
        if (r != NULL && matches(all, unit, r, spots + i, end - i)) {
            status = add_function(all, unit, r, spots + i, end - i);
        }
        i = end;
    }
    return status;
}

static int
read_unit(evprof_assemblies_t *all, unit_t *unit)
{
    const evprof_pprof_t *p = evprof_view_profile(all->view);
    spot_t *spots = calloc(p->location_count + 1, sizeof(*spots));
    size_t count = 0;
    if (spots == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < p->location_count; i++) {
        const evprof_location_t *l = &p->locations[i];
        if (l->mapping == unit->mapping && all->spots[i].cum != 0) {
            spots[count] = all->spots[i];
            spots[count].location = (uint32_t)i;
            spots[count++].vaddr = evprof_binary_vaddr(
                &unit->code.binary, &p->mappings[unit->mapping], l->address);
        }
    }
    qsort(spots, count, sizeof(*spots), compare_spots);
    int status = read_functions(all, unit, spots, count);
    if (status == EVPROF_OK) {
        status = evprof_code_find_places(&unit->code, NULL);
    }
    free(spots);
    return status;
}

/* A binary that cannot be opened gives one remark; the report goes on. */
static int
open_unit(evprof_assemblies_t *all, uint32_t mapping)
{
    const evprof_pprof_t *p = evprof_view_profile(all->view);
    evprof_error_t why;
    unit_t *unit = calloc(1, sizeof(*unit));
    if (unit == NULL) {
        return EVPROF_ENOMEM;
    }
    unit->mapping = mapping;
    int status =
        evprof_code_open(&p->mappings[mapping], all->source, &unit->code, &why);
    unit->next = all->units;
    all->units = unit;
    if (status == EVPROF_ENOENT) {
        const evprof_notice_t *notice = evprof_view_request(all->view)->notice;
        notice->say(notice->ctx, why.message);
        return EVPROF_OK;
    }
    return status == EVPROF_OK ? read_unit(all, unit) : status;
}

/* ---- All of them ---- */

static int
compare_items(const void *left, const void *right)
{
    const evprof_disassembly_t *a = left;
    const evprof_disassembly_t *b = right;
    int order = strcmp(a->name, b->name);
    if (order != 0) {
        return order;
    }
    return (a->routine->start > b->routine->start) -
           (a->routine->start < b->routine->start);
}

static int
fail_empty(const evprof_assemblies_t *all, evprof_error_t *err)
{
    const char *param = evprof_view_request(all->view)->param;
    if (all->is_address && all->has_function) {
        return evprof_fail(err, EVPROF_ENOENT,
                           "the function at %s has no samples", param);
    }
    return evprof_fail(err, EVPROF_ENOENT,
                       all->is_address ? "no function is at %s"
                                       : "no function with samples matches %s",
                       param);
}

static int
read_all(evprof_assemblies_t *all, evprof_error_t *err)
{
    const evprof_pprof_t *p = evprof_view_profile(all->view);
    const char *param = evprof_view_request(all->view)->param;
    all->is_address = evprof_report_is_address(param, &all->address);
    all->disassembler = all->source->disassembler(err);
    if (all->disassembler == NULL) {
        return EVPROF_ENOTSUP;
    }
    all->spots = calloc(p->location_count + 1, sizeof(*all->spots));
    int status = all->spots == NULL ? EVPROF_ENOMEM : EVPROF_OK;
    if (status == EVPROF_OK) {
        count_samples(all);
    }
    for (size_t m = 0; m < p->mapping_count && status == EVPROF_OK; m++) {
        if (may_match(all, (uint32_t)m)) {
            status = open_unit(all, (uint32_t)m);
        }
    }
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "disassembly: out of memory");
    }
    if (all->count > 0) {
        qsort(all->items, all->count, sizeof(*all->items), compare_items);
    }
    return all->count == 0 ? fail_empty(all, err) : EVPROF_OK;
}

int
evprof_assemblies_read(evprof_view_t *view, enum evprof_assembly_match match,
                       evprof_assemblies_t **out, evprof_error_t *err)
{
    const evprof_code_source_t *source = evprof_view_request(view)->code;
    if (source == NULL) {
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "machine code cannot be read here");
    }
    evprof_assemblies_t *all = calloc(1, sizeof(*all));
    if (all == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "disassembly: out of memory");
    }
    all->view = view;
    all->source = source;
    all->match = match;
    int status = read_all(all, err);
    if (status != EVPROF_OK) {
        evprof_assemblies_free(all);
        return status;
    }
    *out = all;
    return EVPROF_OK;
}

void
evprof_assemblies_free(evprof_assemblies_t *all)
{
    while (all->units != NULL) {
        unit_t *unit = all->units;
        all->units = unit->next;
        evprof_code_close(&unit->code);
        free(unit);
    }
    evprof_arena_free(&all->arena);
    free(all->spots);
    free(all->items);
    free(all);
}

const evprof_disassembly_t *
evprof_assemblies_items(const evprof_assemblies_t *all, size_t *count)
{
    *count = all->count;
    return all->items;
}

const char *
evprof_assemblies_disassembler(const evprof_assemblies_t *all)
{
    return all->disassembler->name;
}
