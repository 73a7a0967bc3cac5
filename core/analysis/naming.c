/* SPDX-License-Identifier: Apache-2.0 */
#include "core/analysis/naming.h"

#include <stdlib.h>

#include "core/base/grow.h"
#include "core/base/hash.h"

void
evprof_naming_begin(evprof_naming_t *n, evprof_pprof_t *p)
{
    *n = (evprof_naming_t){ .profile = p };
}

/* The row that the function will have in the profile. */
static uint32_t
find_function(evprof_naming_t *n, evprof_span_t span)
{
    evprof_pprof_t *p = n->profile;
    const char *name =
        evprof_strings_add(&p->strings, span.at, evprof_span_len(span));
    const char *empty = evprof_strings_intern(&p->strings, "");
    uint64_t hash = evprof_hash_mix((uint64_t)(uintptr_t)name);
    evprof_index_walk_t walk = evprof_index_walk(&n->index, hash);
    for (uint32_t row; (row = evprof_index_next(&walk)) != EVPROF_INDEX_END;) {
        if (n->functions[row].name == name) {
            return (uint32_t)p->function_count + row;
        }
    }
    evprof_function_t *functions =
        evprof_grow(n->functions, &n->cap, n->count + 1, sizeof(*functions));
    if (name == NULL || empty == NULL || functions == NULL ||
        evprof_index_add(&n->index, hash, (uint32_t)n->count) != EVPROF_OK) {
        n->functions = functions != NULL ? functions : n->functions;
        n->status = EVPROF_ENOMEM;
        return 0;
    }
    n->functions = functions;
    functions[n->count] = (evprof_function_t){ .name = name,
                                               .system_name = name,
                                               .filename = empty };
    return (uint32_t)(p->function_count + n->count++);
}

void
evprof_naming_set(evprof_naming_t *n, uint32_t location,
                  const evprof_span_t *names, size_t count)
{
    evprof_pprof_t *p = n->profile;
    if (n->status != EVPROF_OK || count == 0) {
        return;
    }
    evprof_line_t *lines =
        evprof_arena_calloc(&p->arena, count, sizeof(*lines));
    if (lines == NULL) {
        n->status = EVPROF_ENOMEM;
        return;
    }
    for (size_t i = 0; i < count && n->status == EVPROF_OK; i++) {
        lines[i].function = find_function(n, names[i]);
    }
    if (n->status == EVPROF_OK) {
        p->locations[location].lines = lines;
        p->locations[location].line_count = (uint32_t)count;
    }
}

int
evprof_naming_end(evprof_naming_t *n)
{
    evprof_pprof_t *p = n->profile;
    evprof_function_t *all = evprof_arena_extend(
        &p->arena, p->functions, p->function_count, n->count, sizeof(*all));
    if (all == NULL) {
        n->status = EVPROF_ENOMEM;
    }
    if (n->status == EVPROF_OK) {
        for (size_t i = 0; i < n->count; i++) {
            size_t row = p->function_count + i;
            all[row] = n->functions[i];
            all[row].id = row + 1;
        }
        p->functions = all;
        p->function_count += n->count;
    } else {
        /* What the lines refer to is not there. */
        for (size_t i = 0; i < p->location_count; i++) {
            evprof_location_t *l = &p->locations[i];
            bool is_lost =
                l->line_count > 0 && l->lines[0].function >= p->function_count;
            l->line_count = is_lost ? 0 : l->line_count;
        }
    }
    free(n->functions);
    evprof_index_free(&n->index);
    return n->status;
}
