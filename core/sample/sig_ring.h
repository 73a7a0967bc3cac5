/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_SIG_RING_H
#define EVPROF_SAMPLE_SIG_RING_H

/*
 * The pool of rings between whoever takes a stack and the drainer. A writer
 * claims a whole ring for the time of one record, so that each ring has one
 * writer at a time and needs no further order. A writer runs on a CPU, so twice
 * the number of CPUs is mostly enough, however many threads there are: one that
 * lost its CPU in the middle keeps its ring from others.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/sample/tap.h"

/* 64 KiB: about 270 stacks of 25 frames; half of that wakes the drainer. */
#define EVPROF_RING_WORDS 8192u
#define EVPROF_RINGS_MAX 128u

typedef struct evprof_ring {
    /* Odd: claimed. Even: free. Goes up at both changes, so that a closing tap
     * can tell that a claim it saw has ended. */
    _Alignas(64) _Atomic uint32_t claim;
    _Atomic uint64_t head;              /* words written; moved by the writer */
    _Alignas(64) _Atomic uint64_t tail; /* words read; moved by the drainer */
    uint64_t *words;
} evprof_ring_t;

/* Where a claimed record is being written. */
typedef struct evprof_ring_claim {
    evprof_ring_t *ring;
    evprof_record_t *record;
    uint64_t head; /* what head becomes, less the record's own words */
} evprof_ring_claim_t;

/* Set up before any handler runs, then constant. */
extern evprof_ring_t evprof_rings[EVPROF_RINGS_MAX];
extern _Atomic uint32_t evprof_ring_count;

/* The drainer sleeps on this word; not 0: there is work. */
extern _Atomic uint32_t evprof_ring_alarm;

/*
 * Claims a ring, the calling CPU's first. False: all are claimed. Signal-safe,
 * as all calls of this file.
 */
bool evprof_ring_claim(evprof_ring_claim_t *slot);

/* Room for a record of `depth` pcs in the claimed ring. False: it is full. */
bool evprof_ring_reserve(evprof_ring_claim_t *slot, size_t depth);

/* Publishes the record, whose `count` is set, and gives the ring back. */
void evprof_ring_commit(const evprof_ring_claim_t *slot);

/* Gives the ring back without a record. */
void evprof_ring_abandon(const evprof_ring_claim_t *slot);

/* Wakes the drainer; makes no call when it was woken already. */
void evprof_ring_wake(void);

#endif
