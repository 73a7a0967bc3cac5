/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dump is lines:
 *
 *     heap_v2/524288
 *       t*: 28106: 56637512 [0: 0]        sums over all stacks
 *       t0: ...                           the same for each thread
 *     @ 0x5f1234 0x5f2345                 a stack, leaf first
 *       t*: 13: 6688 [0: 0]
 *       t0: ...
 *
 *     MAPPED_LIBRARIES:
 *     ...                                 /proc/self/maps
 *
 * jemalloc writes "objects: bytes [accumulated objects: bytes]". The mapped
 * libraries come last, so a dump without them was cut off.
 */
#include "core/heap/heap_v2.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/parse.h"

/* The longest line there is: the deepest stack, 19 bytes an address. */
#define MAX_LINE_LEN ((size_t)64 << 10)

enum {
    STATE_HEADER,
    STATE_TOTAL,  /* the "t*:" line of the sums comes */
    STATE_STACKS, /* "@", a thread's line, or the end of the stacks */
    STATE_COUNTS, /* the "t*:" line of a stack comes */
    STATE_MAPS
};

void
evprof_heap_v2_begin(evprof_heap_v2_t *reader,
                     const evprof_heap_v2_sink_t *sink)
{
    *reader = (evprof_heap_v2_t){ .sink = *sink, .state = STATE_HEADER };
}

void
evprof_heap_v2_end(evprof_heap_v2_t *reader)
{
    evprof_buf_free(&reader->partial);
    free(reader->pcs);
    reader->pcs = NULL;
}

static int
fail_line(const evprof_heap_v2_t *reader, evprof_error_t *err, const char *what)
{
    return evprof_fail(err, EVPROF_EPARSE, "heap dump: line %zu: %s",
                       reader->line, what);
}

/* Takes `text` off the front of the line; false when it is not there. */
static bool
take(const char **at, const char *end, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(end - *at) < len || memcmp(*at, text, len) != 0) {
        return false;
    }
    *at += len;
    return true;
}

static bool
take_number(const char **at, const char *end, uint64_t *out)
{
    const char *start = *at;
    uint64_t value = 0;
    for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
        unsigned digit = (unsigned)(**at - '0');
        if (value > ((uint64_t)INT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return *at > start;
}

static bool
take_address(const char **at, const char *end, uint64_t *out)
{
    if (!take(at, end, "0x")) {
        return false;
    }
    const char *start = *at;
    uint64_t value = 0;
    int digit;
    while (*at < end && (digit = evprof_hex_digit(**at)) >= 0) {
        value = value << 4 | (unsigned)digit;
        (*at)++;
    }
    *out = value;
    return *at > start && *at - start <= 16;
}

static bool
take_count(const char **at, const char *end, int64_t *out)
{
    uint64_t value = 0;
    if (!take_number(at, end, &value)) {
        return false;
    }
    *out = (int64_t)value;
    return true;
}

/* The rest of a "t*:" line. */
static bool
take_counts(const char *at, const char *end, evprof_heap_counts_t *out)
{
    return take_count(&at, end, &out->objects) && take(&at, end, ": ") &&
           take_count(&at, end, &out->bytes) && take(&at, end, " [") &&
           take_count(&at, end, &out->accum_objects) && take(&at, end, ": ") &&
           take_count(&at, end, &out->accum_bytes) && take(&at, end, "]");
}

static int
read_header(evprof_heap_v2_t *reader, const char *at, const char *end,
            evprof_error_t *err)
{
    if (!take(&at, end, "heap_v2/") || !take_number(&at, end, &reader->rate) ||
        at != end || reader->rate == 0) {
        return fail_line(reader, err,
                         "not a jemalloc heap dump (no \"heap_v2/RATE\")");
    }
    reader->state = STATE_TOTAL;
    return 0;
}

static int
read_total(evprof_heap_v2_t *reader, const char *at, const char *end,
           evprof_error_t *err)
{
    if (!take(&at, end, "  t*: ") || !take_counts(at, end, &reader->total)) {
        return fail_line(reader, err, "the sums over all stacks are missing");
    }
    reader->state = STATE_STACKS;
    return 0;
}

static int
read_stack(evprof_heap_v2_t *reader, const char *at, const char *end,
           evprof_error_t *err)
{
    if (reader->pcs == NULL) {
        reader->pcs = calloc(EVPROF_HEAP_DEPTH_MAX, sizeof(*reader->pcs));
        if (reader->pcs == NULL) {
            return evprof_fail(err, EVPROF_ENOMEM, "heap dump: out of memory");
        }
    }
    reader->pc_count = 0;
    while (at < end) {
        uint64_t pc = 0;
        if (!take(&at, end, " ") || !take_address(&at, end, &pc)) {
            return fail_line(reader, err, "a malformed address");
        }
        if (reader->pc_count == EVPROF_HEAP_DEPTH_MAX) {
            return fail_line(reader, err, "a stack that is too deep");
        }
        reader->pcs[reader->pc_count++] = pc;
    }
    reader->state = STATE_COUNTS;
    return EVPROF_OK;
}

static int
read_stacks(evprof_heap_v2_t *reader, const char *at, const char *end,
            evprof_error_t *err)
{
    if (take(&at, end, "@")) {
        return read_stack(reader, at, end, err);
    }
    if (at == end || take(&at, end, "  t")) {
        return 0;
    }
    if (take(&at, end, "MAPPED_LIBRARIES:") && at == end) {
        reader->state = STATE_MAPS;
        return 0;
    }
    return fail_line(reader, err, "neither a stack nor the end of them");
}

static int
read_counts(evprof_heap_v2_t *reader, const char *at, const char *end,
            evprof_error_t *err)
{
    evprof_heap_counts_t counts;
    if (!take(&at, end, "  t*: ") || !take_counts(at, end, &counts)) {
        return fail_line(reader, err, "malformed counts of a stack");
    }
    reader->state = STATE_STACKS;
    int status = reader->sink.stack(reader->sink.ctx, reader->pcs,
                                    reader->pc_count, &counts);
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "heap dump: line %zu: stack refused",
                           reader->line);
    }
    return EVPROF_OK;
}

