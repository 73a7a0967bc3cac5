/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sample is kept as words: time, thread, number of frames, addresses. The
 * collector takes the whole buffer away, so that the drainer of the samplers'
 * rings never waits for one to be read.
 */
#include "core/trace/samples.h"

#include <stdlib.h>

#include "core/base/bulk.h"
#include "core/base/lock.h"
#include "core/sample/cpu.h"
#include "core/sample/tap.h"

/* 2 MiB, some 9,000 samples of 25 frames between two generations. */
#define WORDS_MAX ((size_t)1 << 18)
#define HEAD_WORDS 3u

/* A trace has no deeper stacks. */
#define DEPTH_MAX 128u

typedef struct words {
    uint64_t *items;
    size_t count;
    size_t cap;
} words_t;

static struct {
    evprof_lock_t lock;
    words_t filled;
    uint64_t dropped;
} samples;

/* On the drainer. The leaf of a sample is exact; those of a trace are return
 * addresses, which mean the instruction before. */
static void
keep(const evprof_record_t *record, const evprof_stack_t *stack)
{
    size_t depth = stack->count < DEPTH_MAX ? stack->count : DEPTH_MAX;
    evprof_lock_enter(&samples.lock);
    words_t *w = &samples.filled;
    size_t need = w->count + HEAD_WORDS + depth;
    uint64_t *grown = need > WORDS_MAX ? NULL
                                       : evprof_bulk_grow(w->items, &w->cap,
                                                          need, sizeof(*grown));
    if (grown == NULL) {
        samples.dropped++;
    } else {
        w->items = grown;
        grown[w->count++] = (uint64_t)record->at_ns;
        grown[w->count++] = (uint64_t)record->tid;
        grown[w->count++] = depth;
        for (size_t i = 0; i < depth; i++) {
            grown[w->count++] =
                stack->pcs[i] + (i == 0 && stack->leaf_is_exact);
        }
        /* The mark of an epoch is last. Where there is no room for all, it
         * takes the place of the outermost frame. */
        if (depth < stack->count) {
            grown[w->count - 1] = stack->pcs[stack->count - 1];
        }
    }
    evprof_lock_leave(&samples.lock);
}

static words_t
take_all(uint64_t *dropped)
{
    evprof_lock_enter(&samples.lock);
    words_t out = samples.filled;
    *dropped = samples.dropped;
    samples.filled = (words_t){ .items = NULL };
    samples.dropped = 0;
    evprof_lock_leave(&samples.lock);
    return out;
}

static void
free_words(const words_t *w)
{
    evprof_bulk_free(w->items, w->cap * sizeof(*w->items));
}

void
evprof_trace_samples_watch(bool is_on)
{
    uint64_t dropped;
    evprof_cpu_watch(is_on ? keep : NULL);
    words_t w = take_all(&dropped);
    free_words(&w);
}

uint64_t
evprof_trace_samples_fetch(void (*take)(void *ctx,
                                        const evprof_trace_sample_t *sample),
                           void *ctx)
{
    uint64_t dropped;
    words_t w = take_all(&dropped);
    for (size_t at = 0; at < w.count;) {
        const uint64_t *head = w.items + at;
        const evprof_trace_sample_t sample = { .ns = (int64_t)head[0],
                                               .tid = (pid_t)head[1],
                                               .pcs = head + HEAD_WORDS,
                                               .count = (size_t)head[2] };
        take(ctx, &sample);
        at += HEAD_WORDS + sample.count;
    }
    free_words(&w);
    return dropped;
}

void
evprof_trace_samples_fork_child(void)
{
    if (!evprof_lock_is_free(&samples.lock)) {
        /* The drainer was changing it: its buffer may be freed already. */
        samples.filled = (words_t){ .items = NULL };
    }
    evprof_lock_reset(&samples.lock);
    evprof_trace_samples_watch(false);
}
