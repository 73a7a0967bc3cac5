/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The budget counts walks in windows of a tenth of a second, so that a burst of
 * events cannot spend a whole second's worth on one thread.
 */
#include "core/trace/stacks.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/status.h>

#include "core/base/bulk.h"
#include "core/base/hash.h"

#define WINDOW_NS 100000000
#define WINDOW_STACKS (EVPROF_TRACE_STACKS_A_SECOND / 10u)

static _Atomic int64_t window;
static _Atomic uint32_t taken;
static _Atomic uint64_t spared;

bool
evprof_trace_stack_is_due(int64_t now_ns)
{
    int64_t current = now_ns / WINDOW_NS;
    int64_t last = atomic_load_explicit(&window, memory_order_relaxed);
    if (last != current &&
        atomic_compare_exchange_strong(&window, &last, current)) {
        atomic_store_explicit(&taken, 0, memory_order_relaxed);
    }
    if (atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed) <
        WINDOW_STACKS) {
        return true;
    }
    atomic_fetch_add_explicit(&spared, 1, memory_order_relaxed);
    return false;
}

uint64_t
evprof_trace_stacks_spared(void)
{
    return atomic_load_explicit(&spared, memory_order_relaxed);
}

static uint32_t
find(const evprof_trace_stacks_t *stacks, uint64_t hash, const uint64_t *pcs,
     size_t count)
{
    evprof_index_walk_t walk = evprof_index_walk(&stacks->index, hash);
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END) {
        size_t len;
        const uint64_t *have = evprof_trace_stacks_at(stacks, row + 1, &len);
        if (len == count && memcmp(have, pcs, count * sizeof(*pcs)) == 0) {
            return row + 1;
        }
        row = evprof_index_next(&walk);
    }
    return 0;
}

static bool
make_room(evprof_trace_stacks_t *stacks, size_t count)
{
    uint64_t *words =
        evprof_bulk_grow(stacks->words, &stacks->word_cap,
                         stacks->word_count + count + 1, sizeof(*words));
    if (words == NULL) {
        return false;
    }
    stacks->words = words;
    size_t *starts = evprof_bulk_grow(stacks->starts, &stacks->cap,
                                      stacks->count + 1, sizeof(*starts));
    if (starts == NULL) {
        return false;
    }
    stacks->starts = starts;
    return true;
}

uint32_t
evprof_trace_stacks_add(evprof_trace_stacks_t *stacks, const uint64_t *pcs,
                        size_t count)
{
    if (count == 0) {
        return 0;
    }
    uint64_t hash = evprof_hash(pcs, count * sizeof(*pcs), 0);
    uint32_t number = find(stacks, hash, pcs, count);
    if (number != 0 || stacks->count >= EVPROF_TRACE_STACKS_MAX ||
        !make_room(stacks, count) ||
        evprof_index_add(&stacks->index, hash, (uint32_t)stacks->count) !=
            EVPROF_OK) {
        return number;
    }
    stacks->starts[stacks->count++] = stacks->word_count;
    stacks->words[stacks->word_count++] = count;
    memcpy(stacks->words + stacks->word_count, pcs, count * sizeof(*pcs));
    stacks->word_count += count;
    return (uint32_t)stacks->count;
}

const uint64_t *
evprof_trace_stacks_at(const evprof_trace_stacks_t *stacks, uint32_t number,
                       size_t *count)
{
    const uint64_t *at = stacks->words + stacks->starts[number - 1];
    *count = at[0];
    return at + 1;
}

void
evprof_trace_stacks_free(evprof_trace_stacks_t *stacks)
{
    evprof_bulk_free(stacks->words, stacks->word_cap * sizeof(*stacks->words));
    evprof_bulk_free(stacks->starts, stacks->cap * sizeof(*stacks->starts));
    evprof_index_free(&stacks->index);
    memset(stacks, 0, sizeof(*stacks));
}
