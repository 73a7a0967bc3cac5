/* SPDX-License-Identifier: Apache-2.0 */
/* Rows by id; see the header for why there are two ways. */
#include "core/analysis/rows_by_id.h"

#include <string.h>

#include <evprof/status.h>

static uint64_t
id_of(const evprof_ids_t *map, size_t row)
{
    uint64_t id;
    memcpy(&id, map->ids + row * map->stride, sizeof(id));
    return id;
}

static bool
is_sequential(const evprof_ids_t *map)
{
    for (size_t i = 0; i < map->count; i++) {
        if (id_of(map, i) != i + 1) {
            return false;
        }
    }
    return true;
}

int
evprof_ids_init(evprof_ids_t *map, const uint64_t *ids, size_t stride,
                size_t count, uint64_t *fault)
{
    *map = (evprof_ids_t){ .count = count,
                           .ids = (const char *)ids,
                           .stride = stride };
    map->sequential = is_sequential(map);
    if (map->sequential) {
        return EVPROF_OK;
    }
    int status = evprof_index_reserve(&map->index, count);
    bool is_faulty = false;
    for (size_t i = 0; i < count && status == EVPROF_OK; i++) {
        uint64_t id = id_of(map, i);
        bool is_known = evprof_ids_find(map, id) != EVPROF_INDEX_END;
        if (!is_faulty && (id == 0 || is_known)) {
            *fault = id;
            is_faulty = true;
        }
        if (!is_known) {
            status = evprof_index_add(&map->index, id, (uint32_t)i);
        }
    }
    return status == EVPROF_OK && is_faulty ? EVPROF_EINVAL : status;
}

uint32_t
evprof_ids_find(const evprof_ids_t *map, uint64_t id)
{
    if (map->sequential) {
        return id - 1 < map->count ? (uint32_t)(id - 1) : EVPROF_INDEX_END;
    }
    evprof_index_walk_t walk = evprof_index_walk(&map->index, id);
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && id_of(map, row) != id) {
        row = evprof_index_next(&walk);
    }
    return row;
}

void
evprof_ids_fini(evprof_ids_t *map)
{
    evprof_index_free(&map->index);
}
