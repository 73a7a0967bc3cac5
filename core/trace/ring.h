/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_RING_H
#define EVPROF_TRACE_RING_H

/*
 * How events leave the thread that saw them. Each thread has a ring of words
 * that only it writes and only the collector reads, so that neither ever waits;
 * when it is full, events are dropped and counted. An event is
 *
 *     word 0   type (8 bits) | arguments (8) | frames (16) | text bytes (32)
 *     word 1   CLOCK_MONOTONIC, ns
 *     then     arguments, return addresses leaf first, text
 *
 * Rings are mapped at a thread's first event and unmapped by the collector
 * after the thread has ended.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/trace/event.h"

/* 128 KiB: some 800 events with usual stacks between two visits of the
 * collector, which come 100 times a second. */
#define EVPROF_TRACE_RING_WORDS ((size_t)16384)

typedef struct evprof_trace_ring {
    _Atomic uint64_t head;    /* words written; by its thread */
    _Atomic uint64_t tail;    /* words read; by the collector */
    _Atomic uint64_t dropped; /* events that found no room */
    _Atomic uint32_t is_ended;
    _Atomic uint32_t is_writing; /* an event is half written */
    pid_t tid;
    uint32_t record; /* index of the thread's record, and which of its lives */
    uint32_t generation;
    struct evprof_trace_ring *next; /* list of all rings */
    evprof_trace_regions_t regions;
    uint64_t words[EVPROF_TRACE_RING_WORDS];
} evprof_trace_ring_t;

/* What is written; texts are joined, each with its NUL. */
typedef struct evprof_trace_event {
    enum evprof_trace_type type;
    const uint64_t *args;
    size_t arg_count;
    int64_t ns;         /* when it was, 0: now */
    const void *caller; /* the leaf of the stack, NULL: no stack */
    const char *text;
    size_t text_len;
} evprof_trace_event_t;

/* The calling thread's ring, made on first use; NULL: memory is out, the thread
 * is one of ours, or it has ended. */
evprof_trace_ring_t *evprof_trace_ring(void);

/* Writes an event of the calling thread; false: dropped. Keeps errno, takes no
 * lock but for the first event of a thread. Not re-entered: an event of a
 * handler that interrupts another is dropped. */
bool evprof_trace_emit(const evprof_trace_event_t *event);

/* The first ring of the list, which only grows at its head. */
evprof_trace_ring_t *evprof_trace_rings(void);

/* Takes the rings of ended threads that are read to their end out of the list
 * and frees them. Collector only. */
void evprof_trace_rings_reap(void);

/* The thread's last event was written: its ring goes when it is read. */
void evprof_trace_ring_end(void);

/* In the child of a fork: the rings of other threads go. */
void evprof_trace_rings_fork_child(void);

#endif
