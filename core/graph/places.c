/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of places. Each line of each location is looked up by the fields
 * that identify a place. Strings are interned, so a key is seven words and two
 * keys are compared by one memcmp(). Printed names are made once, here, since
 * sorting needs them.
 */
#include <string.h>

#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/path.h"
#include "core/graph/internal.h"

typedef struct finder {
    evprof_graph_t *g;
    uint32_t *slots;                      /* index of a place + 1, 0: free */
    const evprof_node_t **function_slots; /* NULL: nobody asks */
    size_t mask;
    const char **files; /* of each function, cleaned; NULL: not yet */
    evprof_buf_t scratch;
} finder_t;

void
evprof_node_print(evprof_buf_t *out, const evprof_node_info_t *info,
                  const char *separator)
{
    const char *gap = "";
    if (info->address != 0) {
        evprof_buf_printf(out, "%016llx", (unsigned long long)info->address);
        gap = separator;
    }
    if (info->name[0] != '\0') {
        evprof_buf_puts(out, gap);
        evprof_buf_puts(out, info->name);
        gap = separator;
    }
    if (info->line != 0) {
        evprof_buf_printf(out, "%s%s:%lld", gap, info->file,
                          (long long)info->line);
        if (info->column != 0) {
            evprof_buf_printf(out, ":%lld", (long long)info->column);
        }
    } else if (info->file[0] != '\0') {
        evprof_buf_puts(out, gap);
        evprof_buf_puts(out, info->file);
    } else if (info->name[0] == '\0' && info->object[0] != '\0') {
        evprof_buf_printf(out, "%s[", gap);
        evprof_path_base(out, info->object);
        evprof_buf_putc(out, ']');
    } else if (info->name[0] == '\0') {
        evprof_buf_printf(out, "%s<unknown>", gap);
    }
}

/* The name as printed; without a copy where it is the function's alone. */
static const char *
printed_name(finder_t *f, const evprof_node_info_t *info)
{
    if (info->address == 0 && info->line == 0 && info->file[0] == '\0' &&
        info->name[0] != '\0') {
        return info->name;
    }
    evprof_buf_clear(&f->scratch);
    evprof_node_print(&f->scratch, info, " ");
    return f->scratch.failed
               ? NULL
               : evprof_arena_strndup(&f->g->arena, f->scratch.data,
                                      f->scratch.len);
}

/* Cleaned names are interned in a set of the graph's own: two functions whose
 * files differ in spelling only are in one file. */
static const char *
clean_file(finder_t *f, uint32_t function)
{
    const char *file = f->g->profile->functions[function].filename;
    if (file[0] == '\0') {
        return "";
    }
    if (f->files[function] == NULL) {
        if (evprof_path_is_clean(file)) {
            f->files[function] = evprof_strings_intern(&f->g->strings, file);
        } else {
            evprof_buf_clear(&f->scratch);
            evprof_path_clean(&f->scratch, file);
            f->files[function] =
                f->scratch.failed
                    ? NULL
                    : evprof_strings_add(&f->g->strings, f->scratch.data,
                                         f->scratch.len);
        }
    }
    return f->files[function];
}

/* Names a frame without a symbol by its binary and address, so that functions
 * of a stripped library stay apart. False: out of memory. */
static bool
name_entry(finder_t *f, const evprof_location_t *loc, evprof_node_info_t *out)
{
    evprof_buf_clear(&f->scratch);
    evprof_path_base(&f->scratch, out->object);
    evprof_buf_printf(&f->scratch, "+0x%llx", (unsigned long long)loc->entry);
    out->name = f->scratch.failed
                    ? NULL
                    : evprof_strings_add(&f->g->strings, f->scratch.data,
                                         f->scratch.len);
    return out->name != NULL;
}

/* False: out of memory. */
static bool
describe(finder_t *f, const evprof_location_t *loc, const evprof_line_t *line,
         evprof_node_info_t *out)
{
    const evprof_pprof_t *p = f->g->profile;
    const char *object =
        loc->mapping == EVPROF_NO_INDEX ? "" : p->mappings[loc->mapping].file;
    *out = (evprof_node_info_t){
        .name = "", .file = "", .object = "", .address = loc->address
    };
    if (line == NULL || line->function == EVPROF_NO_INDEX) {
        out->object = object;
        return loc->entry == 0 || name_entry(f, loc, out);
    }
    const evprof_function_t *function = &p->functions[line->function];
    out->name = function->name;
    out->file = clean_file(f, line->function);
    out->line = line->line;
    out->column = line->column;
    if (f->g->options.keep_objects || out->name[0] == '\0') {
        out->object = object;
        out->start_line = function->start_line;
    }
    return out->file != NULL;
}

/* The profile interns "", literals here do not: equal keys need one address. */
static void
normalise(evprof_node_info_t *info)
{
    static const char *const empty = "";
    info->name = info->name[0] == '\0' ? empty : info->name;
    info->file = info->file[0] == '\0' ? empty : info->file;
    info->object = info->object[0] == '\0' ? empty : info->object;
}

static evprof_node_info_t
function_key(const evprof_node_info_t *info)
{
    evprof_node_info_t key = *info;
    if (info->address != 0 || info->line != 0) {
        key.address = 0;
        key.line = 0;
        key.column = 0;
    }
    return key;
}

/*
 * The first place of the same function: what is left of a place without address
 * and line. Only reports that keep binaries apart ask for it.
 */
