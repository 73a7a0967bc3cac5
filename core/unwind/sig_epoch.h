/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_EPOCH_H
#define EVPROF_UNWIND_SIG_EPOCH_H

/*
 * When may memory that handlers read be freed? Readers count themselves into
 * one of two slots, chosen by the epoch's lowest bit, before they load the
 * pointer. The epoch moves on only when the other slot is empty, so after two
 * moves both slots have been seen empty, and whoever loaded the old pointer is
 * gone. Nobody waits: what cannot be freed yet is freed later.
 *
 * A handler that is left by longjmp stays counted: then nothing more is freed,
 * which costs memory and never safety.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct evprof_epoch {
    atomic_uint_fast64_t now;
    atomic_uint_fast64_t readers[2];
} evprof_epoch_t;

/* Counts a reader in and returns the slot for evprof_epoch_leave(). All orders
 * are sequentially consistent: the count must be visible before the pointer is
 * loaded. Signal-safe. */
static inline unsigned
evprof_epoch_enter(evprof_epoch_t *epoch)
{
    unsigned slot = (unsigned)(atomic_load(&epoch->now) & 1);
    atomic_fetch_add(&epoch->readers[slot], 1);
    return slot;
}

/* Counts a reader out. Signal-safe. */
static inline void
evprof_epoch_leave(evprof_epoch_t *epoch, unsigned slot)
{
    atomic_fetch_sub(&epoch->readers[slot], 1);
}

/* The stamp for memory that was just unpublished. One thread at a time. */
static inline uint64_t
evprof_epoch_stamp(evprof_epoch_t *epoch)
{
    return atomic_load(&epoch->now);
}

/* Moves the epoch on as far as readers allow. One thread at a time. */
static inline void
evprof_epoch_advance(evprof_epoch_t *epoch)
{
    for (int i = 0; i < 2; i++) {
        uint64_t now = atomic_load(&epoch->now);
        if (atomic_load(&epoch->readers[(now + 1) & 1]) != 0) {
            return;
        }
        atomic_store(&epoch->now, now + 1);
    }
}

/* Whether no reader can still hold memory with this stamp. One thread at a
 * time. */
static inline bool
evprof_epoch_passed(evprof_epoch_t *epoch, uint64_t stamp)
{
    return atomic_load(&epoch->now) >= stamp + 2;
}

#endif
