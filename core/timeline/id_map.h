/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TIMELINE_ID_MAP_H
#define EVPROF_TIMELINE_ID_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/index.h"

/* Numbers of a file, of any size, to rows that count from 0 in the order in
 * which they came. Zero-initialised is empty and valid. */
typedef struct evprof_timeline_map {
    evprof_index_t index;
    uint64_t *keys;
    size_t count;
    size_t cap;
} evprof_timeline_map_t;

/* The row of a number, EVPROF_INDEX_END: it is not there. */
uint32_t evprof_timeline_map_find(const evprof_timeline_map_t *map,
                                  uint64_t key);

/* The row that a new number gets, EVPROF_INDEX_END: out of memory. */
uint32_t evprof_timeline_map_add(evprof_timeline_map_t *map, uint64_t key);

/* Frees the memory; the map is empty afterwards. */
void evprof_timeline_map_free(evprof_timeline_map_t *map);

#endif
