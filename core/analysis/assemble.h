/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_ASSEMBLE_H
#define EVPROF_ANALYSIS_ASSEMBLE_H

/*
 * Makes a profile of a text or binary format, sample by sample. Equal places
 * become one location; samples are not merged. The first failure is kept: later
 * calls do nothing, and the end reports it.
 */

#include "core/base/index.h"
#include "core/profile/pprof.h"

typedef struct evprof_assembly {
    evprof_pprof_t *profile; /* its tables are from malloc until the end */
    evprof_index_t locations;
    evprof_index_t functions;
    size_t type_cap;
    size_t sample_cap;
    size_t location_cap;
    size_t function_cap;
    size_t mapping_cap;
    bool is_ordered;
    int status;
} evprof_assembly_t;

/* A frame that is known by name. */
typedef struct evprof_named_frame {
    const char *name;
    size_t name_len;
    const char *file; /* of the source; NULL: unknown */
    size_t file_len;
    int64_t line; /* in that file, 0: unknown */
    uint64_t address;
    uint32_t mapping; /* row, or EVPROF_NO_INDEX */
} evprof_named_frame_t;

/* Begins an empty profile, which evprof_assembly_end() must end in any case. */
void evprof_assembly_begin(evprof_assembly_t *a);

/* Adds a column. Failures are kept and told at the end. */
void evprof_assembly_type(evprof_assembly_t *a, const char *type,
                          const char *unit);

/* Sets what one sampling event stands for. */
void evprof_assembly_period(evprof_assembly_t *a, const char *type,
                            const char *unit, int64_t period);

/* The row of the location at an address, made when new. */
uint32_t evprof_assembly_address(evprof_assembly_t *a, uint64_t address);

/* The row of the location at an address, or EVPROF_INDEX_END. */
uint32_t evprof_assembly_find(const evprof_assembly_t *a, uint64_t address);

/* The row of the location of a named frame, made when new. */
uint32_t evprof_assembly_frame(evprof_assembly_t *a,
                               const evprof_named_frame_t *frame);

/* The most frames of one location. */
#define EVPROF_ASSEMBLY_INLINED 64

/*
 * The row of the location whose address holds several frames, inlined ones
 * first, made when new; address and mapping are those of the last frame.
 * `count` is from 1 to EVPROF_ASSEMBLY_INLINED.
 */
uint32_t evprof_assembly_frames(evprof_assembly_t *a,
                                const evprof_named_frame_t *frames,
                                size_t count);

/* The row of the function of that name, made when new; its file is the first
 * that is known. */
uint32_t evprof_assembly_function(evprof_assembly_t *a,
                                  const evprof_named_frame_t *frame);

/* Adds a mapping; texts are copied. Returns its row. */
uint32_t evprof_assembly_mapping(evprof_assembly_t *a,
                                 const evprof_mapping_t *mapping);

/*
 * Adds a sample of `count` locations, leaf first, with one value a column;
 * everything is copied. `label` (may be NULL) has texts that need not be
 * interned.
 */
void evprof_assembly_sample(evprof_assembly_t *a, const uint32_t *locations,
                            size_t count, const int64_t *values,
                            const evprof_label_t *label);

/* Gives the last sample `count` labels in place of those it has; they are
 * sorted as a profile wants them, their texts need not be interned. */
void evprof_assembly_labels(evprof_assembly_t *a, const evprof_label_t *labels,
                            size_t count);

/* A text of the profile; "" once memory is out. */
const char *evprof_assembly_text(evprof_assembly_t *a, const char *text,
                                 size_t len);

/*
 * Leaves out unused locations and functions, and numbers the rest in the order
 * of first use. Rows of locations change, and afterwards only mappings may be
 * added. The end calls it, too.
 */
void evprof_assembly_order(evprof_assembly_t *a);

/* Hands the profile over. EVPROF_ENOMEM, or `status` if that is a failure,
 * which `err` then explains already. */
int evprof_assembly_end(evprof_assembly_t *a, int status, evprof_pprof_t **out,
                        evprof_error_t *err);

#endif
