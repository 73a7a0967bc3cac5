/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_PPROF_H
#define EVPROF_PROFILE_PPROF_H

/*
 * A profile in memory, in pprof's data model. The runtime builds it from
 * samples and encodes it; the tool decodes, merges, filters and reports it.
 *
 * Tables are arrays, and rows refer to each other by index, so that a stack
 * costs four bytes a frame and tables can be copied and renumbered whole. All
 * strings are interned in `strings`: equal strings have equal addresses, and an
 * empty one is "" and never NULL. Arrays and labels are in `arena`. One thread
 * at a time; different profiles are independent.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>
#include <evprof/writer.h>

#include "core/base/arena.h"
#include "core/base/strings.h"

#define EVPROF_NO_INDEX UINT32_MAX

typedef struct evprof_value_type {
    const char *type;
    const char *unit;
} evprof_value_type_t;

typedef struct evprof_mapping {
    uint64_t id; /* as read; written ids count from 1 */
    uint64_t start;
    uint64_t limit; /* first address after it */
    uint64_t offset;
    const char *file;
    const char *build_id; /* hex */
    bool has_functions;
    bool has_filenames;
    bool has_line_numbers;
    bool has_inline_frames;
} evprof_mapping_t;

typedef struct evprof_function {
    uint64_t id;
    const char *name;
    const char *system_name;
    const char *filename;
    int64_t start_line;
} evprof_function_t;

typedef struct evprof_line {
    uint32_t function; /* index, or EVPROF_NO_INDEX */
    int64_t line;
    int64_t column;
} evprof_line_t;

typedef struct evprof_location {
    uint64_t id;
    uint64_t address;
    evprof_line_t *lines; /* innermost first */
    uint32_t line_count;
    uint32_t mapping; /* index, or EVPROF_NO_INDEX */
    bool is_folded;
    /* For a location without lines: the start of its function in the binary by
     * the unwind tables; 0: unknown. For display; never written. */
    uint64_t entry;
} evprof_location_t;

/* A string label when `text` is not NULL, else a numeric one. */
typedef struct evprof_label {
    const char *key;
    const char *text;
    int64_t number;
    const char *unit; /* numeric only; "" when unset */
} evprof_label_t;

typedef struct evprof_sample {
    uint32_t *locations;    /* indices, leaf first */
    int64_t *values;        /* type_count of them */
    evprof_label_t *labels; /* string labels first, then numbers, each by key */
    uint32_t location_count;
    uint32_t label_count;
} evprof_sample_t;

typedef struct evprof_pprof {
    evprof_strings_t strings;
    evprof_arena_t arena;

    evprof_value_type_t *types;
    evprof_sample_t *samples;
    evprof_mapping_t *mappings;
    evprof_location_t *locations;
    evprof_function_t *functions;
    const char **comments;
    size_t type_count;
    size_t sample_count;
    size_t mapping_count;
    size_t location_count;
    size_t function_count;
    size_t comment_count;

    evprof_value_type_t period_type;
    int64_t period;
    int64_t time_ns;
    int64_t duration_ns;
    const char *drop_frames;
    const char *keep_frames;
    const char *default_type;
    const char *doc_url;
} evprof_pprof_t;

/* The key of a label whose value "true" marks the samples of the base of a
 * difference; not shown to people. */
#define EVPROF_LABEL_BASE "pprof::base"

/* Whether all values of a sample are zero. */
bool evprof_sample_is_zero(const evprof_sample_t *sample, size_t type_count);

/* Moves the samples that are not all zero to the front, in their order, and
 * returns their number. */
size_t evprof_samples_drop_zero(evprof_sample_t *samples, size_t count,
                                size_t type_count);

/* An empty profile, all strings ""; NULL: out of memory. */
evprof_pprof_t *evprof_pprof_new(void);

/* Appends a comment, a copy of `text`. EVPROF_ENOMEM: nothing is changed. */
int evprof_pprof_comment(evprof_pprof_t *p, const char *text);

/* Frees the profile and all that it points to; NULL is ignored. */
void evprof_pprof_free(evprof_pprof_t *p);

enum {
    EVPROF_ENCODE_PLAIN = 1,
    EVPROF_ENCODE_KEEP_IDS = 2, /* write the rows' ids, which must be unique */
};

/*
 * Writes profile.proto: packed fields, ids from 1 in order, strings made valid
 * UTF-8, compressed by gzip unless `flags` has EVPROF_ENCODE_PLAIN. Returns the
 * writer's status, or EVPROF_ENOMEM.
 */
int evprof_pprof_encode(const evprof_pprof_t *p, unsigned flags,
                        const evprof_writer_t *out, evprof_error_t *err);

#define EVPROF_DECODE_MAX ((size_t)4 << 30)

/*
 * Reads profile.proto, plain or compressed by gzip. `max_len` bounds the bytes
 * after decompression; 0: EVPROF_DECODE_MAX. The result has passed
 * evprof_pprof_check(). EVPROF_EPARSE: not in this format; EVPROF_EINVAL:
 * inconsistent; EVPROF_ELIMIT: too large; EVPROF_ENOMEM.
 */
int evprof_pprof_decode(const void *data, size_t len, size_t max_len,
                        evprof_pprof_t **out, evprof_error_t *err);

/* A profile that shares nothing with `p`, NULL: out of memory. */
evprof_pprof_t *evprof_pprof_copy(const evprof_pprof_t *p);

/* The most frames of a stack, inlined ones included. */
#define EVPROF_DEPTH_MAX ((size_t)1 << 22)

/*
 * Checks what all users rely on: indexes in range, one value for each column,
 * at least one sample type, no stack too deep. EVPROF_EINVAL or EVPROF_ELIMIT
 * with the first fault.
 */
int evprof_pprof_check(const evprof_pprof_t *p, evprof_error_t *err);

#endif
