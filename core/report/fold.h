/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_FOLD_H
#define EVPROF_REPORT_FOLD_H

/*
 * Stacks as the boxes of a flame graph: stacks that begin alike share boxes.
 * Only boxes that are wide enough to see are made; a box says how many of its
 * children were too narrow. So the work and the size of the answer depend on
 * what is seen, not on the profile.
 */

#include "core/base/sum.h"
#include "core/report/stacks.h"

enum evprof_fold_kind {
    EVPROF_FOLD_DOWN,    /* from the roots to the leaves */
    EVPROF_FOLD_UP,      /* from the leaves to the roots */
    EVPROF_FOLD_CALLEES, /* below the outermost frame of one place */
    EVPROF_FOLD_CALLERS, /* above it, the nearest caller first */
};

typedef struct evprof_fold_ask {
    enum evprof_fold_kind kind;
    uint32_t place;       /* of callees and callers */
    const uint32_t *path; /* places from the root to the box to begin with */
    size_t path_len;
    double narrowest; /* a share of the first box */
    size_t max_boxes; /* more make narrow boxes be left out, at least 1 */
} evprof_fold_ask_t;

/* The sum of stacks: what the profile adds, and what a base subtracts. Both are
 * zero or more; a box is as wide as both together. */
typedef struct evprof_sum {
    int64_t more;
    int64_t less;
} evprof_sum_t;

typedef struct evprof_fold_box {
    uint32_t place;  /* EVPROF_NO_INDEX: all stacks */
    uint32_t depth;  /* of the first box 0 */
    uint32_t hidden; /* children that were too narrow */
    uint32_t repeat; /* the most calls that it stands for in a stack */
    bool is_inline;  /* wherever it is called here */
    evprof_sum_t cum;
    evprof_sum_t self;
} evprof_fold_box_t;

/* Boxes in the order of a walk: a box, then its children, the widest first. */
typedef struct evprof_fold {
    evprof_fold_box_t *boxes;
    size_t count;
    double narrowest; /* the share that was used */
} evprof_fold_t;

/* Makes the boxes that are asked for. EVPROF_ENOENT: no stack has that path;
 * EVPROF_ENOMEM. */
int evprof_fold_make(const evprof_stacks_t *s, const evprof_fold_ask_t *ask,
                     evprof_fold_t *out, evprof_error_t *err);

/* Frees the boxes; it is empty afterwards. */
void evprof_fold_free(evprof_fold_t *fold);

/* How wide a box of that sum is. */
static inline int64_t
evprof_sum_width(evprof_sum_t sum)
{
    return evprof_sum(sum.more, sum.less);
}

/* Adds a value, which may be negative. */
static inline void
evprof_sum_add(evprof_sum_t *sum, int64_t value)
{
    if (value < 0) {
        sum->less = evprof_difference(sum->less, value);
    } else {
        sum->more = evprof_sum(sum->more, value);
    }
}

#endif
