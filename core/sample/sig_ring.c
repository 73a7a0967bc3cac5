/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signal path. A record takes the words it needs and never wraps: when the end
 * of the ring is too near, a filler of one word's header (session 0) covers it.
 * The writer moves head with release, the drainer tail with release; each reads
 * the other's with acquire. The claim orders one writer after another.
 */
#include "core/sample/sig_ring.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A writer that finds this many rings claimed gives up: under a storm a drop is
 * counted and carried on, and a handler's time stays bounded. */
enum { CLAIM_TRIES = 16 };

enum { HEADER_WORDS = sizeof(evprof_record_t) / sizeof(uint64_t) };

_Static_assert(sizeof(evprof_record_t) % sizeof(uint64_t) == 0,
               "records are counted in words");
_Static_assert(sizeof(uintptr_t) == sizeof(uint64_t), "a pc is a word");
_Static_assert(HEADER_WORDS + EVPROF_TAP_DEPTH_MAX < EVPROF_RING_WORDS / 4,
               "a ring holds a few of the deepest stacks");

evprof_ring_t evprof_rings[EVPROF_RINGS_MAX];
_Atomic uint32_t evprof_ring_count;
_Atomic uint32_t evprof_ring_alarm;

bool
evprof_ring_claim(evprof_ring_claim_t *slot)
{
    const uint32_t count =
        atomic_load_explicit(&evprof_ring_count, memory_order_acquire);
    const int cpu = sched_getcpu();
    const uint32_t tries = count < CLAIM_TRIES ? count : CLAIM_TRIES;
    for (uint32_t i = 0; i < tries; i++) {
        evprof_ring_t *ring = &evprof_rings[((uint32_t)cpu + i) % count];
        uint32_t claim =
            atomic_load_explicit(&ring->claim, memory_order_relaxed);
        /* Sequentially consistent: a closing tap stores its session and then
         * looks at the claims; a writer claims and then loads the session. */
        if (claim % 2 == 0 &&
            atomic_compare_exchange_strong(&ring->claim, &claim, claim + 1)) {
            slot->ring = ring;
            return true;
        }
    }
    return false;
}

bool
evprof_ring_reserve(evprof_ring_claim_t *slot, size_t depth)
{
    evprof_ring_t *ring = slot->ring;
    const uint64_t need = HEADER_WORDS + depth;
    const uint64_t head =
        atomic_load_explicit(&ring->head, memory_order_relaxed);
    const uint64_t tail =
        atomic_load_explicit(&ring->tail, memory_order_acquire);
    const uint64_t offset = head % EVPROF_RING_WORDS;
    const uint64_t to_end = EVPROF_RING_WORDS - offset;
    const uint64_t filler = need > to_end ? to_end : 0;
    if (head + filler + need - tail > EVPROF_RING_WORDS) {
        return false;
    }
    if (filler) {
        evprof_record_t *skip = (evprof_record_t *)(void *)&ring->words[offset];
        skip->words = (uint32_t)filler;
        skip->session = 0;
    }
    slot->head = head + filler;
    slot->record =
        (evprof_record_t *)(void *)&ring->words[slot->head % EVPROF_RING_WORDS];
    return true;
}

void
evprof_ring_abandon(const evprof_ring_claim_t *slot)
{
    atomic_fetch_add_explicit(&slot->ring->claim, 1, memory_order_release);
}

void
evprof_ring_wake(void)
{
    if (atomic_exchange_explicit(&evprof_ring_alarm, 1, memory_order_release)) {
        return;
    }
    const int saved = errno;
    (void)syscall(SYS_futex, &evprof_ring_alarm, FUTEX_WAKE_PRIVATE, 1, NULL,
                  NULL, 0);
    errno = saved;
}

void
evprof_ring_commit(const evprof_ring_claim_t *slot)
{
    evprof_ring_t *ring = slot->ring;
    evprof_record_t *record = slot->record;
    record->words = HEADER_WORDS + (uint32_t)record->count;
    const uint64_t head = slot->head + record->words;
    const uint64_t tail =
        atomic_load_explicit(&ring->tail, memory_order_relaxed);
    atomic_store_explicit(&ring->head, head, memory_order_release);
    evprof_ring_abandon(slot);
    if (head - tail > EVPROF_RING_WORDS / 2) {
        evprof_ring_wake();
    }
}
