/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TIMELINE_ORDER_STATE_H
#define EVPROF_TIMELINE_ORDER_STATE_H

/* The rows of an order: goroutines, Ps, Ms and tasks by their numbers. Pointers
 * to rows are good until one of the same kind is made. */

#include "core/timeline/order.h"

typedef struct evprof_timeline_sequence {
    uint64_t generation;
    uint64_t count;
} evprof_timeline_sequence_t;

typedef struct evprof_timeline_region {
    uint64_t task;
    const char *name;
} evprof_timeline_region_t;

typedef struct evprof_timeline_g {
    uint8_t state; /* enum evprof_go_status */
    evprof_timeline_sequence_t sequence;
    evprof_timeline_region_t *regions; /* open, the innermost last */
    size_t region_count;
    size_t region_cap;
} evprof_timeline_g_t;

typedef struct evprof_timeline_p {
    uint8_t state;
    evprof_timeline_sequence_t sequence;
} evprof_timeline_p_t;

typedef struct evprof_timeline_m {
    uint64_t p;
    uint64_t g;
} evprof_timeline_m_t;

typedef struct evprof_timeline_task {
    bool is_open;
    const char *name;
} evprof_timeline_task_t;

/* The row of a key in a table of rows of `size` bytes. A new key gets a row
 * whose bytes are not set. NULL: out of memory. */
void *evprof_timeline_row_of(evprof_timeline_map_t *map, void **rows,
                             size_t *cap, size_t size, uint64_t key,
                             bool *is_new);

/* The goroutine, NULL: it is not there. */
evprof_timeline_g_t *evprof_timeline_find_g(const evprof_timeline_order_t *o,
                                            uint64_t id);

/* Makes a goroutine, whose number may have been that of one that has ended.
 * NULL: out of memory. */
evprof_timeline_g_t *evprof_timeline_make_g(evprof_timeline_order_t *o,
                                            uint64_t id, uint8_t state);

/* The P of that number; NULL: it is not known. */
evprof_timeline_p_t *evprof_timeline_find_p(const evprof_timeline_order_t *o,
                                            uint64_t id);

/* The M of that number; NULL: it is not known. */
evprof_timeline_m_t *evprof_timeline_find_m(const evprof_timeline_order_t *o,
                                            uint64_t id);

/* The M, with nothing on it when it is new. NULL: out of memory. */
evprof_timeline_m_t *evprof_timeline_make_m(evprof_timeline_order_t *o,
                                            uint64_t id);

#endif
