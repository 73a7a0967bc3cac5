/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/profile/sample_profile.h"

#include <stdlib.h>

static const char *
text(evprof_pprof_t *p, const char *s)
{
    return evprof_strings_intern(&p->strings, s);
}

static void *
room(evprof_pprof_t *p, size_t count, size_t size)
{
    void *out = evprof_arena_calloc(&p->arena, count, size);
    if (out == NULL) {
        abort();
    }
    return out;
}

static void
add_mappings(evprof_pprof_t *p)
{
    p->mapping_count = 2;
    p->mappings = room(p, 2, sizeof(*p->mappings));
    p->mappings[0] = (evprof_mapping_t){
        .id = 1,
        .start = 0x400000,
        .limit = 0x500000,
        .file = text(p, "/srv/bin/shop"),
        .build_id = text(p, "0badc0de"),
        .has_functions = true,
    };
    p->mappings[1] = (evprof_mapping_t){
        .id = 2,
        .start = 0x7f0000000000,
        .limit = 0x7f0000200000,
        .offset = 0x26000,
        .file = text(p, "/lib/libbasket.so"),
        .build_id = text(p, ""),
    };
}

static void
add_functions(evprof_pprof_t *p)
{
    static const char *const names[] = { "checkout", "price", "round_up" };
    p->function_count = 3;
    p->functions = room(p, 3, sizeof(*p->functions));
    for (size_t i = 0; i < 3; i++) {
        p->functions[i] = (evprof_function_t){
            .id = i + 1,
            .name = text(p, names[i]),
            .system_name = text(p, names[i]),
            .filename = text(p, "shop/cart.c"),
            .start_line = (int64_t)(10 * (i + 1)),
        };
    }
}

static void
add_locations(evprof_pprof_t *p)
{
    p->location_count = 3;
    p->locations = room(p, 3, sizeof(*p->locations));
    evprof_line_t *lines = room(p, 3, sizeof(*lines));
    lines[0] = (evprof_line_t){ .function = 0, .line = 12 };
    lines[1] = (evprof_line_t){ .function = 2, .line = 33, .column = 4 };
    lines[2] = (evprof_line_t){ .function = 1, .line = 25 };
    p->locations[0] = (evprof_location_t){
        .id = 1, .address = 0x401000, .lines = lines, .line_count = 1
    };
    p->locations[1] = (evprof_location_t){
        .id = 2, .address = 0x402000, .lines = lines + 1, .line_count = 2
    };
    p->locations[2] = (evprof_location_t){
        .id = 3, .address = 0x7f0000000100, .mapping = 1, .is_folded = true
    };
}

static void
add_samples(evprof_pprof_t *p)
{
    p->sample_count = 2;
    p->samples = room(p, 2, sizeof(*p->samples));
    uint32_t *stacks = room(p, 5, sizeof(*stacks));
    int64_t *values = room(p, 4, sizeof(*values));
    evprof_label_t *labels = room(p, 2, sizeof(*labels));
    const uint32_t stack_rows[] = { 2, 1, 0, 1, 0 };
    const int64_t value_rows[] = { 3, 30000000, 1, -10000000 };
    for (size_t i = 0; i < 5; i++) {
        stacks[i] = stack_rows[i];
    }
    for (size_t i = 0; i < 4; i++) {
        values[i] = value_rows[i];
    }
    labels[0] = (evprof_label_t){ .key = text(p, "route"),
                                  .text = text(p, "/cart"),
                                  .unit = text(p, "") };
    labels[1] = (evprof_label_t){ .key = text(p, "size"),
                                  .number = 4096,
                                  .unit = text(p, "bytes") };
    p->samples[0] = (evprof_sample_t){ .locations = stacks,
                                       .values = values,
                                       .labels = labels,
                                       .location_count = 3,
                                       .label_count = 2 };
    p->samples[1] = (evprof_sample_t){ .locations = stacks + 3,
                                       .values = values + 2,
                                       .location_count = 2 };
}

evprof_pprof_t *
make_sample_profile(void)
{
    evprof_pprof_t *p = evprof_pprof_new();
    if (p == NULL) {
        abort();
    }
    p->type_count = 2;
    p->types = room(p, 2, sizeof(*p->types));
    p->types[0] = (evprof_value_type_t){ text(p, "samples"), text(p, "count") };
    p->types[1] =
        (evprof_value_type_t){ text(p, "cpu"), text(p, "nanoseconds") };
    p->period_type = p->types[1];
    p->period = 10000000;
    p->time_ns = INT64_C(1700000000000000000);
    p->duration_ns = INT64_C(2000000000);
    p->comment_count = 1;
    p->comments = room(p, 1, sizeof(*p->comments));
    p->comments[0] = text(p, "taken at night");
    p->default_type = text(p, "cpu");
    p->doc_url = text(p, "https://shop.example/doc");
    p->drop_frames = text(p, "malloc");
    p->keep_frames = text(p, "xmalloc");
    add_mappings(p);
    add_functions(p);
    add_locations(p);
    add_samples(p);
    return p;
}
