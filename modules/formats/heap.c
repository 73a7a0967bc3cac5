/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap profiles of tcmalloc and of old Go, and its relatives for growth and
 * fragmentation. The first line sums up and names the kind and the rate:
 *
 *     heap profile:   4: 4096 [ 9: 8192] @ heap_v2/524288
 *
 * each further one is a stack: objects and bytes in use, in brackets what was
 * ever allocated, and its addresses. Counts are sampled and scaled up here.
 */
#include <ctype.h>

#include "core/analysis/legacy.h"
#include "core/analysis/proc_maps.h"
#include "core/base/error.h"
#include "core/heap/heap_v2.h"

#include "core/analysis/format.h"

/* "in use: bytes [allocated: bytes]". */
typedef struct row {
    int64_t objects;
    int64_t bytes;
    int64_t all_objects;
    int64_t all_bytes;
} row_t;

typedef struct header {
    int64_t period;
    uint64_t rate; /* 0: counts are exact */
    bool has_all;  /* more was allocated than is in use */
} header_t;

static void
take_colon(evprof_span_t *s)
{
    evprof_take(s, ":");
    evprof_take_spaces(s);
}

/* Takes a row and the "@" behind it. */
static bool
take_row(evprof_span_t *s, row_t *out)
{
    evprof_span_t at = *s;
    if (!evprof_take_int(&at, &out->objects)) {
        return false;
    }
    take_colon(&at);
    if (!evprof_take_int(&at, &out->bytes)) {
        return false;
    }
    evprof_take_spaces(&at);
    if (!evprof_take(&at, "[")) {
        return false;
    }
    evprof_take_spaces(&at);
    if (!evprof_take_digits(&at, &out->all_objects)) {
        return false;
    }
    take_colon(&at);
    if (!evprof_take_digits(&at, &out->all_bytes)) {
        return false;
    }
    evprof_take_spaces(&at);
    if (!evprof_take(&at, "]")) {
        return false;
    }
    evprof_take_spaces(&at);
    if (!evprof_take(&at, "@")) {
        return false;
    }
    *s = at;
    return true;
}

/* Takes the first row that stands anywhere in the line. */
static bool
find_row(evprof_span_t *line, row_t *out)
{
    for (evprof_span_t s = *line; s.at < s.end; s.at++) {
        bool is_inside = s.at > line->at && isdigit((unsigned char)s.at[-1]);
        if (!is_inside && take_row(&s, out)) {
            *line = s;
            return true;
        }
    }
    return false;
}

static bool
take_title(evprof_span_t *line)
{
    *line = evprof_span_trim(*line);
    bool found = evprof_take(line, "heap profile:");
    evprof_take_spaces(line);
    return found;
}

static bool
read_kind(evprof_span_t kind, header_t *out)
{
    bool is_v2 =
        evprof_take(&kind, "heapz_v2") || evprof_take(&kind, "heap_v2");
    bool is_exact = !is_v2 && evprof_take(&kind, "heapprofile");
    bool is_go = !is_v2 && !is_exact && evprof_take(&kind, "heap");
    if (!is_v2 && !is_exact && !is_go) {
        return evprof_take(&kind, "growth") ||
               evprof_take(&kind, "fragmentation");
    }
    evprof_take(&kind, "/");
    int64_t rate = 0;
    evprof_take_digits(&kind, &rate);
    if (!is_exact) {
        out->period = is_go ? rate / 2 : rate;
        out->rate = (uint64_t)out->period;
    }
    return kind.at == kind.end || *kind.at == ' ';
}

/* Reads the first line; false: it is no such profile. */
static bool
read_header(evprof_span_t line, header_t *out)
{
    row_t sums;
    if (!take_title(&line) || !take_row(&line, &sums)) {
        return false;
    }
    *out = (header_t){ .period = 1 };
    evprof_take_spaces(&line);
    bool is_heap = evprof_span_starts(line, "heap");
    if (!read_kind(line, out)) {
        return false;
    }
    out->has_all =
        is_heap &&
        ((sums.all_objects != sums.objects && sums.all_objects != 0) ||
         (sums.all_bytes != sums.bytes && sums.all_bytes != 0));
    return true;
}

