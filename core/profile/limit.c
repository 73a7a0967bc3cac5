/* SPDX-License-Identifier: Apache-2.0 */
#include "core/profile/limit.h"

#include <stdlib.h>
#include <string.h>

/* ---- Folding ---- */

/* A sample's index, and its weight in the main column. */
typedef struct rank {
    uint64_t weight;
    uint32_t at;
} rank_t;

static int
compare_ranks(const void *a, const void *b)
{
    const rank_t *left = a;
    const rank_t *right = b;
    if (left->weight != right->weight) {
        return left->weight < right->weight ? 1 : -1;
    }
    return (left->at > right->at) - (left->at < right->at);
}

/* The column that viewers show first: default_type, or the last one. */
static size_t
main_column(const evprof_pprof_t *p)
{
    for (size_t i = 0; i < p->type_count; i++) {
        if (strcmp(p->types[i].type, p->default_type) == 0) {
            return i;
        }
    }
    return p->type_count - 1;
}

static rank_t *
rank_samples(const evprof_pprof_t *p)
{
    const size_t column = main_column(p);
    rank_t *ranks = calloc(p->sample_count, sizeof(*ranks));
    for (size_t i = 0; i < p->sample_count && ranks != NULL; i++) {
        const int64_t value = p->samples[i].values[column];
        ranks[i] = (rank_t){
            .weight = value < 0 ? 0 - (uint64_t)value : (uint64_t)value,
            .at = (uint32_t)i,
        };
    }
    if (ranks != NULL) {
        qsort(ranks, p->sample_count, sizeof(*ranks), compare_ranks);
    }
    return ranks;
}

static void
add_values(const evprof_pprof_t *p, const evprof_sample_t *from, int64_t *to)
{
    for (size_t i = 0; i < p->type_count; i++) {
        to[i] = (int64_t)((uint64_t)to[i] + (uint64_t)from->values[i]);
    }
}

size_t
evprof_pprof_fold(evprof_pprof_t *p, size_t max)
{
    if (p->sample_count <= max) {
        return 0;
    }
    int64_t *rest =
        evprof_arena_calloc(&p->arena, p->type_count, sizeof(*rest));
    rank_t *ranks = rest == NULL ? NULL : rank_samples(p);
    if (ranks == NULL) {
        return 0;
    }
    /* Samples to be dropped are marked by NULL values; the others keep their
     * order. */
    for (size_t i = max - 1; i < p->sample_count; i++) {
        evprof_sample_t *sample = &p->samples[ranks[i].at];
        add_values(p, sample, rest);
        sample->values = NULL;
    }
    free(ranks);
    size_t kept = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        if (p->samples[i].values != NULL) {
            p->samples[kept++] = p->samples[i];
        }
    }
    const size_t folded = p->sample_count - kept;
    p->samples[kept] = (evprof_sample_t){ .values = rest };
    p->sample_count = kept + 1;
    return folded;
}

int
evprof_pprof_mark_folded(evprof_pprof_t *p)
{
    const char *text = evprof_strings_intern(&p->strings, EVPROF_FOLDED);
    evprof_function_t *functions = evprof_arena_extend(
        &p->arena, p->functions, p->function_count, 1, sizeof(*functions));
    evprof_location_t *locations = evprof_arena_extend(
        &p->arena, p->locations, p->location_count, 1, sizeof(*locations));
    evprof_line_t *line = evprof_arena_calloc(&p->arena, 1, sizeof(*line));
    uint32_t *stack = evprof_arena_calloc(&p->arena, 1, sizeof(*stack));
    if (text == NULL || functions == NULL || locations == NULL ||
        line == NULL || stack == NULL) {
        return EVPROF_ENOMEM;
    }
    functions[p->function_count] =
        (evprof_function_t){ .name = text,
                             .system_name = text,
                             .filename =
                                 evprof_strings_intern(&p->strings, "") };
    line->function = (uint32_t)p->function_count++;
    /* Readers expect a distinct address for each location; no code is at 1. */
    locations[p->location_count] = (evprof_location_t){
        .address = 1, .lines = line, .line_count = 1, .mapping = EVPROF_NO_INDEX
    };
    stack[0] = (uint32_t)p->location_count++;
    p->functions = functions;
    p->locations = locations;
    p->samples[p->sample_count - 1].locations = stack;
    p->samples[p->sample_count - 1].location_count = 1;
    return EVPROF_OK;
}

/* ---- Unused locations ---- */

int
evprof_pprof_drop_unused(evprof_pprof_t *p)
{
    uint32_t *moved = calloc(p->location_count + 1, sizeof(*moved));
    uint32_t kept = 0;
    if (moved == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        for (uint32_t k = 0; k < sample->location_count; k++) {
            moved[sample->locations[k]] = 1;
        }
    }
    for (size_t i = 0; i < p->location_count; i++) {
        if (moved[i] != 0) {
            p->locations[kept] = p->locations[i];
            moved[i] = kept++;
        }
    }
    p->location_count = kept;
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        for (uint32_t k = 0; k < sample->location_count; k++) {
            sample->locations[k] = moved[sample->locations[k]];
        }
    }
    free(moved);
    return EVPROF_OK;
}
