/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks are remembered by a 64-bit hash in a table that only grows: a thread
 * that finds its stack there, or finds room for it, hands it over whole. The
 * table is replaced by a larger one when the bound is raised, and never
 * unmapped, as any thread may be reading it.
 *
 * The walk takes no lock and allocates nothing, so a signal inside it may walk
 * as well. Only a second entry on the same thread (a handler that allocates) is
 * cut short.
 */
#include "core/heap/jemalloc_hook.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/hash.h"
#include "core/sample/labels.h"
#include "core/sample/sig_labels.h"
#include "core/sample/threads.h"

/* jemalloc asks for at most this many frames. */
#define MAX_DEPTH 128

/* Frames that a shortened stack keeps: the allocator's own and its callers. */
#define SHORT_DEPTH ((size_t)10)

/* Shortened stacks are bounded too, at this part of `max_stacks` more. */
#define SHORT_PART 8

/* A hash that is not near its place is looked for no further than this. */
#define MAX_PROBES 64

typedef struct known_table {
    size_t mask; /* of the slots; their number is a power of two */
    _Atomic uint64_t slots[];
} known_table_t;

static _Atomic(known_table_t *) known;
static _Atomic size_t known_count;
static _Atomic size_t known_limit;
static _Atomic uint64_t sample_count;
static _Atomic uint64_t short_count;
static _Atomic(const evprof_unwinder_t *) walker;
static _Thread_local bool is_walking __attribute__((tls_model("initial-exec")));

void
evprof_heap_more_stacks(void)
{
    /* Its address is one more than a call site, so it must not be empty. */
    __asm__ volatile("nop; nop");
}

