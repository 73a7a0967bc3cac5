/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_ANNOTATED_H
#define EVPROF_REPORT_ANNOTATED_H

/*
 * Source lines with their weights and the instructions that were compiled from
 * them, function by function. A line's weight counts a sample once, however
 * often the stack holds it, and includes code that was inlined into the line.
 */

#include "core/report/assembly.h"

/* One instruction of a line. Its chain of inlined calls are the frames
 * `frame - 1` down to 0 of its places. */
typedef struct evprof_annotated_code {
    const evprof_assembly_line_t *line;
    uint32_t frame;   /* of the places: the one that stands on the line */
    bool is_hot;      /* in the loop that takes most of its function's time */
    bool is_adjacent; /* follows the instruction before it in memory */
} evprof_annotated_code_t;

typedef struct evprof_annotated_line {
    int64_t number;
    int64_t flat;
    int64_t cum;
    const evprof_annotated_code_t *code; /* by address */
    size_t code_count;
} evprof_annotated_line_t;

/* One function in one file; lines ascend, and only those with a weight or with
 * instructions are there. */
typedef struct evprof_annotated {
    const char *name;
    const char *file;
    int64_t flat;
    int64_t cum;
    const evprof_annotated_line_t *lines;
    size_t line_count;
} evprof_annotated_t;

typedef struct evprof_annotation {
    evprof_annotated_t *items; /* the heaviest first */
    size_t count;
    const char *disassembler; /* NULL: there are no instructions */
    const char *problem;      /* why, or NULL */
    evprof_assemblies_t *assemblies;
    evprof_arena_t arena;
    evprof_strings_t strings;
} evprof_annotation_t;

/* Fills in the functions that the view's expression matches. `out` has to be
 * freed in any case. EVPROF_ENOENT: no function with samples matches;
 * EVPROF_ENOMEM. */
int evprof_annotate(evprof_view_t *view, evprof_annotation_t *out,
                    evprof_error_t *err);

/* Frees it, with the machine code that it has; it is empty afterwards. */
void evprof_annotation_free(evprof_annotation_t *annotation);

/*
 * Finds the loop that takes at least half of the function's own time: the
 * innermost backward jump around that much. False: there is none.
 */
bool evprof_hot_loop(const evprof_disassembly_t *assembly, uint64_t *first,
                     uint64_t *last);

#endif
