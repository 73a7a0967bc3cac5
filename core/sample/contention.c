/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wait is measured by the thread that waits; at its end that thread decides
 * whether it is recorded and walks its own stack. An unlock is charged with
 * what the waiters have waited (waiters.c) and walks the unlocker's. Both then
 * add to the sums of an interned (kind, labels, stack): no ring, no other
 * thread, so recording starts with the switch and goes on in a forked child.
 *
 * Events are scaled when they are recorded. Counts are kept in fractions of an
 * event because a kept event may stand for 1.3 of them.
 */
#include "core/sample/contention.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/hash.h"
#include "core/base/intern.h"
#include "core/base/lock.h"
#include "core/sample/budget.h"
#include "core/sample/caller_stack.h"
#include "core/sample/fork.h"
#include "core/sample/sig_labels.h"
#include "core/sample/threads.h"
#include "core/sample/waiters.h"

#define STACK_COUNT 16384u
#define STACK_BYTES ((size_t)8 << 20)
#define ONE_EVENT 65536.0

/* What is interned; `pcs` is cut to the depth of the stack. */
typedef struct stack_key {
    uint64_t kind;
    const evprof_label_set_t *labels;
    uintptr_t pcs[EVPROF_HERE_DEPTH];
} stack_key_t;

typedef struct sums {
    _Atomic int64_t count; /* in units of 1 / ONE_EVENT */
    _Atomic int64_t delay_ns;
} sums_t;

typedef struct kind_state {
    evprof_budget_t budget;
    _Atomic uint64_t stacks;
    _Atomic uint64_t no_room;
    _Atomic int64_t no_room_ns;
    _Atomic uint64_t unqueued;
} kind_state_t;

_Atomic uint32_t evprof_contention_switch;
_Atomic(const evprof_wait_watcher_t *) evprof_wait_watcher_now;

static _Atomic(void (*)(bool)) on_switch;
static _Atomic int64_t block_rate_ns;
static _Atomic int mutex_fraction;
static kind_state_t kinds[EVPROF_CONTENTION_KINDS];
static evprof_intern_t stacks = EVPROF_INTERN(STACK_COUNT, STACK_BYTES);
static sums_t sums[STACK_COUNT + 1]; /* by id */

/* ---- Rates ---- */

/* Two threads may set rates at once; the state of the later one must stay. */
static void
update_switch(void)
{
    static evprof_lock_t guard;
    evprof_lock_enter(&guard);
    bool is_on =
        evprof_contention_block_rate() > 0 ||
        atomic_load_explicit(&mutex_fraction, memory_order_relaxed) > 0 ||
        evprof_wait_is_watched();
    atomic_store_explicit(&evprof_contention_switch, is_on,
                          memory_order_release);
    void (*changed)(bool) =
        atomic_load_explicit(&on_switch, memory_order_acquire);
    if (changed != NULL) {
        changed(is_on);
    }
    evprof_lock_leave(&guard);
}

void
evprof_contention_on_switch(void (*changed)(bool is_on))
{
    atomic_store_explicit(&on_switch, changed, memory_order_release);
    update_switch();
}

void
evprof_contention_set_block_rate(int64_t ns)
{
    /* A program that starts with all off does not wait for tables of its code.
     */
    if (ns > 0) {
        (void)evprof_here_prepare();
    }
    evprof_budget_restart(&kinds[EVPROF_CONTENTION_BLOCK].budget);
    atomic_store_explicit(&block_rate_ns, ns > 0 ? ns : 0,
                          memory_order_relaxed);
    update_switch();
}

int64_t
evprof_contention_block_rate(void)
{
    return atomic_load_explicit(&block_rate_ns, memory_order_relaxed);
}

int
evprof_contention_set_mutex_fraction(int fraction)
{
    if (fraction < 0) {
        return atomic_load_explicit(&mutex_fraction, memory_order_relaxed);
    }
    evprof_budget_restart(&kinds[EVPROF_CONTENTION_MUTEX].budget);
    if (fraction > 0) {
        (void)evprof_here_prepare();
        evprof_waiters_restart(evprof_clock_ns(CLOCK_MONOTONIC));
    }
    int before = atomic_exchange_explicit(&mutex_fraction, fraction,
                                          memory_order_relaxed);
    update_switch();
    return before;
}

/* ---- Recording ---- */

static const evprof_interned_t *
intern_stack(enum evprof_contention_kind kind, const void *caller)
{
    stack_key_t key;
    key.kind = kind;
    key.labels = evprof_sig_labels();
    size_t count = evprof_here(key.pcs, caller);
    count = evprof_unwind_mark_own(key.pcs, count, EVPROF_HERE_DEPTH);
    return evprof_intern_add(
        &stacks, &key, offsetof(stack_key_t, pcs) + count * sizeof(*key.pcs));
}

