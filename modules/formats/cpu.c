/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU profiles of gperftools: words of the writer's size and byte order. A
 * header 0, 3, 0 (C++) or 1 (Java), period in microseconds, 0; then samples:
 * count, depth, that many addresses, the leaf first; a last one of 0, 1, 0;
 * then the memory map, or Java's symbols, as text.
 */
#include <stdlib.h>
#include <string.h>

#include "core/analysis/legacy.h"
#include "core/analysis/proc_maps.h"
#include "core/base/error.h"

#include "core/analysis/format.h"

#define HEADER_WORDS 5

/* How words are written. */
typedef struct order {
    size_t size;
    bool is_big;
} order_t;

typedef struct reader {
    const unsigned char *at;
    const unsigned char *end;
    order_t order;
    evprof_assembly_t assembly;
    evprof_legacy_stack_t stack;
} reader_t;

static const order_t orders[] = {
    { 4, false }, { 4, true }, { 8, false }, { 8, true }
};

static uint64_t
word_at(const unsigned char *at, order_t order)
{
    uint64_t word = 0;
    for (size_t i = 0; i < order.size; i++) {
        size_t from_top = order.is_big ? i : order.size - 1 - i;
        word = word << 8 | at[from_top];
    }
    return word;
}

/* Writes the header's words in the order that fits; false: none does. */
static bool
find_order(const char *data, size_t len, order_t *out, uint64_t *words)
{
    const unsigned char *at = (const unsigned char *)data;
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        order_t order = orders[i];
        if (len < HEADER_WORDS * order.size) {
            continue;
        }
        for (size_t n = 0; n < HEADER_WORDS; n++) {
            words[n] = word_at(at + n * order.size, order);
        }
        if (words[0] == 0 && words[1] == 3 && words[2] <= 1 && words[3] > 0 &&
            words[3] <= INT64_MAX / 1000 && words[4] == 0) {
            *out = order;
            return true;
        }
    }
    return false;
}

static bool
probe(const char *data, size_t len)
{
    order_t order;
    uint64_t words[HEADER_WORDS];
    return find_order(data, len, &order, words);
}

static bool
take_words(reader_t *r, uint64_t *out, size_t count)
{
    if ((size_t)(r->end - r->at) / r->order.size < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++, r->at += r->order.size) {
        out[i] = word_at(r->at, r->order);
    }
    return true;
}

/* One sample. 1: read, 0: that was the end, -1: the file is cut off. */
static int
read_sample(reader_t *r, bool adjust)
{
    uint64_t head[2];
    uint64_t address = 0;
    if (!take_words(r, head, 2) ||
        head[1] > (size_t)(r->end - r->at) / r->order.size) {
        return -1;
    }
    r->stack.count = 0;
    for (uint64_t i = 0; i < head[1]; i++) {
        take_words(r, &address, 1);
        if (head[0] == 0 && head[1] == 1 && address == 0) {
            return 0;
        }
        evprof_legacy_push(&r->assembly, &r->stack,
                           adjust && i > 0 ? address - 1 : address);
    }
    int64_t period = r->assembly.profile->period;
    int64_t values[] = { (int64_t)head[0],
                         (int64_t)(head[0] * (uint64_t)period) };
    evprof_assembly_sample(&r->assembly, r->stack.rows, r->stack.count, values,
                           NULL);
    return 1;
}

static int
read_samples(reader_t *r, bool adjust)
{
    int more = 1;
    while (more > 0 && r->at < r->end && r->assembly.status == EVPROF_OK) {
        more = read_sample(r, adjust);
    }
    return more < 0 ? EVPROF_ENOTSUP : EVPROF_OK;
}

/* The location that at least `needed` stacks have behind their leaf. */
static uint32_t
common_second(const evprof_pprof_t *p, size_t needed, size_t *counts)
{
    memset(counts, 0, p->location_count * sizeof(*counts));
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *s = &p->samples[i];
        if (s->location_count > 1 && ++counts[s->locations[1]] >= needed) {
            return s->locations[1];
        }
    }
    return EVPROF_NO_INDEX;
}

static void
remove_second(evprof_pprof_t *p, uint32_t row)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        evprof_sample_t *s = &p->samples[i];
        if (s->location_count > 1 && s->locations[1] == row) {
            s->locations[1] = s->locations[0];
            s->locations++;
            s->location_count--;
        }
    }
}

/* The signal handler leaves up to two frames behind the leaf of nearly every
 * stack; one stack in 32 may be without. */
static void
remove_handler(evprof_assembly_t *a)
{
    enum { FRAMES = 2, SIMILAR = 32 };
    evprof_pprof_t *p = a->profile;
    size_t *counts = calloc(p->location_count + 1, sizeof(*counts));
    if (counts == NULL) {
        a->status = EVPROF_ENOMEM;
        return;
    }
    size_t needed = p->sample_count - p->sample_count / SIMILAR;
    for (int i = 0; i < FRAMES && p->sample_count > 0; i++) {
        uint32_t row = common_second(p, needed, counts);
        if (row != EVPROF_NO_INDEX) {
            remove_second(p, row);
        }
    }
    free(counts);
}

static int
read_rest(reader_t *r, bool is_java, evprof_error_t *err)
{
    evprof_assembly_t *a = &r->assembly;
    evprof_span_t rest = { (const char *)r->at, (const char *)r->end };
    if (is_java) {
        return evprof_legacy_finish_java(a, rest, err);
    }
    if (a->status == EVPROF_OK) {
        remove_handler(a);
    }
    int status = evprof_legacy_finish_maps(a, rest, err);
    if (status == EVPROF_OK) {
        evprof_legacy_drop_doubles(a->profile);
    }
    return status;
}

static int
read_profile(const char *data, size_t len, evprof_pprof_t **out,
             evprof_error_t *err)
{
    uint64_t words[HEADER_WORDS];
    reader_t r = { .at = (const unsigned char *)data };
    r.end = r.at + len;
    if (!find_order(data, len, &r.order, words)) {
        return EVPROF_ENOTSUP;
    }
    r.at += HEADER_WORDS * r.order.size;
    bool is_java = words[2] == 1;
    evprof_assembly_begin(&r.assembly);
    evprof_assembly_type(&r.assembly, "samples", "count");
    evprof_assembly_type(&r.assembly, "cpu", "nanoseconds");
    evprof_assembly_period(&r.assembly, "cpu", "nanoseconds",
                           (int64_t)words[3] * 1000);
    int status =
        r.assembly.status == EVPROF_OK ? read_samples(&r, !is_java) : EVPROF_OK;
    if (status == EVPROF_OK) {
        status = read_rest(&r, is_java, err);
    }
    evprof_legacy_stack_free(&r.stack);
    return evprof_assembly_end(&r.assembly, status, out, err);
}

const evprof_format_t evprof_format_cpu = {
    .name = "cpu",
    .summary = "CPU profiles of gperftools, for C++ and Java",
    .probe = probe,
    .read = read_profile,
};
