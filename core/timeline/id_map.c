/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers in a trace are dense in some files and kernel thread ids in
 * others, so that they are looked up by hash. */
#include "core/timeline/id_map.h"

#include <stdlib.h>

#include <evprof/status.h>

#include "core/base/grow.h"
#include "core/base/hash.h"

uint32_t
evprof_timeline_map_find(const evprof_timeline_map_t *map, uint64_t key)
{
    evprof_index_walk_t walk =
        evprof_index_walk(&map->index, evprof_hash_mix(key));
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && map->keys[row] != key) {
        row = evprof_index_next(&walk);
    }
    return row;
}

uint32_t
evprof_timeline_map_add(evprof_timeline_map_t *map, uint64_t key)
{
    uint32_t row = (uint32_t)map->count;
    uint64_t *grown =
        evprof_grow(map->keys, &map->cap, map->count + 1, sizeof(*grown));
    if (grown == NULL) {
        return EVPROF_INDEX_END;
    }
    map->keys = grown;
    if (row == EVPROF_INDEX_END ||
        evprof_index_add(&map->index, evprof_hash_mix(key), row) != EVPROF_OK) {
        return EVPROF_INDEX_END;
    }
    map->keys[map->count++] = key;
    return row;
}

void
evprof_timeline_map_free(evprof_timeline_map_t *map)
{
    evprof_index_free(&map->index);
    free(map->keys);
    *map = (evprof_timeline_map_t){ .keys = NULL };
}
