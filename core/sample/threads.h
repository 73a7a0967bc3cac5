/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_THREADS_H
#define EVPROF_SAMPLE_THREADS_H

/*
 * The registry of threads. Each thread that the pthread_create wrapper starts
 * has a record from before its first instruction to its key destructor; other
 * threads get one when they first ask for it or when a scan of /proc/self/task
 * finds them. Records live in chunks that are never unmapped: whoever holds a
 * stale pointer reads a record with another generation, never freed memory.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/lock.h"
#include "core/sample/labelset.h"
#include "core/sample/sig_labels.h"
#include "core/unwind/unwind.h"

enum evprof_thread_state {
    EVPROF_THREAD_FREE,
    EVPROF_THREAD_STARTING, /* it or its creator is still making it known */
    EVPROF_THREAD_LIVE,     /* runs, and its end will be noticed */
    EVPROF_THREAD_FOUND,    /* found by a scan: its end goes unnoticed */
};

enum evprof_thread_flag {
    EVPROF_THREAD_OURS = 1u << 0, /* drainer, worker: no locks, no heap */
};

/* Go's depth for stacks that are not CPU samples, up to 1.22. */
#define EVPROF_THREAD_CREATOR_DEPTH 32

/* The CPU sampler's part of a record, see cpu_timer.h. The handler writes the
 * atomic ones. */
typedef struct evprof_cpu_slot {
    _Atomic int32_t timer;      /* kernel timer id + 1, 0: none */
    uint32_t session;           /* that saw this thread, armed or not */
    _Atomic bool is_refused;    /* it waits for a queued-signal slot */
    _Atomic uint64_t first;     /* the clock at the first expiry, ns */
    _Atomic uint64_t seen;      /* its clock when that was last read, ns */
    _Atomic uint64_t fired;     /* expiries that reached the handler */
    _Atomic uint64_t carried;   /* weight of drops, for the next sample */
    _Atomic uint64_t dropped;   /* samples dropped since it was armed */
    _Atomic uint64_t ahead;     /* expiries recorded before the timer told */
    _Atomic int64_t rest_until; /* monotonic ns: no walk before that */
} evprof_cpu_slot_t;

typedef struct evprof_thread {
    evprof_lock_t lock; /* guards tid, timer and the change of state */
    _Atomic uint32_t state;
    _Atomic uint32_t generation;  /* goes up each time the record is freed */
    _Atomic int32_t tid;          /* kernel id, 0 while it starts */
    uint32_t index;               /* of this record, never changes */
    _Atomic uint32_t flags;       /* EVPROF_THREAD_* */
    evprof_stack_bounds_t bounds; /* both 0: unknown; fixed while it runs */
    union {
        const evprof_label_set_t *inherited; /* STARTING: its creator's */
        evprof_labels_place_t *place; /* later: where it keeps its own; NULL: it
                                         has none. Under `lock`. */
    } labels;
    uint32_t depth; /* > 0: inside the library; only its own thread writes */
    uint32_t creator_count;
    uintptr_t creator[EVPROF_THREAD_CREATOR_DEPTH]; /* of pthread_create */

    evprof_cpu_slot_t cpu;

    /* What the thread waits for in a lock wrapper: enum evprof_wait_kind, the
     * lock's address (0: nothing) and since when. Only the thread itself
     * writes. */
    _Atomic uint32_t waits_kind;
    _Atomic uintptr_t waits_for;
    _Atomic int64_t waits_since_ns;

    /* Between pthread_create and the start routine. */
    void *(*start)(void *);
    void *arg;
    uint64_t start_time;        /* of /proc stat, for FOUND threads */
    struct evprof_thread *next; /* free list, or list of FOUND records */
} evprof_thread_t;

/* The caller's record or NULL: one load, no registration. */
extern _Thread_local evprof_thread_t *evprof_thread_current
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/*
 * The caller's record, made on first use. NULL when memory is out or the thread
 * is past its end. Neither allocates by malloc nor takes a pthread lock, so
 * lock and malloc hooks may call it. Not in a handler.
 */
evprof_thread_t *evprof_thread_self(void);

/* ---- For the pthread_create wrapper ---- */

/*
 * A record for a thread that the caller is about to create: with the caller's
 * labels and the stack of this call, `skip` frames left out. NULL: out of
 * memory; the thread is then found by scans.
 */