static bool
probe(const char *data, size_t len)
{
    evprof_span_t text = evprof_span(data, len);
    evprof_span_t line;
    header_t header;
    return evprof_span_line(&text, &line) && read_header(line, &header);
}

/* Scales counts of either sign; a difference of profiles has negative ones. */
static void
unbias(uint64_t rate, int64_t *objects, int64_t *bytes)
{
    bool is_negative = *objects < 0 && *bytes < 0;
    if (is_negative) {
        *objects = -*objects;
        *bytes = -*bytes;
    }
    evprof_heap_unbias(rate, objects, bytes);
    if (is_negative) {
        *objects = -*objects;
        *bytes = -*bytes;
    }
}

/* One pair of a row and what it is called in messages. */
typedef struct counts {
    int64_t objects;
    int64_t bytes;
    const char *what;
} counts_t;

/* Checks and scales one pair; `block` becomes the average size. */
static int
make_values(const header_t *header, counts_t c, int64_t *values, int64_t *block,
            evprof_error_t *err)
{
    if (c.objects == 0 && c.bytes != 0) {
        return evprof_fail(err, EVPROF_EPARSE,
                           "a sample has %lld bytes %s in no objects",
                           (long long)c.bytes, c.what);
    }
    if (c.objects != 0) {
        *block = c.bytes / c.objects;
        if (header->rate > 0) {
            unbias(header->rate, &c.objects, &c.bytes);
        }
    }
    values[0] = c.objects;
    values[1] = c.bytes;
    return EVPROF_OK;
}

static int
read_sample(evprof_assembly_t *a, const header_t *header, evprof_span_t line,
            evprof_legacy_stack_t *stack, evprof_error_t *err)
{
    row_t row;
    if (!find_row(&line, &row)) {
        return evprof_fail(err, EVPROF_EPARSE,
                           "a line of the heap profile has no counts");
    }
    int64_t values[4];
    counts_t all = { row.all_objects, row.all_bytes, "allocated" };
    counts_t in_use = { row.objects, row.bytes, "in use" };
    evprof_label_t label = { .key = "bytes", .unit = "" };
    int status = EVPROF_OK;
    if (header->has_all) {
        status = make_values(header, all, values, &label.number, err);
    }
    if (status == EVPROF_OK) {
        status = make_values(header, in_use, values + (header->has_all ? 2 : 0),
                             &label.number, err);
    }
    stack->count = 0;
    if (status == EVPROF_OK) {
        status = evprof_legacy_push_all(a, stack, line, err);
    }
    if (status == EVPROF_OK) {
        evprof_assembly_sample(a, stack->rows, stack->count, values, &label);
    }
    return status;
}

static void
add_types(evprof_assembly_t *a, const header_t *header)
{
    if (header->has_all) {
        evprof_assembly_type(a, "alloc_objects", "count");
        evprof_assembly_type(a, "alloc_space", "bytes");
    }
    evprof_assembly_type(a, header->has_all ? "inuse_objects" : "objects",
                         "count");
    evprof_assembly_type(a, header->has_all ? "inuse_space" : "space", "bytes");
    evprof_assembly_period(a, "space", "bytes", header->period);
}

static int
read_profile(const char *data, size_t len, evprof_pprof_t **out,
             evprof_error_t *err)
{
    evprof_span_t text = evprof_span(data, len);
    evprof_span_t line;
    header_t header;
    if (!evprof_span_line(&text, &line) || !read_header(line, &header)) {
        return EVPROF_ENOTSUP;
    }
    evprof_assembly_t a;
    evprof_legacy_stack_t stack = { 0 };
    evprof_assembly_begin(&a);
    add_types(&a, &header);
    int status = EVPROF_OK;
    evprof_span_t rest = text;
    while (status == EVPROF_OK && evprof_span_content(&text, &line) &&
           !evprof_maps_sentinel(line)) {
        status = read_sample(&a, &header, evprof_span_trim(line), &stack, err);
        rest = text;
    }
    if (status == EVPROF_OK) {
        status = evprof_legacy_finish(&a, rest, err);
    }
    evprof_legacy_stack_free(&stack);
    return evprof_assembly_end(&a, status, out, err);
}

const evprof_format_t evprof_format_heap = {
    .name = "heap",
    .summary = "heap, growth and fragmentation profiles of tcmalloc, old Go",
    .probe = probe,
    .read = read_profile,
};
