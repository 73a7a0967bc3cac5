/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_PPROF_H
#define EVPROF_PROFILE_PPROF_H

/*
 * A profile in memory, as pprof's data model has it. The runtime builds one
 * from samples and encodes it; the tool decodes, merges, filters and reports
 * it.
 *
 * Tables are arrays; things refer to each other by index into them, so that a
 * stack costs four bytes a frame and tables can be copied and renumbered whole.
 * All strings are interned in `strings`: equal strings have equal addresses,
 * the empty string is "" and never NULL. Arrays and labels live in `arena`. One
 * thread at a time; different profiles are independent.
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
    uint64_t id; /* as read; what is written counts from 1 */
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
    /* Of a location without lines: where its function begins in the binary, as
     * far as the unwind tables say; 0: unknown. For display, never written. */
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
    evprof_label_t *labels; /* texts first, then numbers, each by key */
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

/* The key of a label that marks the samples that a difference is taken from, by
 * the value "true"; not for people. */
#define EVPROF_LABEL_BASE "pprof::base"

/* Whether all values of a sample are zero. */
bool evprof_sample_is_zero(const evprof_sample_t *sample, size_t type_count);

/* Moves the samples that are not all zero to the front, in their order, and
 * returns how many they are. */
size_t evprof_samples_drop_zero(evprof_sample_t *samples, size_t count,
                                size_t type_count);

/* An empty profile, all strings ""; NULL: out of memory. */
evprof_pprof_t *evprof_pprof_new(void);

/* Adds a comment line behind the others, a copy of `text`. EVPROF_ENOMEM:
 * nothing is changed. */
int evprof_pprof_comment(evprof_pprof_t *p, const char *text);

/* Frees the profile and all that it points to; NULL is ignored. */
void evprof_pprof_free(evprof_pprof_t *p);

enum {
    EVPROF_ENCODE_PLAIN = 1,
    EVPROF_ENCODE_KEEP_IDS = 2, /* the rows' own ids, which must be unique */
};

/*
 * Writes profile.proto: packed fields, ids in order from 1, strings made valid
 * UTF-8, compressed by gzip unless EVPROF_ENCODE_PLAIN is among the flags. What
 * the writer returned, or EVPROF_ENOMEM.
 */
int evprof_pprof_encode(const evprof_pprof_t *p, unsigned flags,
                        const evprof_writer_t *out, evprof_error_t *err);

#define EVPROF_DECODE_MAX ((size_t)4 << 30)

/*
 * Reads profile.proto, plain or compressed by gzip. `max_len` bounds the bytes
 * after decompression, 0: EVPROF_DECODE_MAX. The result has passed the check
 * below. EVPROF_EPARSE for what is not this format, EVPROF_EINVAL for what is
 * but contradicts itself, EVPROF_ELIMIT, EVPROF_ENOMEM.
 */
int evprof_pprof_decode(const void *data, size_t len, size_t max_len,
                        evprof_pprof_t **out, evprof_error_t *err);

/* A profile that shares nothing with `p`, NULL: out of memory. */
evprof_pprof_t *evprof_pprof_copy(const evprof_pprof_t *p);

/* No stack has more frames than this, inlined ones counted. */
#define EVPROF_DEPTH_MAX ((size_t)1 << 22)

/*
 * Checks what every user relies on: indices in range, one value a column,
 * sample types present, no stack too deep. EVPROF_EINVAL or EVPROF_ELIMIT with
 * the first fault.
 */
int evprof_pprof_check(const evprof_pprof_t *p, evprof_error_t *err);

#endif
