/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing over atomic pointers. A new entry is written to the front of
 * the free bytes, then published by a compare-and-swap of the first free slot
 * of its chain; who loses that race reads what the winner put there and goes
 * on, so equal entries meet. Nothing is ever taken out, which is why a reader
 * needs no protection and a lost race costs only the bytes of one copy. The
 * slots are at most half full. The kernel provides pages as they are touched,
 * so generous bounds cost address space only.
 */
#include "core/base/intern.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/hash.h"

typedef _Atomic(const evprof_interned_t *) entry_slot_t;

struct evprof_intern_memory {
    _Atomic uint32_t last_id;
    _Atomic size_t used_bytes;
    size_t mapped_bytes;
    entry_slot_t *slots; /* 2 * max_count */
    entry_slot_t *by_id; /* max_count + 1 */
    unsigned char *bytes;
};

static struct evprof_intern_memory *
map_memory(evprof_intern_t *set)
{
    size_t slots = (size_t)set->max_count * 2 * sizeof(entry_slot_t);
    size_t by_id = ((size_t)set->max_count + 1) * sizeof(entry_slot_t);
    size_t size =
        sizeof(struct evprof_intern_memory) + slots + by_id + set->max_bytes;
    int saved = errno;
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    errno = saved;
    if (base == MAP_FAILED) {
        return NULL;
    }
    struct evprof_intern_memory *memory = base;
    memory->mapped_bytes = size;
    memory->slots = (entry_slot_t *)(memory + 1);
    memory->by_id = memory->slots + (size_t)set->max_count * 2;
    memory->bytes = (unsigned char *)base + (size - set->max_bytes);
    return memory;
}

static struct evprof_intern_memory *
memory_of(evprof_intern_t *set)
{
    struct evprof_intern_memory *memory =
        atomic_load_explicit(&set->memory, memory_order_acquire);
    if (memory != NULL) {
        return memory;
    }
    struct evprof_intern_memory *mine = map_memory(set);
    if (mine == NULL) {
        return NULL;
    }
    /* Release pairs with the acquire above; the loser takes the winner's. */
    if (atomic_compare_exchange_strong_explicit(&set->memory, &memory, mine,
                                                memory_order_acq_rel,
                                                memory_order_acquire)) {
        return mine;
    }
    munmap(mine, mine->mapped_bytes);
    return memory;
}

static bool
equals(const evprof_interned_t *entry, uint64_t hash, const void *data,
       size_t len)
{
    return entry->hash == hash && entry->len == len &&
           memcmp(entry->data, data, len) == 0;
}

/*
 * Walks the chain of `hash`: the equal entry, or NULL with `*at` the free slot
 * that ended it. The chain ends because at most half of the slots are used.
 */
static const evprof_interned_t *
walk(const evprof_intern_t *set, struct evprof_intern_memory *memory,
     uint64_t hash, const void *data, size_t len, size_t *at)
{
    size_t mask = (size_t)set->max_count * 2 - 1;
    for (;; *at = (*at + 1) & mask) {
        const evprof_interned_t *entry =
            atomic_load_explicit(&memory->slots[*at], memory_order_acquire);
        if (entry == NULL || equals(entry, hash, data, len)) {
            return entry;
        }
    }
}

const evprof_interned_t *
evprof_intern_find(evprof_intern_t *set, const void *data, size_t len)
{
    struct evprof_intern_memory *memory =
        atomic_load_explicit(&set->memory, memory_order_acquire);
    if (memory == NULL) {
        return NULL;
    }
    uint64_t hash = evprof_hash(data, len, 0);
    size_t at = hash & ((size_t)set->max_count * 2 - 1);
    return walk(set, memory, hash, data, len, &at);
}

/* Adds up to a bound: false leaves the sum where it was. */
static bool
take(_Atomic size_t *sum, size_t amount, size_t max, size_t *before)
{
    *before = atomic_load_explicit(sum, memory_order_relaxed);
    do {
        if (amount > max || *before > max - amount) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(
        sum, before, *before + amount, memory_order_relaxed,
        memory_order_relaxed));
    return true;
}

/* The next id, or 0 when all are given out. */
static uint32_t
take_id(const evprof_intern_t *set, struct evprof_intern_memory *memory)
{
    uint32_t last =
        atomic_load_explicit(&memory->last_id, memory_order_relaxed);
    do {
        if (last >= set->max_count) {
            return 0;
        }
    } while (!atomic_compare_exchange_weak_explicit(
        &memory->last_id, &last, last + 1, memory_order_acq_rel,
        memory_order_relaxed));
    return last + 1;
}

static evprof_interned_t *
make_entry(const evprof_intern_t *set, struct evprof_intern_memory *memory,
           const void *data, size_t len)
{
    size_t size = (sizeof(evprof_interned_t) + len + 7) & ~(size_t)7;
    size_t offset;
    /* Looked at first, so that a full set does not eat its bytes. */
    if (atomic_load_explicit(&memory->last_id, memory_order_relaxed) >=
            set->max_count ||
        !take(&memory->used_bytes, size, set->max_bytes, &offset)) {
        return NULL;
    }
    evprof_interned_t *entry = (void *)(memory->bytes + offset);
    entry->id = take_id(set, memory);
    if (entry->id == 0) {
        return NULL;
    }
    entry->len = (uint32_t)len;
    memcpy(entry->data, data, len);
    return entry;
}

const evprof_interned_t *
evprof_intern_add(evprof_intern_t *set, const void *data, size_t len)
{
    struct evprof_intern_memory *memory = memory_of(set);
    if (memory == NULL || len > set->max_bytes) {
        return NULL;
    }
    uint64_t hash = evprof_hash(data, len, 0);
    size_t at = hash & ((size_t)set->max_count * 2 - 1);
    const evprof_interned_t *found = walk(set, memory, hash, data, len, &at);
    if (found != NULL) {
        return found;
    }
    evprof_interned_t *entry = make_entry(set, memory, data, len);
    if (entry == NULL) {
        return NULL;
    }
    entry->hash = hash;
    /* By id first: whoever finds a entry in its slot may look its id up. */
    atomic_store_explicit(&memory->by_id[entry->id], entry,
                          memory_order_release);
    do {
        const evprof_interned_t *none = NULL;
        /* Release pairs with the acquire in walk. */
        if (atomic_compare_exchange_strong_explicit(&memory->slots[at], &none,
                                                    entry, memory_order_acq_rel,
                                                    memory_order_acquire)) {
            return entry;
        }
        found = walk(set, memory, hash, data, len, &at);
    } while (found == NULL);
    return found;
}

const evprof_interned_t *
evprof_intern_at(evprof_intern_t *set, uint32_t id)
{
    struct evprof_intern_memory *memory =
        atomic_load_explicit(&set->memory, memory_order_acquire);
    if (memory == NULL || id > set->max_count) {
        return NULL;
    }
    return atomic_load_explicit(&memory->by_id[id], memory_order_acquire);
}

uint32_t
evprof_intern_last(evprof_intern_t *set)
{
    struct evprof_intern_memory *memory =
        atomic_load_explicit(&set->memory, memory_order_acquire);
    return memory == NULL
               ? 0
               : atomic_load_explicit(&memory->last_id, memory_order_acquire);
}