static void
record(enum evprof_contention_kind kind, const evprof_weight_t *weight,
       const void *caller)
{
    kind_state_t *state = &kinds[kind];
    const evprof_interned_t *entry = intern_stack(kind, caller);
    atomic_fetch_add_explicit(&state->stacks, 1, memory_order_relaxed);
    if (entry == NULL) {
        atomic_fetch_add_explicit(&state->no_room, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&state->no_room_ns, weight->ns,
                                  memory_order_relaxed);
        return;
    }
    sums_t *sum = &sums[entry->id];
    atomic_fetch_add_explicit(&sum->count, (int64_t)(weight->count * ONE_EVENT),
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&sum->delay_ns, weight->ns, memory_order_relaxed);
}

static bool
is_our_thread(void)
{
    const evprof_thread_t *self = evprof_thread_current;
    return self != NULL &&
           (self->depth > 0 ||
            (atomic_load_explicit(&self->flags, memory_order_relaxed) &
             EVPROF_THREAD_OURS) != 0);
}

static const evprof_wait_watcher_t *
watcher(void)
{
    return atomic_load_explicit(&evprof_wait_watcher_now, memory_order_acquire);
}

void
evprof_wait_watch(const evprof_wait_watcher_t *watcher_to_be)
{
    /* Switching off needs nothing, and in the child of a fork the locks of what
     * it prepares are not free yet. */
    if (watcher_to_be != NULL) {
        (void)evprof_here_prepare();
    }
    atomic_store_explicit(&evprof_wait_watcher_now, watcher_to_be,
                          memory_order_release);
    update_switch();
}

/* Whether unlocks are recorded or watched. */
static bool
wants_unlockers(void)
{
    return atomic_load_explicit(&mutex_fraction, memory_order_relaxed) > 0 ||
           evprof_wait_is_watched();
}

/* Notes in the thread's record what it waits for, for the search for stuck
 * threads; NULL: nothing. */
static void
note_wait(enum evprof_wait_kind kind, const void *object, int64_t since_ns)
{
    evprof_thread_t *self = evprof_thread_current;
    if (self != NULL) {
        atomic_store_explicit(&self->waits_kind, kind, memory_order_relaxed);
        atomic_store_explicit(&self->waits_since_ns, since_ns,
                              memory_order_relaxed);
        atomic_store_explicit(&self->waits_for, (uintptr_t)object,
                              memory_order_release);
    }
}

void
evprof_wait_begin(evprof_wait_t *wait, enum evprof_wait_kind kind,
                  const void *object, const void *caller)
{
    *wait = (evprof_wait_t){ .kind = kind, .object = object, .caller = caller };
    if (is_our_thread()) {
        return;
    }
    wait->start_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    note_wait(kind, object, wait->start_ns);
    if (kind <= EVPROF_WAIT_RWLOCK && wants_unlockers()) {
        wait->is_queued = evprof_waiters_enter(object, wait->start_ns);
        if (!wait->is_queued) {
            atomic_fetch_add_explicit(&kinds[EVPROF_CONTENTION_MUTEX].unqueued,
                                      1, memory_order_relaxed);
        }
    }
    const evprof_wait_watcher_t *told = watcher();
    if (told != NULL) {
        told->begin(wait);
    }
}

static void
tell_wake(enum evprof_wait_kind kind, const void *object, int64_t at_ns,
          bool is_for_all, const void *caller)
{
    const evprof_wait_watcher_t *told = watcher();
    if (told != NULL && !is_our_thread()) {
        told->wake(kind, object, at_ns, is_for_all, caller);
    }
}

void
evprof_wake(enum evprof_wait_kind kind, const void *object, const void *caller)
{
    tell_wake(kind, object, 0, false, caller);
}

void
evprof_wake_all(enum evprof_wait_kind kind, const void *object,
                const void *caller)
{
    tell_wake(kind, object, 0, true, caller);
}

/* Whether a call with that result has waited. */
static bool
has_waited(int error)
{
    return error == 0 || error == EOWNERDEAD || error == ETIMEDOUT ||
           error == EINTR;
}

