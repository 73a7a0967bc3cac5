/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_FLAME_H
#define EVPROF_REPORT_FLAME_H

#include "core/report/report.h"

/*
 * A profile as a tree of frames for a flame graph: equal stacks from the root
 * on share boxes. Boxes that would be too narrow to see are left out, so the
 * size of the tree does not depend on that of the profile.
 */
typedef struct evprof_box {
    const evprof_node_t *place; /* name and file; NULL for the root */
    int64_t flat;
    int64_t cum;
    uint32_t first_child; /* index, EVPROF_NO_INDEX: none; siblings by name */
    uint32_t next;
    bool is_inline;
} evprof_box_t;

typedef struct evprof_flame {
    evprof_graph_t *places;
    evprof_box_t *boxes; /* the last one is the root */
    size_t count;
    size_t depth; /* of the deepest box, the root not counted */
} evprof_flame_t;

/* Makes the boxes of the view, without those below `fraction` of the total. To
 * be freed. EVPROF_ENOMEM. */
int evprof_flame_make(evprof_view_t *view, double fraction, evprof_flame_t *out,
                      evprof_error_t *err);

/* Frees the boxes; it is empty afterwards. */
void evprof_flame_free(evprof_flame_t *flame);

#endif
