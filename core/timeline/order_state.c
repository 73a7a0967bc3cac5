/* SPDX-License-Identifier: Apache-2.0 */
/* Rows are never removed: a number may be used again after its goroutine or M
 * has ended. */
#include "core/timeline/order_state.h"

#include "core/base/grow.h"

#define NONE EVPROF_TIMELINE_NONE

void *
evprof_timeline_row_of(evprof_timeline_map_t *map, void **rows, size_t *cap,
                       size_t size, uint64_t key, bool *is_new)
{
    uint32_t row = evprof_timeline_map_find(map, key);
    *is_new = row == EVPROF_INDEX_END;
    if (*is_new) {
        void *grown = evprof_grow(*rows, cap, map->count + 1, size);
        if (grown == NULL) {
            return NULL;
        }
        *rows = grown;
        row = evprof_timeline_map_add(map, key);
    }
    return row == EVPROF_INDEX_END ? NULL : (char *)*rows + row * size;
}

evprof_timeline_g_t *
evprof_timeline_find_g(const evprof_timeline_order_t *o, uint64_t id)
{
    uint32_t row = evprof_timeline_map_find(&o->gs, id);
    return row == EVPROF_INDEX_END || o->g_rows[row].state == EVPROF_GO_GONE
               ? NULL
               : &o->g_rows[row];
}

evprof_timeline_g_t *
evprof_timeline_make_g(evprof_timeline_order_t *o, uint64_t id, uint8_t state)
{
    bool is_new;
    void *rows = o->g_rows;
    evprof_timeline_g_t *g = evprof_timeline_row_of(
        &o->gs, &rows, &o->g_cap, sizeof(evprof_timeline_g_t), id, &is_new);
    o->g_rows = rows;
    if (g == NULL) {
        return NULL;
    }
    if (is_new) {
        *g = (evprof_timeline_g_t){ .state = EVPROF_GO_GONE };
    }
    g->state = state;
    g->sequence =
        (evprof_timeline_sequence_t){ .generation = o->generation->number };
    g->region_count = 0;
    return g;
}

evprof_timeline_p_t *
evprof_timeline_find_p(const evprof_timeline_order_t *o, uint64_t id)
{
    uint32_t row = evprof_timeline_map_find(&o->ps, id);
    return row == EVPROF_INDEX_END ? NULL : &o->p_rows[row];
}

evprof_timeline_m_t *
evprof_timeline_find_m(const evprof_timeline_order_t *o, uint64_t id)
{
    uint32_t row = evprof_timeline_map_find(&o->ms, id);
    return row == EVPROF_INDEX_END ? NULL : &o->m_rows[row];
}

evprof_timeline_m_t *
evprof_timeline_make_m(evprof_timeline_order_t *o, uint64_t id)
{
    bool is_new;
    void *rows = o->m_rows;
    evprof_timeline_m_t *m = evprof_timeline_row_of(
        &o->ms, &rows, &o->m_cap, sizeof(evprof_timeline_m_t), id, &is_new);
    o->m_rows = rows;
    if (m != NULL && is_new) {
        *m = (evprof_timeline_m_t){ .p = NONE, .g = NONE };
    }
    return m;
}