void
evprof_wait_end(evprof_wait_t *wait, int error)
{
    if (wait->start_ns == 0) {
        return;
    }
    int64_t end_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    note_wait(wait->kind, NULL, 0);
    if (wait->is_queued) {
        evprof_waiters_leave(wait->object, end_ns);
    }
    const evprof_wait_watcher_t *told = watcher();
    if (told != NULL) {
        told->end(wait, error);
    }
    int64_t rate_ns = evprof_contention_block_rate();
    int64_t delay_ns = end_ns - wait->start_ns;
    evprof_weight_t weight;
    if (rate_ns > 0 && delay_ns > 0 && wait->kind < EVPROF_WAIT_SLEEP &&
        has_waited(error) &&
        evprof_budget_take(&kinds[EVPROF_CONTENTION_BLOCK].budget, end_ns,
                           delay_ns, rate_ns, &weight)) {
        record(EVPROF_CONTENTION_BLOCK, &weight, wait->caller);
    }
}

evprof_unlock_t
evprof_unlock_begin(const void *lock)
{
    evprof_unlock_t unlock = { .waited_ns = 0 };
    if (evprof_waiters_any(lock)) {
        unlock.at_ns = evprof_clock_ns(CLOCK_MONOTONIC);
        unlock.waited_ns = evprof_waiters_collect(lock, unlock.at_ns);
    }
    return unlock;
}

void
evprof_unlock_end(enum evprof_wait_kind kind, const void *lock,
                  const evprof_unlock_t *unlock, const void *caller)
{
    int64_t waited_ns = unlock->waited_ns;
    if (waited_ns > 0) {
        tell_wake(kind, lock, unlock->at_ns, false, caller);
    }
    int fraction = atomic_load_explicit(&mutex_fraction, memory_order_relaxed);
    if (waited_ns <= 0 || fraction <= 0 || is_our_thread()) {
        return;
    }
    kind_state_t *state = &kinds[EVPROF_CONTENTION_MUTEX];
    int64_t at_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    /* The low bits of the clock are random enough to choose one in
     * `fraction`. */
    if (evprof_hash_mix((uint64_t)at_ns ^ (uintptr_t)&at_ns) %
            (unsigned)fraction !=
        0) {
        return;
    }
    evprof_weight_t weight;
    if (evprof_budget_take(&state->budget, at_ns, waited_ns, 0, &weight)) {
        weight.count *= fraction;
        weight.ns *= fraction;
        record(EVPROF_CONTENTION_MUTEX, &weight, caller);
    }
}

/* ---- Reading ---- */

/* Fills `out` from entry `id`; false when it is not one of `kind`. */
static bool
read_entry(enum evprof_contention_kind kind, uint32_t id,
           evprof_contention_t *out)
{
    const evprof_interned_t *entry = evprof_intern_at(&stacks, id);
    int64_t count = atomic_load_explicit(&sums[id].count, memory_order_relaxed);
    if (entry == NULL || count == 0) {
        return false;
    }
    const stack_key_t *key = (const void *)entry->data;
    *out = (evprof_contention_t){
        .stack = { .pcs = key->pcs,
                   .count = (entry->len - offsetof(stack_key_t, pcs)) /
                            sizeof(*key->pcs) },
        .labels = key->labels,
        .count = (int64_t)((double)count / ONE_EVENT + 0.5),
        .delay_ns =
            atomic_load_explicit(&sums[id].delay_ns, memory_order_relaxed),
    };
    return key->kind == kind;
}

int
evprof_contention_each(enum evprof_contention_kind kind,
                       int (*each)(void *ctx, const evprof_contention_t *),
                       void *ctx)
{
    uint32_t last = evprof_intern_last(&stacks);
    evprof_contention_t contention;
    for (uint32_t id = 1; id <= last; id++) {
        if (read_entry(kind, id, &contention)) {
            int status = each(ctx, &contention);
            if (status != EVPROF_OK) {
                return status;
            }
        }
    }
    return 0;
}

static int
count_one(void *ctx, const evprof_contention_t *contention)
{
    (void)contention;
    ++*(long *)ctx;
    return 0;
}

long
evprof_contention_count(enum evprof_contention_kind kind)
{
    long count = 0;
    evprof_contention_each(kind, count_one, &count);
    return count;
}

void
evprof_contention_stats(enum evprof_contention_kind kind,
                        evprof_contention_stats_t *out)
{
    kind_state_t *state = &kinds[kind];
    *out = (evprof_contention_stats_t){
        .stacks = atomic_load(&state->stacks),
        .lost = atomic_load(&state->budget.lost),
        .lost_ns = atomic_load(&state->budget.lost_ns),
        .no_room = atomic_load(&state->no_room),
        .no_room_ns = atomic_load(&state->no_room_ns),
        .unqueued = atomic_load(&state->unqueued),
    };
}

static void
fork_child(void)
{
    evprof_waiters_reset();
}

__attribute__((constructor(102))) static void
watch_forks(void)
{
    static evprof_fork_hook_t hook = { .child = fork_child,
                                       .rank = EVPROF_FORK_USERS };
    evprof_sample_on_fork(&hook);
}
