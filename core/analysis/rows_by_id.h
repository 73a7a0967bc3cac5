/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_ROWS_BY_ID_H
#define EVPROF_ANALYSIS_ROWS_BY_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/index.h"

/*
 * From the ids of a table's rows to the rows. Writers nearly always number from
 * 1 on, which needs no table at all; other numbers go through an index.
 */
typedef struct evprof_ids {
    size_t count;
    bool sequential; /* id = row + 1 */
    const char *ids; /* where the id of the first row stands */
    size_t stride;   /* from the id of a row to that of the next */
    evprof_index_t index;
} evprof_ids_t;

/*
 * `ids` is the id of the first of `count` rows, each `stride` bytes long; the
 * rows are borrowed. EVPROF_ENOMEM; EVPROF_EINVAL: `*fault`, the first such id,
 * is 0 or there twice; the first row of each id can be found all the same.
 */
int evprof_ids_init(evprof_ids_t *map, const uint64_t *ids, size_t stride,
                    size_t count, uint64_t *fault);

/* Frees the table; the rows stay the caller's. */
void evprof_ids_fini(evprof_ids_t *map);

/* EVPROF_INDEX_END for unknown ones and for 0. */
uint32_t evprof_ids_find(const evprof_ids_t *map, uint64_t id);

#endif