evprof_thread_t *evprof_thread_prepare(size_t skip);

/* The record's start routine is set: tells the hooks that the thread is about
 * to be made, by a call of pthread_create that returns to `caller`. */
void evprof_thread_announce(evprof_thread_t *thread, const void *caller);

/* The creation failed: the record goes. */
void evprof_thread_abandon(evprof_thread_t *thread);

/* First call in the new thread: id, bounds, timers of what is being sampled. */
void evprof_thread_enter(evprof_thread_t *thread);

/* Joins a thread of the library (core/base/own_thread.h); the wait is not
 * recorded in the block profile. */
void evprof_thread_join_ours(pthread_t thread);

/* ---- Reading the registry; any thread, no lock, not in a handler ---- */

/* Records have indices below this. It only grows. */
uint32_t evprof_thread_limit(void);

/* Record `index`, in whatever state; NULL beyond the limit. Signal-safe. */
evprof_thread_t *evprof_thread_at(uint32_t index);

/* How many threads have a record now. */
uint32_t evprof_thread_count(void);

/* Whether the record belongs to a live thread of the application. */
static inline bool
evprof_thread_is_application(const evprof_thread_t *thread)
{
    return atomic_load(&thread->state) >= EVPROF_THREAD_LIVE &&
           (atomic_load(&thread->flags) & EVPROF_THREAD_OURS) == 0;
}

/* How many such threads there are, after a scan. */
long evprof_thread_count_application(void);

/*
 * Gives every thread of /proc/self/task that has no record one in state FOUND,
 * and frees those of FOUND threads that are gone. EVPROF_EIO, EVPROF_ENOMEM.
 */
int evprof_thread_scan(void);

/* Whether the kernel has threads that the registry does not know, by the link
 * count of /proc/self/task: cheap enough to ask ten times a second. */
bool evprof_thread_scan_is_due(void);

/*
 * The stack that created `thread`, leaf first, return addresses; returns how
 * many of `max` were filled, 0 when unknown.
 */
size_t evprof_thread_creator(evprof_thread_t *thread, uintptr_t *pcs,
                             size_t max);

/* The labels of the thread that had the record as `generation`; NULL when that
 * has ended. */
const evprof_label_set_t *evprof_thread_labels(evprof_thread_t *thread,
                                               uint32_t generation);

/* The stack of the thread that had the record as `generation`; both bounds are
 * 0 when that has ended. */
evprof_stack_bounds_t evprof_thread_bounds(evprof_thread_t *thread,
                                           uint32_t generation);

/*
 * What others keep with a thread, and want to know of it. Statically allocated
 * by the caller, never removed, NULL where nothing is to be done. Call it from
 * a constructor or under a lock of the caller's.
 *
 *   create  in the creating thread before the new one exists; `caller` is the
 *           return address of pthread_create
 *   enter   in the new thread, before its start routine
 *   live    the record counts from now on; any thread
 *   leave   in the thread, in its last key destructor round
 *   drop    the record of a FOUND thread goes; any thread, under the registry's
 *           lock
 *   end     the record is about to be another thread's; under its own lock
 *   ours    in a thread that is marked as the library's own
 *
 * But for `drop` and `end` none of our locks is held.
 */
typedef struct evprof_thread_hook {
    void (*create)(evprof_thread_t *thread, const void *caller);
    void (*enter)(evprof_thread_t *thread);
    void (*live)(evprof_thread_t *thread);
    void (*leave)(evprof_thread_t *thread);
    void (*drop)(evprof_thread_t *thread);
    void (*end)(evprof_thread_t *thread);
    void (*ours)(void);
    struct evprof_thread_hook *next;
} evprof_thread_hook_t;

/* Adds a hook, which is static and stays. MT-Safe; it misses no thread that
 * begins later. */
void evprof_thread_add_hook(evprof_thread_hook_t *hook);

/* ---- For thread_scan.c and fork.c ---- */

/* A record in state FOUND for `tid`, if it has none. EVPROF_ENOMEM. */
int evprof_thread_add_found(pid_t tid, uint64_t start_time);

/* Frees the FOUND record of `tid`, if there is one. */
void evprof_thread_drop_found(pid_t tid);

#endif
