/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile as large as asked for. Stacks share their outer third, as those of
 * a server do, and are random below, which is the worst case for everything
 * that merges. Numbers come from a hash of a counter, so a size always gives
 * the same bytes.
 */
#include "tests/bench/profile/big_profile.h"

#include <stdio.h>
#include <string.h>

#include "core/base/hash.h"

#define LINES_OF_A_FUNCTION 2
#define NAME_SIZE 64

typedef struct maker {
    evprof_pprof_t *p;
    const big_profile_t *size;
    uint64_t counter;
} maker_t;

static uint64_t
draw(maker_t *m, uint64_t below)
{
    uint64_t bits = evprof_hash_mix(m->size->seed + ++m->counter);
    return (bits >> 32) * below >> 32;
}

static const char *
text(maker_t *m, const char *s)
{
    return evprof_strings_intern(&m->p->strings, s);
}

static int
make_functions(maker_t *m)
{
    evprof_pprof_t *p = m->p;
    size_t count = m->size->functions;
    p->functions = evprof_arena_calloc(&p->arena, count, sizeof(*p->functions));
    if (p->functions == NULL) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        char name[NAME_SIZE];
        char file[NAME_SIZE];
        snprintf(name, sizeof(name), "shop::Module%zu::handle_%zu", i / 50, i);
        snprintf(file, sizeof(file), "/src/shop/module_%zu.cc", i / 50);
        p->functions[i] = (evprof_function_t){ .id = i + 1,
                                               .name = text(m, name),
                                               .system_name = text(m, name),
                                               .filename = text(m, file) };
    }
    p->function_count = count;
    return 0;
}

static int
make_locations(maker_t *m)
{
    evprof_pprof_t *p = m->p;
    size_t count = m->size->functions * LINES_OF_A_FUNCTION;
    evprof_line_t *lines =
        evprof_arena_calloc(&p->arena, count, sizeof(*lines));
    p->locations = evprof_arena_calloc(&p->arena, count, sizeof(*p->locations));
    p->mappings = evprof_arena_calloc(&p->arena, 1, sizeof(*p->mappings));
    if (lines == NULL || p->locations == NULL || p->mappings == NULL) {
        return -1;
    }
    p->mappings[0] = (evprof_mapping_t){ .id = 1,
                                         .start = 0x400000,
                                         .limit = 0x400000 + count * 16,
                                         .file = text(m, "/srv/bin/shop"),
                                         .build_id = text(m, "5ca1ab1e"),
                                         .has_functions = true };
    p->mapping_count = 1;
    for (size_t i = 0; i < count; i++) {
        lines[i].function = (uint32_t)(i / LINES_OF_A_FUNCTION);
        lines[i].line = (int64_t)(10 + i % 400);
        p->locations[i] = (evprof_location_t){ .id = i + 1,
                                               .address = 0x400000 + i * 16,
                                               .lines = &lines[i],
                                               .line_count = 1 };
    }
    p->location_count = count;
    return 0;
}

/* The frame at `depth` from the root: near it few functions are found. */
static uint32_t
draw_frame(maker_t *m, size_t depth)
{
    size_t count = m->p->location_count;
    size_t shared = m->size->frames / 3;
    uint64_t below = depth < shared ? 1 + depth * count / (shared * 64) : count;
    return (uint32_t)draw(m, below);
}

static int
make_samples(maker_t *m)
{
    evprof_pprof_t *p = m->p;
    size_t count = m->size->samples;
    size_t frames = m->size->frames;
    p->samples = evprof_arena_calloc(&p->arena, count, sizeof(*p->samples));
    uint32_t *stacks =
        evprof_arena_calloc(&p->arena, count * frames, sizeof(*stacks));
    int64_t *values =
        evprof_arena_calloc(&p->arena, count * 2, sizeof(*values));
    if (p->samples == NULL || stacks == NULL || values == NULL) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t *stack = stacks + i * frames;
        for (size_t f = 0; f < frames; f++) {
            stack[frames - 1 - f] = draw_frame(m, f);
        }
        values[2 * i] = (int64_t)(1 + draw(m, 20));
        values[2 * i + 1] = values[2 * i] * 10000000;
        p->samples[i] = (evprof_sample_t){ .locations = stack,
                                           .values = values + 2 * i,
                                           .location_count = (uint32_t)frames };
    }
    p->sample_count = count;
    return 0;
}

static int
make_header(maker_t *m)
{
    evprof_pprof_t *p = m->p;
    p->types = evprof_arena_calloc(&p->arena, 2, sizeof(*p->types));
    if (p->types == NULL) {
        return -1;
    }
    p->type_count = 2;
    p->types[0] = (evprof_value_type_t){ text(m, "samples"), text(m, "count") };
    p->types[1] =
        (evprof_value_type_t){ text(m, "cpu"), text(m, "nanoseconds") };
    p->period_type = p->types[1];
    p->period = 10000000;
    p->time_ns = INT64_C(1700000000000000000);
    p->duration_ns = INT64_C(30000000000);
    return 0;
}

evprof_pprof_t *
make_big_profile(const big_profile_t *size)
{
    maker_t m = { .p = evprof_pprof_new(), .size = size };
    if (m.p == NULL) {
        return NULL;
    }
    if (make_header(&m) != 0 || make_functions(&m) != 0 ||
        make_locations(&m) != 0 || make_samples(&m) != 0) {
        evprof_pprof_free(m.p);
        return NULL;
    }
    return m.p;
}
