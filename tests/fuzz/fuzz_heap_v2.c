/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of jemalloc's dumps must say the same however its input is cut
 * into pieces, and must not hand out what a later check would have refused.
 */
#include <stdlib.h>
#include <string.h>

#include "core/heap/heap_v2.h"
#include "tests/fuzz/fuzz.h"

typedef struct sums {
    uint64_t stacks;
    uint64_t frames;
    int64_t bytes;
    uint64_t maps;
} sums_t;

static int
add_stack(void *ctx, const uint64_t *pcs, size_t count,
          const evprof_heap_counts_t *counts)
{
    sums_t *sums = ctx;
    int64_t objects = counts->objects;
    int64_t bytes = counts->bytes;
    sums->stacks++;
    for (size_t i = 0; i < count; i++) {
        sums->frames += pcs[i];
    }
    if (objects < 0 || bytes < 0) {
        abort();
    }
    evprof_heap_unbias(524288, &objects, &bytes);
    if (objects < 0 || bytes < 0) {
        abort();
    }
    sums->bytes ^= bytes;
    return 0;
}

static int
add_map(void *ctx, const char *line, size_t len)
{
    sums_t *sums = ctx;
    sums->maps += len + (len > 0 ? (unsigned char)line[len - 1] : 0);
    return 0;
}

static int
read_in_pieces(const char *data, size_t len, size_t piece, sums_t *sums)
{
    evprof_heap_v2_sink_t sink = { .stack = add_stack,
                                   .map = add_map,
                                   .ctx = sums };
    evprof_heap_v2_t reader;
    evprof_error_t err;
    int status = 0;
    memset(sums, 0, sizeof(*sums));
    evprof_heap_v2_begin(&reader, &sink);
    for (size_t at = 0; at < len && status == 0; at += piece) {
        size_t part = len - at < piece ? len - at : piece;
        status = evprof_heap_v2_feed(&reader, data + at, part, &err);
    }
    if (status == 0) {
        status = evprof_heap_v2_finish(&reader, &err);
    }
    evprof_heap_v2_end(&reader);
    return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sums_t whole;
    sums_t pieces;
    int a = read_in_pieces((const char *)data, len, len + 1, &whole);
    int b = read_in_pieces((const char *)data, len, 7, &pieces);
    if (a != b || memcmp(&whole, &pieces, sizeof(whole)) != 0) {
        abort();
    }
    return 0;
}
