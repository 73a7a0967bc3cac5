/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug=1 in Go's layout: what was sampled, not scaled up, the largest in use
 * first, then the allocator's own statistics. The rate in the first line is
 * twice the mean distance, as readers of this old format halve it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/base/error.h"
#include "core/heap/jemalloc.h"
#include "core/heap/stacks.h"
#include "core/profile/builder.h"
#include "core/profile/text.h"

enum { ALLOC_OBJECTS, ALLOC_BYTES, IN_USE_OBJECTS, IN_USE_BYTES };

static int
add_raw(void *ctx, const uint64_t *pcs, size_t count,
        const evprof_heap_counts_t *counts)
{
    return evprof_heap_add(ctx, pcs, count, counts, NULL);
}

static int
compare_in_use(const void *left, const void *right, void *ctx)
{
    const evprof_pprof_t *p = ctx;
    const uint32_t *a = left;
    const uint32_t *b = right;
    for (int column = IN_USE_BYTES; column >= ALLOC_OBJECTS; column--) {
        int64_t x = p->samples[*a].values[column];
        int64_t y = p->samples[*b].values[column];
        if (x != y) {
            return x > y ? -1 : 1;
        }
    }
    return *a < *b ? -1 : *a > *b;
}

static void
put_counts(const int64_t *values, evprof_buf_t *out)
{
    evprof_buf_printf(out,
                      "%" PRId64 ": %" PRId64 " [%" PRId64 ": %" PRId64 "] @",
                      values[IN_USE_OBJECTS], values[IN_USE_BYTES],
                      values[ALLOC_OBJECTS], values[ALLOC_BYTES]);
}

static void
put_head(const evprof_pprof_t *p, uint64_t rate, evprof_buf_t *out)
{
    int64_t sums[4] = { 0 };
    for (size_t i = 0; i < p->sample_count; i++) {
        for (size_t k = 0; k < 4; k++) {
            sums[k] += p->samples[i].values[k];
        }
    }
    /* Equal totals would make old readers take the first two for all there is.
     */
    if (sums[ALLOC_BYTES] == sums[IN_USE_BYTES]) {
        sums[ALLOC_BYTES]++;
    }
    evprof_buf_puts(out, "heap profile: ");
    put_counts(sums, out);
    evprof_buf_printf(out, " heap/%" PRIu64 "\n", 2 * rate);
}

static int
put_records(evprof_pprof_t *p, evprof_buf_t *out)
{
    uint32_t *order = calloc(p->sample_count + 1, sizeof(*order));
    if (order == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < p->sample_count; i++) {
        order[i] = (uint32_t)i;
    }
    qsort_r(order, p->sample_count, sizeof(*order), compare_in_use, p);
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *sample = &p->samples[order[i]];
        put_counts(sample->values, out);
        evprof_text_pcs(p, sample, out);
        evprof_buf_putc(out, '\n');
        evprof_text_frames(p, sample, evprof_heap_services()->entry, out);
        evprof_buf_putc(out, '\n');
    }
    free(order);
    return EVPROF_OK;
}

static void
put_statistics(evprof_buf_t *out)
{
    static const struct {
        const char *key;
        const char *name;
    } rows[] = {
        { "Allocated", "stats.allocated" }, { "Active", "stats.active" },
        { "Metadata", "stats.metadata" },   { "Resident", "stats.resident" },
        { "Mapped", "stats.mapped" },       { "Retained", "stats.retained" },
    };
    struct rusage usage;
    size_t value = 0;
    evprof_jemalloc_refresh();
    evprof_buf_puts(out, "\n# jemalloc\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (evprof_jemalloc_size(rows[i].name, &value)) {
            evprof_buf_printf(out, "# %s = %zu\n", rows[i].key, value);
        }
    }
    for (unsigned i = 0; i < 4096; i++) {
        char name[64];
        size_t large = 0;
        (void)snprintf(name, sizeof(name), "stats.arenas.%u.small.allocated",
                       i);
        if (!evprof_jemalloc_size(name, &value)) {
            break;
        }
        (void)snprintf(name, sizeof(name), "stats.arenas.%u.large.allocated",
                       i);
        (void)evprof_jemalloc_size(name, &large);
        if (value + large > 0) {
            evprof_buf_printf(out, "# Arena[%u] = %zu / %zu\n", i, value,
                              large);
        }
    }
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        evprof_buf_printf(out, "# MaxRSS = %lld\n",
                          (long long)usage.ru_maxrss * 1024);
    }
}

static int
put_profile(evprof_builder_t *b, uint64_t rate, evprof_buf_t *out,
            evprof_error_t *err)
{
    evprof_pprof_t *p = NULL;
    int status = evprof_builder_finish(b, &p, err);
    if (status == EVPROF_OK) {
        status = evprof_heap_services()->symbolize(p, err);
    }
    if (status == EVPROF_OK) {
        put_head(p, rate, out);
        status = put_records(p, out);
    }
    evprof_pprof_free(p);
    return status;
}

int
evprof_heap_text(const evprof_ask_t *ask, enum evprof_loss_of who,
                 const evprof_writer_t *out, evprof_error_t *err)
{
    evprof_heap_stacks_t stacks = { .out = evprof_builder_new(0),
                                    .who = who,
                                    .add = add_raw };
    evprof_heap_v2_t reader;
    evprof_buf_t text = { 0 };
    int status = EVPROF_ENOMEM;
    if (stacks.out != NULL && evprof_heap_columns(stacks.out) == EVPROF_OK) {
        status = evprof_heap_read(ask, &stacks, &reader, err);
        if (status == EVPROF_OK) {
            status = put_profile(stacks.out, reader.rate, &text, err);
        }
    }
    if (status == EVPROF_OK) {
        put_statistics(&text);
        status = evprof_buf_write(&text, out);
    }
    evprof_buf_free(&text);
    evprof_builder_free(stacks.out);
    return status == EVPROF_ENOMEM
               ? evprof_fail(err, status, "heap: out of memory")
               : status;
}

int
evprof_heap_status(const evprof_writer_t *out)
{
    evprof_jemalloc_stats_t stats;
    evprof_buf_t text = { 0 };
    size_t lg = 0;
    evprof_jemalloc_stats(&stats);
    evprof_buf_printf(&text, "jemalloc: %s\n", evprof_jemalloc_version());
    if (evprof_jemalloc_size("prof.lg_sample", &lg)) {
        evprof_buf_printf(&text, "sample_interval: %zu\n", (size_t)1 << lg);
    }
    evprof_buf_printf(&text, "dumps: %" PRIu64 "\n",
                      evprof_jemalloc_dump_count());
    if (stats.max_stacks > 0) {
        evprof_buf_printf(&text,
                          "stacks: %zu of %zu\nsamples: %" PRIu64
                          "\nshortened: %" PRIu64 "\n",
                          stats.stacks, stats.max_stacks, stats.samples,
                          stats.shortened);
    }
    evprof_buf_puts(&text,
                    "not_seen: what was allocated before evprof_new()\n");
    int status = evprof_buf_write(&text, out);
    evprof_buf_free(&text);
    return status;
}
