/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_PERF_RING_H
#define EVPROF_BASE_PERF_RING_H

/*
 * Events of perf_event_open(2) and the ring that the kernel writes their
 * records to. One thread at a time reads a ring.
 */

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct evprof_perf_ring {
    struct perf_event_mmap_page *page; /* NULL: there is none */
    size_t size;                       /* of the records, a power of two */
} evprof_perf_ring_t;

/* Opens an event for a thread, on processor `cpu` or, with -1, on all. Returns
 * its descriptor, which exec closes, or -1 with errno. */
int evprof_perf_open(const struct perf_event_attr *attr, pid_t tid, int cpu);

/* Maps the ring of an event, of `pages` pages or half as many, down to `least`,
 * as the limits on locked memory permit. False, with errno: none. */
bool evprof_perf_ring_map(evprof_perf_ring_t *ring, int fd, size_t pages,
                          size_t least);

/* Gives its memory back, and with it the event when its descriptor is closed.
 * Does nothing where there is none. */
void evprof_perf_ring_unmap(evprof_perf_ring_t *ring);

/* Where the records that are there now end: bytes since the beginning. */
uint64_t evprof_perf_ring_head(const evprof_perf_ring_t *ring);

/* The oldest record before `head`, in one piece, in `room` if it wraps around;
 * valid until it is dropped. NULL: there is none, or none that fits. */
const struct perf_event_header *
evprof_perf_ring_next(const evprof_perf_ring_t *ring, uint64_t head, void *room,
                      size_t room_size);

/* Gives the place of that record, which has `size` bytes, back to the kernel.
 */
void evprof_perf_ring_drop(const evprof_perf_ring_t *ring, size_t size);

/* The kernel's perf_event_paranoid, which says what is permitted; -2: it is not
 * known. */
int evprof_perf_level(void);

#endif