static int
read_map(evprof_heap_v2_t *reader, const char *at, const char *end,
         evprof_error_t *err)
{
    if (reader->sink.map == NULL) {
        return EVPROF_OK;
    }
    int status = reader->sink.map(reader->sink.ctx, at, (size_t)(end - at));
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "heap dump: line %zu: mapping refused",
                           reader->line);
    }
    return EVPROF_OK;
}

static int
read_line(evprof_heap_v2_t *reader, const char *at, size_t len,
          evprof_error_t *err)
{
    const char *end = at + len;
    reader->line++;
    switch (reader->state) {
    case STATE_HEADER:
        return read_header(reader, at, end, err);
    case STATE_TOTAL:
        return read_total(reader, at, end, err);
    case STATE_STACKS:
        return read_stacks(reader, at, end, err);
    case STATE_COUNTS:
        return read_counts(reader, at, end, err);
    default:
        return read_map(reader, at, end, err);
    }
}

/* Keeps the start of a line until the rest comes. */
static int
keep_partial(evprof_heap_v2_t *reader, const char *data, size_t len,
             evprof_error_t *err)
{
    if (reader->partial.len + len > MAX_LINE_LEN) {
        reader->line++;
        return fail_line(reader, err, "a line of more than 64 KiB");
    }
    evprof_buf_add(&reader->partial, data, len);
    if (reader->partial.failed) {
        return evprof_fail(err, EVPROF_ENOMEM, "heap dump: out of memory");
    }
    return EVPROF_OK;
}

static int
end_line(evprof_heap_v2_t *reader, const char *data, size_t len,
         evprof_error_t *err)
{
    if (reader->partial.len == 0) {
        return read_line(reader, data, len, err);
    }
    int status = keep_partial(reader, data, len, err);
    if (status == EVPROF_OK) {
        status =
            read_line(reader, reader->partial.data, reader->partial.len, err);
    }
    evprof_buf_clear(&reader->partial);
    return status;
}

int
evprof_heap_v2_feed(evprof_heap_v2_t *reader, const char *data, size_t len,
                    evprof_error_t *err)
{
    const char *end = data + len;
    int status = EVPROF_OK;
    while (data < end && status == EVPROF_OK) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        if (newline == NULL) {
            return keep_partial(reader, data, (size_t)(end - data), err);
        }
        status = end_line(reader, data, (size_t)(newline - data), err);
        data = newline + 1;
    }
    return status;
}

int
evprof_heap_v2_finish(evprof_heap_v2_t *reader, evprof_error_t *err)
{
    int status = EVPROF_OK;
    if (reader->partial.len > 0) {
        status = end_line(reader, "", 0, err);
    }
    if (status == EVPROF_OK && reader->state == STATE_HEADER) {
        return fail_line(reader, err, "empty");
    }
    if (status == EVPROF_OK && reader->state != STATE_MAPS) {
        return fail_line(reader, err, "cut off before its mapped libraries");
    }
    return status;
}

void
evprof_heap_unbias(uint64_t rate, int64_t *objects, int64_t *bytes)
{
    if (*objects <= 0 || *bytes <= 0) {
        *objects = 0;
        *bytes = 0;
        return;
    }
    if (rate <= 1) {
        return;
    }
    double average = (double)*bytes / (double)*objects;
    double scale = 1 / (1 - exp(-average / (double)rate));
    double scaled_objects = (double)*objects * scale;
    double scaled_bytes = (double)*bytes * scale;
    /* 2^63 as a double; a value that is not below it does not fit in an
     * int64_t. */
    const double limit = 9223372036854775808.0;
    *objects = scaled_objects < limit ? (int64_t)scaled_objects : INT64_MAX;
    *bytes = scaled_bytes < limit ? (int64_t)scaled_bytes : INT64_MAX;
}