static const evprof_node_t *
find_function(finder_t *f, const evprof_node_t *place)
{
    if (f->function_slots == NULL) {
        return place;
    }
    evprof_node_info_t key = function_key(&place->info);
    size_t at = evprof_hash(&key, sizeof(key), 0) & f->mask;
    while (f->function_slots[at] != NULL) {
        evprof_node_info_t other = function_key(&f->function_slots[at]->info);
        if (memcmp(&key, &other, sizeof(key)) == 0) {
            return f->function_slots[at];
        }
        at = (at + 1) & f->mask;
    }
    f->function_slots[at] = place;
    return place;
}

/* The place's index, or EVPROF_NO_INDEX when memory is out. */
static uint32_t
find_place(finder_t *f, const evprof_location_t *loc, const evprof_line_t *line)
{
    evprof_graph_t *g = f->g;
    evprof_node_info_t info;
    if (!describe(f, loc, line, &info)) {
        return EVPROF_NO_INDEX;
    }
    normalise(&info);
    size_t at = evprof_hash(&info, sizeof(info), 0) & f->mask;
    while (f->slots[at] != 0) {
        evprof_node_t *place = &g->places[f->slots[at] - 1];
        if (memcmp(&place->info, &info, sizeof(info)) == 0) {
            return f->slots[at] - 1;
        }
        at = (at + 1) & f->mask;
    }
    evprof_node_t *place = &g->places[g->place_count];
    place->info = info;
    place->name = printed_name(f, &info);
    place->function = find_function(f, place);
    f->slots[at] = (uint32_t)++g->place_count;
    return place->name == NULL ? EVPROF_NO_INDEX : f->slots[at] - 1;
}

static int
fill(finder_t *f)
{
    evprof_graph_t *g = f->g;
    const evprof_pprof_t *p = g->profile;
    uint32_t next = 0;
    for (size_t i = 0; i < p->location_count; i++) {
        const evprof_location_t *loc = &p->locations[i];
        uint32_t count = loc->line_count == 0 ? 1 : loc->line_count;
        g->first_line[i] = next;
        for (uint32_t j = 0; j < count; j++) {
            const evprof_line_t *line =
                loc->line_count == 0 ? NULL : &loc->lines[j];
            uint32_t place = find_place(f, loc, line);
            if (place == EVPROF_NO_INDEX) {
                return EVPROF_ENOMEM;
            }
            g->line_place[next++] = place;
            if (j + 1 < count) {
                g->places[place].may_be_inlined = true;
                g->has_inlines = true;
            }
        }
    }
    g->first_line[p->location_count] = next;
    for (uint32_t i = 0; i < next; i++) {
        g->line_node[i] = &g->places[g->line_place[i]];
    }
    return EVPROF_OK;
}

static int
compare_names(const void *a, const void *b)
{
    const evprof_node_t *l = *(evprof_node_t *const *)a;
    const evprof_node_t *r = *(evprof_node_t *const *)b;
    return strcmp(l->name, r->name);
}

int
evprof_graph_rank_names(evprof_graph_t *g)
{
    evprof_node_t **sorted =
        calloc(g->place_count + 1, sizeof(evprof_node_t *));
    if (sorted == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < g->place_count; i++) {
        sorted[i] = &g->places[i];
    }
    if (g->place_count > 1) {
        qsort(sorted, g->place_count, sizeof(evprof_node_t *), compare_names);
    }
    uint32_t rank = 0;
    for (size_t i = 0; i < g->place_count; i++) {
        if (i > 0 && strcmp(sorted[i]->name, sorted[i - 1]->name) != 0) {
            rank++;
        }
        sorted[i]->name_rank = rank;
    }
    free(sorted);
    return EVPROF_OK;
}

static size_t
count_lines(const evprof_pprof_t *p)
{
    size_t lines = 0;
    for (size_t i = 0; i < p->location_count; i++) {
        uint32_t count = p->locations[i].line_count;
        lines += count == 0 ? 1 : count;
    }
    return lines;
}

int
evprof_graph_make_places(evprof_graph_t *g)
{
    const evprof_pprof_t *p = g->profile;
    size_t lines = count_lines(p);
    if (lines >= EVPROF_NO_INDEX) {
        return EVPROF_ELIMIT;
    }
    size_t slots = 64;
    while (slots < lines * 2) {
        slots *= 2;
    }
    finder_t f = { .g = g, .mask = slots - 1 };
    f.slots = calloc(slots, sizeof(*f.slots));
    f.files = calloc(p->function_count + 1, sizeof(*f.files));
    if (g->options.keep_objects) {
        f.function_slots = calloc(slots, sizeof(*f.function_slots));
    }
    g->places = calloc(lines + 1, sizeof(*g->places));
    g->first_line = calloc(p->location_count + 1, sizeof(*g->first_line));
    g->line_place = calloc(lines + 1, sizeof(*g->line_place));
    g->line_node = calloc(lines + 1, sizeof(evprof_node_t *));
    int status = EVPROF_ENOMEM;
    bool has_functions = f.function_slots != NULL || !g->options.keep_objects;
    if (has_functions && f.slots != NULL && f.files != NULL &&
        g->places != NULL && g->first_line != NULL && g->line_place != NULL &&
        g->line_node != NULL) {
        status = fill(&f);
    }
    free(f.slots);
    free(f.files);
    free(f.function_slots);
    evprof_buf_free(&f.scratch);
    return status;
}

evprof_node_t *const *
evprof_graph_location(const evprof_graph_t *g, uint32_t location, size_t *count)
{
    *count = g->first_line[location + 1] - g->first_line[location];
    return &g->line_node[g->first_line[location]];
}

const evprof_node_t *
evprof_graph_places(const evprof_graph_t *g, size_t *count)
{
    *count = g->place_count;
    return g->places;
}
