/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_CONTENTION_H
#define EVPROF_SAMPLE_CONTENTION_H

/*
 * What waiting for locks costs: `block` at the stack that waited, `mutex` at
 * the stack whose unlock ended the waits. The lock wrappers measure, this
 * records. Nothing here allocates by malloc or takes a pthread lock, and errno
 * is kept, so that a wait inside malloc can be recorded. Not for handlers.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <evprof/module.h>

#include "core/sample/labelset.h"

enum evprof_contention_kind {
    EVPROF_CONTENTION_BLOCK,
    EVPROF_CONTENTION_MUTEX,
    EVPROF_CONTENTION_KINDS
};

/* ---- Rates; process wide, 0 at start ---- */

/* Waits of at least `ns` are recorded, shorter ones with probability
 * duration / ns; 0 or less: none. Takes effect at once. */
void evprof_contention_set_block_rate(int64_t ns);

/* The rate in force, in nanoseconds; 0: nothing is recorded. Any thread. */
int64_t evprof_contention_block_rate(void);

/* One in `fraction` contended unlocks is recorded; 0: none, negative: only
 * reads. Returns the previous value. */
int evprof_contention_set_mutex_fraction(int fraction);

/* ---- For the lock wrappers ---- */

extern _Atomic uint32_t evprof_contention_switch
    __attribute__((visibility("hidden")));

/* Whether anything is recorded. The only cost of an uncontended call is this
 * load. */
static inline bool
evprof_contention_is_on(void)
{
    return atomic_load_explicit(&evprof_contention_switch,
                                memory_order_relaxed) != 0;
}

/* Calls `changed` now and whenever recording is switched on or off; for one
 * caller, which cannot afford the load. */
void evprof_contention_on_switch(void (*changed)(bool is_on));

/* What is waited for. The first two have an owner that unlocks them and are no
 * cancellation points; the last two are no waits for another thread: they are
 * watched but not recorded. */
enum evprof_wait_kind {
    EVPROF_WAIT_MUTEX,
    EVPROF_WAIT_RWLOCK,
    EVPROF_WAIT_COND,
    EVPROF_WAIT_SEMAPHORE,
    EVPROF_WAIT_BARRIER,
    EVPROF_WAIT_JOIN,
    EVPROF_WAIT_SLEEP,
    EVPROF_WAIT_NETWORK,
};

typedef struct evprof_wait {
    enum evprof_wait_kind kind;
    const void
        *object; /* its address is a name only, nothing behind it is read */
    const void *caller;
    int64_t start_ns; /* 0: nothing is measured */
    bool is_queued;   /* counted as a waiter of `object` */
} evprof_wait_t;

/*
 * A wait for `object` begins. `caller` is the return address of the wrapper:
 * the leaf of the stack.
 */
void evprof_wait_begin(evprof_wait_t *wait, enum evprof_wait_kind kind,
                       const void *object, const void *caller);

/* The wait ended with that error code; errors that libc returns without waiting
 * are not recorded. */
void evprof_wait_end(evprof_wait_t *wait, int error);

/* An unlock: the time its waiters have spent since the last unlock (0: none
 * waits), and when that was read. */
typedef struct evprof_unlock {
    int64_t waited_ns;
    int64_t at_ns;
} evprof_unlock_t;

/* Call it before `lock` is unlocked. */
evprof_unlock_t evprof_unlock_begin(const void *lock);

/* Call it after the unlock. It does not touch the lock, which may be freed by
 * then. */
void evprof_unlock_end(enum evprof_wait_kind kind, const void *lock,
                       const evprof_unlock_t *unlock, const void *caller);

/* ---- For the execution trace ---- */

/* A watcher that is told of every wait and of what ends it. All three functions
 * run in the thread that waits or wakes; the caller keeps its errno. */
typedef struct evprof_wait_watcher {
    void (*begin)(const evprof_wait_t *wait);
    void (*end)(const evprof_wait_t *wait, int error);
    /* `at_ns` is the time of the wake-up, 0: now; `is_for_all`: of all that
     * wait. The woken thread may have reported its end already. */
    void (*wake)(enum evprof_wait_kind kind, const void *object, int64_t at_ns,
                 bool is_for_all, const void *caller);
} evprof_wait_watcher_t;

extern _Atomic(const evprof_wait_watcher_t *) evprof_wait_watcher_now
    __attribute__((visibility("hidden")));

/* Sets the watcher, NULL: none. The previous one may still be called for a
 * moment. */
void evprof_wait_watch(const evprof_wait_watcher_t *watcher);

/* Whether there is a watcher. The only cost of a call that is not watched is
 * this load. */
static inline bool
evprof_wait_is_watched(void)
{
    return atomic_load_explicit(&evprof_wait_watcher_now,
                                memory_order_relaxed) != NULL;
}

/* Tells the watcher of a signal or a post. */
void evprof_wake(enum evprof_wait_kind kind, const void *object,
                 const void *caller);

/* Tells it of a broadcast, which wakes all that wait. */
void evprof_wake_all(enum evprof_wait_kind kind, const void *object,
                     const void *caller);

/* ---- For the profiles ---- */

typedef struct evprof_contention {
    evprof_stack_t
        stack; /* return addresses, the caller of the wrapper first */
    const evprof_label_set_t *labels;
    int64_t count;
    int64_t delay_ns;
} evprof_contention_t;

/* Calls `each` for every stack; ends early and returns what is not 0. */
int evprof_contention_each(enum evprof_contention_kind kind,
                           int (*each)(void *ctx, const evprof_contention_t *),
                           void *ctx);

/* How many stacks there are. */
long evprof_contention_count(enum evprof_contention_kind kind);

typedef struct evprof_contention_stats {
    uint64_t stacks;  /* taken since the process began */
    uint64_t lost;    /* events over the budget of stacks a second, */
    int64_t lost_ns;  /* and what they stood for */
    uint64_t no_room; /* events whose stack found no room in the table, */
    int64_t no_room_ns;
    uint64_t unqueued; /* waits whose unlocker could not be told */
} evprof_contention_stats_t;

/* Counts since the start. MT-Safe. */
void evprof_contention_stats(enum evprof_contention_kind kind,
                             evprof_contention_stats_t *out);

#endif
