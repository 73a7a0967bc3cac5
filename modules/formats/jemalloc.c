/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jemalloc's own heap dumps, jeprof.*.heap. Counts in use, and the accumulated
 * ones where jemalloc kept them, are scaled up as in the server's heap profile.
 */
#include <string.h>

#include "core/analysis/legacy.h"
#include "core/analysis/proc_maps.h"
#include "core/base/error.h"
#include "core/heap/heap_v2.h"

#include "core/analysis/format.h"

typedef struct dump {
    evprof_assembly_t assembly;
    evprof_legacy_stack_t stack;
    evprof_heap_v2_t reader;
    bool has_accum;
} dump_t;

static bool
probe(const char *data, size_t len)
{
    return evprof_span_starts(evprof_span(data, len), "heap_v2/");
}

static void
add_types(dump_t *d)
{
    evprof_assembly_t *a = &d->assembly;
    d->has_accum =
        d->reader.total.accum_objects != 0 || d->reader.total.accum_bytes != 0;
    if (d->has_accum) {
        evprof_assembly_type(a, "alloc_objects", "count");
        evprof_assembly_type(a, "alloc_space", "bytes");
    }
    evprof_assembly_type(a, "inuse_objects", "count");
    evprof_assembly_type(a, "inuse_space", "bytes");
    evprof_assembly_period(a, "space", "bytes", (int64_t)d->reader.rate);
}

static int
add_stack(void *ctx, const uint64_t *pcs, size_t count,
          const evprof_heap_counts_t *counts)
{
    dump_t *d = ctx;
    evprof_assembly_t *a = &d->assembly;
    if (a->status == EVPROF_OK && a->profile->type_count == 0) {
        add_types(d);
    }
    d->stack.count = 0;
    for (size_t i = 0; i < count; i++) {
        evprof_legacy_push(a, &d->stack, pcs[i] - 1);
    }
    int64_t values[4] = { counts->accum_objects, counts->accum_bytes,
                          counts->objects, counts->bytes };
    const evprof_heap_counts_t *c = counts;
    evprof_label_t label = { .key = "bytes", .unit = "" };
    if (c->objects > 0) {
        label.number = c->bytes / c->objects;
    } else if (c->accum_objects > 0) {
        label.number = c->accum_bytes / c->accum_objects;
    }
    evprof_heap_unbias(d->reader.rate, &values[0], &values[1]);
    evprof_heap_unbias(d->reader.rate, &values[2], &values[3]);
    evprof_assembly_sample(a, d->stack.rows, d->stack.count,
                           d->has_accum ? values : values + 2, &label);
    return a->status;
}

static int
read_profile(const char *data, size_t len, evprof_pprof_t **out,
             evprof_error_t *err)
{
    dump_t d = { .has_accum = false };
    evprof_heap_v2_sink_t sink = { .stack = add_stack, .ctx = &d };
    evprof_span_t text = evprof_span(data, len);
    evprof_assembly_begin(&d.assembly);
    evprof_heap_v2_begin(&d.reader, &sink);
    int status = evprof_heap_v2_feed(&d.reader, data, len, err);
    if (status == EVPROF_OK) {
        status = evprof_heap_v2_finish(&d.reader, err);
    }
    if (status == EVPROF_OK) {
        if (d.assembly.status == EVPROF_OK &&
            d.assembly.profile->type_count == 0) {
            add_types(&d);
        }
        status = evprof_legacy_finish(&d.assembly, text, err);
    }
    evprof_heap_v2_end(&d.reader);
    evprof_legacy_stack_free(&d.stack);
    return evprof_assembly_end(&d.assembly, status, out, err);
}

const evprof_format_t evprof_format_jemalloc = {
    .name = "jemalloc",
    .summary = "heap dumps of jemalloc (heap_v2)",
    .probe = probe,
    .read = read_profile,
};
