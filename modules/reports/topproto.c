/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes of top as a profile: each is one sample with one location, its
 * values cum and flat in the unit that top prints.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/unit.h"
#include "core/report/report.h"

typedef struct maker {
    evprof_view_t *view;
    evprof_pprof_t *p;
    uint32_t *slots; /* function + 1 */
    size_t mask;
} maker_t;

static int64_t
in_output_unit(const evprof_view_t *view, int64_t value)
{
    return (int64_t)evprof_unit_scale(value, evprof_view_sample_unit(view),
                                      evprof_view_output_unit(view), NULL);
}

static bool
prepare(maker_t *m, size_t count)
{
    const evprof_pprof_t *from = evprof_view_profile(m->view);
    evprof_pprof_t *p = m->p;
    size_t slots = 64;
    while (slots < count * 2) {
        slots *= 2;
    }
    m->mask = slots - 1;
    m->slots = calloc(slots, sizeof(*m->slots));
    p->types = evprof_arena_calloc(&p->arena, 2, sizeof(*p->types));
    p->samples = evprof_arena_calloc(&p->arena, count + 1, sizeof(*p->samples));
    p->locations =
        evprof_arena_calloc(&p->arena, count + 1, sizeof(*p->locations));
    p->functions =
        evprof_arena_calloc(&p->arena, count + 1, sizeof(*p->functions));
    if (m->slots == NULL || p->types == NULL || p->samples == NULL ||
        p->locations == NULL || p->functions == NULL) {
        return false;
    }
    const char *unit =
        evprof_strings_intern(&p->strings, evprof_view_output_unit(m->view));
    p->types[0] =
        (evprof_value_type_t){ evprof_strings_intern(&p->strings, "cum"),
                               unit };
    p->types[1] =
        (evprof_value_type_t){ evprof_strings_intern(&p->strings, "flat"),
                               unit };
    p->type_count = 2;
    p->period_type.type =
        evprof_strings_intern(&p->strings, from->period_type.type);
    p->period_type.unit =
        evprof_strings_intern(&p->strings, from->period_type.unit);
    p->period = from->period;
    p->time_ns = from->time_ns;
    p->duration_ns = from->duration_ns;
    return unit != NULL && p->types[0].type != NULL &&
           p->types[1].type != NULL && p->period_type.type != NULL &&
           p->period_type.unit != NULL;
}

/* The function of that name, file and line; EVPROF_NO_INDEX: no memory. */
static uint32_t
find_function(maker_t *m, const evprof_node_info_t *info)
{
    evprof_pprof_t *p = m->p;
    const char *name = evprof_strings_intern(&p->strings, info->name);
    const char *file = evprof_strings_intern(&p->strings, info->file);
    const char *empty = evprof_strings_intern(&p->strings, "");
    if (name == NULL || file == NULL || empty == NULL) {
        return EVPROF_NO_INDEX;
    }
    const uintptr_t key[3] = { (uintptr_t)name, (uintptr_t)file,
                               (uintptr_t)info->start_line };
    size_t at = evprof_hash(key, sizeof(key), 0) & m->mask;
    while (m->slots[at] != 0) {
        const evprof_function_t *f = &p->functions[m->slots[at] - 1];
        if (f->name == name && f->filename == file &&
            f->start_line == info->start_line) {
            return m->slots[at] - 1;
        }
        at = (at + 1) & m->mask;
    }
    evprof_function_t *f = &p->functions[p->function_count++];
    *f = (evprof_function_t){ .id = p->function_count,
                              .name = name,
                              .system_name = empty,
                              .filename = file,
                              .start_line = info->start_line };
    m->slots[at] = (uint32_t)p->function_count;
    return m->slots[at] - 1;
}

static bool
add_node(maker_t *m, const evprof_node_t *node)
{
    evprof_pprof_t *p = m->p;
    uint32_t index = (uint32_t)p->location_count;
    evprof_line_t *line = evprof_arena_alloc(&p->arena, sizeof(*line));
    uint32_t *stack = evprof_arena_alloc(&p->arena, sizeof(*stack));
    int64_t *values = evprof_arena_alloc(&p->arena, 2 * sizeof(*values));
    uint32_t function = find_function(m, &node->info);
    if (line == NULL || stack == NULL || values == NULL ||
        function == EVPROF_NO_INDEX) {
        return false;
    }
    *line = (evprof_line_t){ function, node->info.line, node->info.column };
    *stack = index;
    values[0] = in_output_unit(m->view, evprof_node_cum(node));
    values[1] = in_output_unit(m->view, evprof_node_flat(node));
    p->locations[p->location_count++] =
        (evprof_location_t){ .id = index + 1,
                             .address = node->info.address,
                             .lines = line,
                             .line_count = 1,
                             .mapping = EVPROF_NO_INDEX };
    p->samples[p->sample_count++] = (evprof_sample_t){ .locations = stack,
                                                       .values = values,
                                                       .location_count = 1 };
    return true;
}

static int
make_profile(maker_t *m, const evprof_graph_t *g)
{
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_nodes(g, &count);
    if (m->p == NULL || !prepare(m, count)) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        if (!add_node(m, nodes[i])) {
            return EVPROF_ENOMEM;
        }
    }
    return EVPROF_OK;
}

static int
write_topproto(evprof_view_t *view, const evprof_writer_t *out,
               evprof_error_t *err)
{
    evprof_graph_t *g;
    evprof_trimmed_t trimmed;
    int status = evprof_view_trimmed_graph(view, &g, &trimmed, err);
    if (status != EVPROF_OK) {
        return status;
    }
    maker_t m = { .view = view, .p = evprof_pprof_new() };
    status = make_profile(&m, g);
    if (status == EVPROF_OK) {
        status = evprof_pprof_encode(m.p, 0, out, err);
    } else {
        evprof_fail(err, status, "topproto: out of memory");
    }
    evprof_pprof_free(m.p);
    free(m.slots);
    evprof_graph_free(g);
    return status;
}

const evprof_report_t evprof_report_topproto = {
    .name = "topproto",
    .summary = "Heaviest functions alone, as a pprof file",
    .flags = EVPROF_REPORT_ALL_NODES | EVPROF_REPORT_BINARY,
    .suffix = "pb.gz",
    .write = write_topproto,
};
