/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_STACKS_H
#define EVPROF_REPORT_STACKS_H

/*
 * A view as plain stacks of places, for pages that look at one view again and
 * again. Everything a page shows (flame graph, table, callers, search) is one
 * pass over these arrays. A stack costs four bytes a frame and keeps nothing
 * of the profile, which may be freed.
 *
 * One thread at a time.
 */

#include "core/report/report.h"

/* One line of the program at the view's granularity. Strings are never NULL. */
typedef struct evprof_stack_place {
    const char *name;     /* as reports print it */
    const char *function; /* "" if unknown */
    const char *file;     /* also where the granularity leaves files out */
    const char *object;   /* the mapping's file */
    int64_t line;         /* where it starts, 0 if unknown */
} evprof_stack_place_t;

/* A frame is the index of a place, times two, plus one when it is inlined. */
#define EVPROF_FRAME_PLACE(frame) ((frame) >> 1)
#define EVPROF_FRAME_IS_INLINE(frame) (((frame)&1u) != 0)

typedef struct evprof_view_stack {
    uint32_t first; /* index in frames; the root is first */
    uint32_t len;
    int64_t value;   /* negative for what a base takes away */
    int64_t divisor; /* 0 unless means are asked for */
} evprof_view_stack_t;

typedef struct evprof_stacks {
    evprof_strings_t strings;
    evprof_stack_place_t *places;
    size_t place_count;
    uint32_t *frames;
    size_t frame_count;
    uint32_t *repeats; /* of each frame, see recursion.h; NULL: none */
    evprof_view_stack_t *stacks;
    size_t count;
    int64_t total;     /* what percentages refer to */
    const char *title; /* base name of the binary, or "" */
    const char *type;  /* of the samples */
    const char *unit;
    const char *output_unit; /* that of the options */
    const char *labels;      /* what the profile says of itself, in lines */
    double ratio;            /* values are multiplied by it when printed */
    bool is_mean;
    bool is_compared;    /* negative values are those of a base */
    bool is_signed;      /* some value is negative */
    bool drops_negative; /* tables leave out what became less */
} evprof_stacks_t;

/*
 * Takes the stacks out of a view. `original` is the profile that the view's was
 * copied from; it knows the files and lines that the granularity left out.
 * EVPROF_ENOMEM, EVPROF_ELIMIT: 2^32 frames or more.
 */
int evprof_stacks_make(const evprof_view_t *view,
                       const evprof_pprof_t *original, evprof_stacks_t **out,
                       evprof_error_t *err);

/* Frees the stacks and places; NULL is ignored. */
void evprof_stacks_free(evprof_stacks_t *s);

/* Bytes it holds, for limits. */
size_t evprof_stacks_bytes(const evprof_stacks_t *s);

#endif
