/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the profiles that the golden cases read: `make_input server` or
 * `make_input arena`, with an argument `late` for a second one of the same
 * program. Everything a report can show is in them: inlined frames, recursion,
 * several binaries, addresses without symbols, labels of both kinds, two value
 * columns, comments, names of Go, C++ and Java.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/profile/pprof.h"

static void *
need(void *memory)
{
    if (memory == NULL) {
        fputs("make_input: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static const char *
text(evprof_pprof_t *p, const char *s)
{
    return need((void *)(uintptr_t)evprof_strings_intern(&p->strings, s));
}

static const struct {
    const char *name;
    const char *file;
    int64_t start;
} functions[] = {
    { "main", "/src/shop/main.c", 10 },
    { "shop::Cart::add(int)", "/src/shop/./cart.cc", 40 },
    { "shop::Cart::total", "/src/shop/cart.cc", 80 },
    { "github.com/example/shop/v2.(*Till).Ring", "/go/till.go", 5 },
    { "org.example.shop.Till.ring", "Till.java", 7 },
    { "memcpy", "", 0 },
    { "walk", "/src/shop/tree.c", 20 },
    { "leaf", "/src/shop/tree.c", 60 },
};

/* Location: address, mapping, lines as pairs of function and line. */
static const struct {
    uint64_t address;
    uint32_t mapping;
    int lines[3][2]; /* function + 1, line; 0 ends */
} locations[] = {
    { 0x401000, 0, { { 1, 12 } } }, { 0x401100, 0, { { 3, 84 }, { 2, 44 } } },
    { 0x401200, 0, { { 3, 85 } } }, { 0x401300, 0, { { 4, 9 } } },
    { 0x401400, 0, { { 5, 11 } } }, { 0x7f0010, 1, { { 6, 0 } } },
    { 0x401500, 0, { { 7, 22 } } }, { 0x401600, 0, { { 8, 61 }, { 7, 25 } } },
    { 0x9f0020, 2, { { 0, 0 } } },
};

/* Leaf first, location + 1; 0 ends. */
static const struct {
    int stack[6];
    int64_t weight;
    const char *label;
    int64_t bytes;
} samples[] = {
    { { 6, 2, 1 }, 40, "client:alice", 4096 },
    { { 2, 1 }, 25, "client:bob", 0 },
    { { 3, 2, 1 }, 13, "client:alice", 65536 },
    { { 8, 7, 7, 7, 1 }, 9, NULL, 0 },
    { { 7, 7, 1 }, 4, NULL, 128 },
    { { 4, 1 }, 6, "client:carol", 1 << 20 },
    { { 5, 1 }, 5, "client:alice", 512 },
    { { 9, 2, 1 }, 2, NULL, 1024 },
    { { 9 }, 1, NULL, 0 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
add_functions(evprof_pprof_t *p)
{
    p->functions = need(evprof_arena_calloc(&p->arena, COUNT(functions),
                                            sizeof(*p->functions)));
    for (size_t i = 0; i < COUNT(functions); i++) {
        p->functions[i] =
            (evprof_function_t){ .id = i + 1,
                                 .name = text(p, functions[i].name),
                                 .system_name = text(p, functions[i].name),
                                 .filename = text(p, functions[i].file),
                                 .start_line = functions[i].start };
    }
    p->function_count = COUNT(functions);
}

static void
add_mappings(evprof_pprof_t *p)
{
    static const struct {
        uint64_t start;
        const char *file;
        const char *build_id;
    } mappings[] = { { 0x400000, "/usr/bin/shop", "c0ffee" },
                     { 0x7f0000, "/lib/libc.so.6", "" },
                     { 0x9f0000, "[vdso]", "" } };
    p->mappings = need(
        evprof_arena_calloc(&p->arena, COUNT(mappings), sizeof(*p->mappings)));
    for (size_t i = 0; i < COUNT(mappings); i++) {
        p->mappings[i] =
            (evprof_mapping_t){ .id = i + 1,
                                .start = mappings[i].start,
                                .limit = mappings[i].start + 0x10000,
                                .file = text(p, mappings[i].file),
                                .build_id = text(p, mappings[i].build_id),
                                .has_functions = i == 0 };
    }
    p->mapping_count = COUNT(mappings);
}

static void
add_locations(evprof_pprof_t *p)
{
    p->locations = need(evprof_arena_calloc(&p->arena, COUNT(locations),
                                            sizeof(*p->locations)));
    for (size_t i = 0; i < COUNT(locations); i++) {
        evprof_location_t *l = &p->locations[i];
        l->id = i + 1;
        l->address = locations[i].address;
        l->mapping = locations[i].mapping;
        l->lines = need(evprof_arena_calloc(&p->arena, 3, sizeof(*l->lines)));
        while (locations[i].lines[l->line_count][0] != 0) {
            const int *line = locations[i].lines[l->line_count];
            l->lines[l->line_count++] =
                (evprof_line_t){ .function = (uint32_t)line[0] - 1,
                                 .line = line[1] };
        }
    }
    p->location_count = COUNT(locations);
}

static void
add_labels(evprof_pprof_t *p, evprof_sample_t *s, size_t i)
{
    evprof_label_t *labels =
        need(evprof_arena_calloc(&p->arena, 2, sizeof(*labels)));
    if (samples[i].label != NULL) {
        const char *colon = strchr(samples[i].label, ':');
        labels[s->label_count++] = (evprof_label_t){ .key = text(p, "client"),
                                                     .text = text(p, colon + 1),
                                                     .unit = "" };
    }
    if (samples[i].bytes != 0) {
        labels[s->label_count++] = (evprof_label_t){ .key = text(p, "bytes"),
                                                     .number = samples[i].bytes,
                                                     .unit = text(p, "bytes") };
    }
    s->labels = labels;
}

/* `late`: the same program after a change that made one path cheaper. */
static void
add_samples(evprof_pprof_t *p, const int64_t units[2], bool is_late)
{
    p->samples = need(
        evprof_arena_calloc(&p->arena, COUNT(samples), sizeof(*p->samples)));
    for (size_t i = 0; i < COUNT(samples); i++) {
        evprof_sample_t *s = &p->samples[i];
        uint32_t *stack =
            need(evprof_arena_calloc(&p->arena, 6, sizeof(*stack)));
        while (samples[i].stack[s->location_count] != 0) {
            stack[s->location_count] =
                (uint32_t)samples[i].stack[s->location_count] - 1;
            s->location_count++;
        }
        s->locations = stack;
        s->values = need(evprof_arena_calloc(&p->arena, 2, sizeof(int64_t)));
        int64_t weight = samples[i].weight;
        weight = is_late ? (i == 0 ? 10 : weight + (int64_t)i) : weight;
        s->values[0] = weight * units[0];
        s->values[1] = weight * units[1];
        add_labels(p, s, i);
    }
    p->sample_count = COUNT(samples);
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: make_input server|arena [late]\n", stderr);
        return 2;
    }
    bool is_heap = strcmp(argv[1], "arena") == 0;
    evprof_pprof_t *p = need(evprof_pprof_new());
    p->types = need(evprof_arena_calloc(&p->arena, 2, sizeof(*p->types)));
    p->types[0] =
        (evprof_value_type_t){ text(p, is_heap ? "objects" : "samples"),
                               text(p, "count") };
    p->types[1] =
        (evprof_value_type_t){ text(p, is_heap ? "space" : "cpu"),
                               text(p, is_heap ? "bytes" : "nanoseconds") };
    p->type_count = 2;
    p->period_type = p->types[1];
    p->period = is_heap ? 524288 : 10000000;
    p->time_ns = INT64_C(1700000000) * 1000000000;
    p->duration_ns = is_heap ? 0 : INT64_C(2500000000);
    p->comments = need(evprof_arena_calloc(&p->arena, 2, sizeof(*p->comments)));
    p->comments[0] = text(p, "made for the golden cases");
    p->comments[1] = text(p, "# not shown above reports");
    p->comment_count = 2;
    add_functions(p);
    add_mappings(p);
    add_locations(p);
    const int64_t units[2] = { is_heap ? 3 : 1, is_heap ? 40960 : 10000000 };
    add_samples(p, units, argc > 2 && strcmp(argv[2], "late") == 0);
    evprof_writer_t out = evprof_writer_fd(1);
    evprof_error_t err;
    int status = evprof_pprof_encode(p, EVPROF_ENCODE_KEEP_IDS, &out, &err);
    evprof_pprof_free(p);
    return status == EVPROF_OK ? 0 : 1;
}