static uint64_t
hash_stack(const uintptr_t *pcs, size_t count)
{
    uint64_t hash = count;
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ pcs[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    hash = evprof_hash_mix(hash);
    return hash == 0 ? 1 : hash;
}

/* Counts one more stack unless there are `limit`. */
static bool
take_place(size_t limit)
{
    size_t have = atomic_load_explicit(&known_count, memory_order_relaxed);
    while (have < limit) {
        if (atomic_compare_exchange_weak_explicit(&known_count, &have, have + 1,
                                                  memory_order_relaxed,
                                                  memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

/* Whether the stack may go to jemalloc: known already, or below `limit`. */
static bool
admit(uint64_t hash, size_t limit)
{
    /* Pairs with the release in replace_table(). */
    known_table_t *table = atomic_load_explicit(&known, memory_order_acquire);
    size_t at = hash & table->mask;
    for (int i = 0; i < MAX_PROBES; i++, at = (at + 1) & table->mask) {
        uint64_t found =
            atomic_load_explicit(&table->slots[at], memory_order_relaxed);
        if (found == 0) {
            if (!take_place(limit)) {
                return false;
            }
            if (atomic_compare_exchange_strong_explicit(
                    &table->slots[at], &found, hash, memory_order_relaxed,
                    memory_order_relaxed)) {
                return true;
            }
            atomic_fetch_sub_explicit(&known_count, 1, memory_order_relaxed);
        }
        if (found == hash) {
            return true;
        }
    }
    return false;
}

/* Cuts the stack to the length that the bound on stacks allows; returns that
 * length. */
static size_t
shorten(uintptr_t *pcs, size_t count, size_t limit)
{
    /* As a return address, one past the first byte of the function. */
    uintptr_t marker = (uintptr_t)&evprof_heap_more_stacks + 1;
    if (count > SHORT_DEPTH) {
        count = SHORT_DEPTH;
        pcs[count++] = marker;
        if (admit(hash_stack(pcs, count), limit + limit / SHORT_PART)) {
            return count;
        }
    }
    pcs[0] = marker;
    return 1;
}

/* jemalloc counts by addresses alone, so the thread's labels are one more. */
static size_t
add_labels(uintptr_t *pcs, size_t count, size_t max)
{
    uintptr_t mark = evprof_label_mark(evprof_sig_labels());
    if (mark == 0 || count == 0 || max < 2) {
        return count;
    }
    count = count < max ? count + 1 : max;
    pcs[count - 1] = mark;
    return count;
}

/* Inlined, as the walk leaves out the function that asks for it: the hook. */
static inline __attribute__((always_inline)) size_t
walk_caller(uintptr_t *pcs, size_t max)
{
    evprof_walk_t walk = { .pcs = pcs, .max = max };
    evprof_thread_t *thread = evprof_thread_self();
    if (thread != NULL) {
        walk.bounds = thread->bounds;
        thread->depth++;
    }
    evprof_walk_here(atomic_load_explicit(&walker, memory_order_acquire), &walk,
                     0);
    if (thread != NULL) {
        thread->depth--;
    }
    return walk.count;
}

void
evprof_jemalloc_hook(void **vec, unsigned *len, unsigned max_len)
{
    uintptr_t pcs[MAX_DEPTH];
    size_t max = max_len < MAX_DEPTH ? max_len : MAX_DEPTH;
    size_t count = 0;
    if (!is_walking) {
        is_walking = true;
        count = walk_caller(pcs, max);
        count = evprof_unwind_mark_own(pcs, count, max);
        count = add_labels(pcs, count, max);
        is_walking = false;
    }
    atomic_fetch_add_explicit(&sample_count, 1, memory_order_relaxed);
    size_t limit = atomic_load_explicit(&known_limit, memory_order_relaxed);
    if (count == 0 || !admit(hash_stack(pcs, count), limit)) {
        count = shorten(pcs, count, limit);
        atomic_fetch_add_explicit(&short_count, 1, memory_order_relaxed);
    }
    memcpy(vec, pcs, count * sizeof(*pcs));
    *len = (unsigned)count;
}

/* Large enough for `max_stacks` and the shortened ones at half load. */
static known_table_t *
new_table(size_t max_stacks)
{
    size_t slots = 1024;
    while (slots < max_stacks * 2 + max_stacks / 2) {
        slots *= 2;
    }
    known_table_t *table =
        mmap(NULL, sizeof(*table) + slots * sizeof(table->slots[0]),
             PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (table == MAP_FAILED) {
        return NULL;
    }
    table->mask = slots - 1;
    return table;
}

/* Copies what is known; what a thread adds to the old table meanwhile is learnt
 * again and counted twice, which only makes the bound a little tighter. */
static void
replace_table(known_table_t *table)
{
    known_table_t *old = atomic_load_explicit(&known, memory_order_relaxed);
    for (size_t i = 0; old != NULL && i <= old->mask; i++) {
        uint64_t hash =
            atomic_load_explicit(&old->slots[i], memory_order_relaxed);
        size_t at = hash & table->mask;
        while (hash != 0 && atomic_load_explicit(&table->slots[at],
                                                 memory_order_relaxed) != 0) {
            at = (at + 1) & table->mask;
        }
        if (hash != 0) {
            atomic_store_explicit(&table->slots[at], hash,
                                  memory_order_relaxed);
        }
    }
    /* Pairs with the acquire in admit(). */
    atomic_store_explicit(&known, table, memory_order_release);
}

int
evprof_jemalloc_hook_prepare(const evprof_unwinder_t *unwinder,
                             size_t max_stacks)
{
    known_table_t *old = atomic_load_explicit(&known, memory_order_relaxed);
    if (old == NULL || max_stacks * 2 + max_stacks / 2 > old->mask + 1) {
        known_table_t *table = new_table(max_stacks);
        if (table == NULL) {
            return EVPROF_ENOMEM;
        }
        replace_table(table);
    }
    atomic_store_explicit(&known_limit, max_stacks, memory_order_relaxed);
    /* Pairs with the acquire in walk_caller(). */
    atomic_store_explicit(&walker, unwinder, memory_order_release);
    return EVPROF_OK;
}

void
evprof_jemalloc_hook_stats(evprof_jemalloc_stats_t *out)
{
    out->stacks = atomic_load_explicit(&known_count, memory_order_relaxed);
    out->max_stacks = atomic_load_explicit(&known_limit, memory_order_relaxed);
    out->samples = atomic_load_explicit(&sample_count, memory_order_relaxed);
    out->shortened = atomic_load_explicit(&short_count, memory_order_relaxed);
}
