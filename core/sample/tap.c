/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing of taps. The handler's half of a tap is in sig_handler.c;
 * here are its owner, its sink and its counts, all under one lock but the
 * counts, which only the drainer changes.
 *
 * Closing: the session becomes 0, and then every ring that is claimed at that
 * moment is waited for. A writer claims first and loads the session second, so
 * whoever claims later finds the tap closed. What was written before is in the
 * rings, and a last emptying brings it to the sink.
 */
#include "core/sample/tap.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/sample/drainer.h"
#include "core/sample/fork.h"
#include "core/sample/sig_handler.h"

/* A handler runs for microseconds, but its thread may wait for a CPU. A claim
 * that lasts longer belongs to a thread that was ended inside the handler; its
 * ring is given up. */
enum { CLAIM_PATIENCE_NS = 2000000000 };

/* A tap as its owner sees it. */
typedef struct tap_owner {
    evprof_tap_t tap;
    _Atomic uint32_t session;
    _Atomic uint64_t records;
    _Atomic uint64_t weight;
    _Atomic uint64_t truncated;
    _Atomic uint64_t broken;
} tap_owner_t;

static struct {
    evprof_lock_t lock;
    unsigned open_count;
    uint32_t last_session;
    tap_owner_t owners[EVPROF_TAP_KINDS];
} taps;

static void
count(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

/* Called by the drainer: counts a record and hands it to the sink of its
 * tap. */
static void
take_record(const evprof_record_t *record)
{
    tap_owner_t *owner = &taps.owners[record->kind];
    if (record->session !=
        atomic_load_explicit(&owner->session, memory_order_acquire)) {
        return;
    }
    count(&owner->records, 1);
    count(&owner->weight, record->weight);
    count(&owner->truncated, (record->flags & EVPROF_RECORD_TRUNCATED) != 0);
    count(&owner->broken, (record->flags & EVPROF_RECORD_BROKEN) != 0);
    owner->tap.sink(owner->tap.ctx, record);
}

static void
tick_taps(void)
{
    for (unsigned kind = 0; kind < EVPROF_TAP_KINDS; kind++) {
        const tap_owner_t *owner = &taps.owners[kind];
        if (evprof_tap_session((enum evprof_tap_kind)kind) != 0 &&
            owner->tap.tick != NULL) {
            owner->tap.tick(owner->tap.ctx);
        }
    }
    /* Walks have met code that was loaded after sampling began. They are slower
     * until its tables are built. */
    if (evprof_unwind_is_stale()) {
        evprof_unwind_learn();
    }
}

/* Rings are made once and stay: a late signal may still look at them. */
static int
make_rings(evprof_error_t *err)
{
    if (atomic_load(&evprof_ring_count) > 0) {
        return EVPROF_OK;
    }
    const long cpus = sysconf(_SC_NPROCESSORS_CONF);
    size_t rings = cpus > 2 ? (size_t)cpus * 2 : 4;
    rings = rings > EVPROF_RINGS_MAX ? EVPROF_RINGS_MAX : rings;
    const size_t size = EVPROF_RING_WORDS * sizeof(uint64_t);
    /* Populated now, or the handler would take the page faults. */
    char *memory = mmap(NULL, rings * size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) {
        return evprof_fail(err, EVPROF_ENOMEM,
                           "sampler: no memory for %zu rings", rings);
    }
    for (size_t i = 0; i < rings; i++) {
        evprof_rings[i].words = (uint64_t *)(void *)(memory + i * size);
    }
    atomic_store_explicit(&evprof_ring_count, (uint32_t)rings,
                          memory_order_release);
    return EVPROF_OK;
}

/* ---- The handler ---- */

static evprof_sigaction_fn *_Atomic real_sigaction = sigaction;

/* What the program has for SIGPROF behind our handler, and the process that
 * last opened a tap. */
static struct sigaction theirs;
static _Atomic pid_t user;

void
evprof_tap_set_sigaction(evprof_sigaction_fn *real)
{
    atomic_store(&real_sigaction, real);
}

static int
act(const struct sigaction *action, struct sigaction *before)
{
    return atomic_load(&real_sigaction)(SIGPROF, action, before);
}

/* Remembers the handler that is installed now, to pass on signals that are not
 * ours. */
static void
keep_previous(const struct sigaction *previous)
{
    theirs = *previous;
    void (*plain)(int) = NULL;
    void (*with_info)(int, siginfo_t *, void *) = NULL;
    if (previous->sa_flags & SA_SIGINFO) {
        with_info = previous->sa_sigaction;
    } else if (previous->sa_handler != SIG_DFL &&
               previous->sa_handler != SIG_IGN) {
        plain = previous->sa_handler;
    }
    atomic_store_explicit(&evprof_sig_previous_info, with_info,
                          memory_order_release);
    atomic_store_explicit(&evprof_sig_previous, plain, memory_order_release);
}

static bool
is_our_handler(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) != 0 &&
           action->sa_sigaction == evprof_sig_handler;
}

const char *
evprof_tap_intruder(void)
{
    struct sigaction current;
    if (act(NULL, &current) != 0 || is_our_handler(&current)) {
        return NULL;
    }
    if ((current.sa_flags & SA_SIGINFO) != 0) {
        return "another handler";
    }
    return current.sa_handler == SIG_IGN   ? "SIG_IGN"
           : current.sa_handler == SIG_DFL ? "SIG_DFL"
                                           : "another handler";
}

/*
 * Which stack our handler runs on. An alternate one is often just big enough
 * for its own handler, unless a handler of SIGPROF before ours was to run
 * there. Go's must: a goroutine's stack has no room for a handler, and what
 * lies below it belongs to others. Go as a library leaves SIGPROF alone, but
 * never SIGURG, by which it interrupts goroutines.
 */
static int
stack_flag(int flags)
{
    struct sigaction urgent;
    if (sigaction(SIGURG, NULL, &urgent) == 0) {
        flags |= urgent.sa_flags;
    }
    return flags & SA_ONSTACK;
}

/* `flags`: of handlers that were in place before. */
static int
put_in_place(int flags)
{
    struct sigaction ours = { .sa_flags =
                                  SA_SIGINFO | SA_RESTART | stack_flag(flags) };
    ours.sa_sigaction = evprof_sig_handler;
    /* All bits and not sigfillset(), which leaves out the signal that glibc
     * cancels threads with: an asynchronous cancel would keep a ring claimed.
     */
    memset(&ours.sa_mask, 0xff, sizeof(ours.sa_mask));
    return act(&ours, NULL);
}

/*
 * Installs our handler, unless it is installed. It is never removed: a signal
 * may still be on its way, and the default action ends the process.
 */
static int
install_handler(evprof_error_t *err)
{
    struct sigaction current;
    atomic_store(&user, getpid());
    if (act(NULL, &current) == 0 && is_our_handler(&current)) {
        return EVPROF_OK;
    }
    if (atomic_load(&evprof_sig_cookie) == 0) {
        uint32_t cookie = 0;
        if (getrandom(&cookie, sizeof(cookie), GRND_NONBLOCK) !=
            sizeof(cookie)) {
            cookie = (uint32_t)getpid();
        }
        atomic_store(&evprof_sig_cookie, cookie | 1);
    }
    keep_previous(&current);
    if (put_in_place(current.sa_flags) != 0) {
        return evprof_fail(err, EVPROF_EIO,
                           "sampler: cannot install the SIGPROF handler: %s",
                           strerror(errno));
    }
    return EVPROF_OK;
}

bool
evprof_tap_take_action(const struct sigaction *action, struct sigaction *before)
{
    struct sigaction current;
    const struct sigaction had = theirs;
    /* A child of vfork has its own handlers, and its parent's memory. */
    if (atomic_load(&user) != getpid() || act(NULL, &current) != 0 ||
        !is_our_handler(&current)) {
        return false;
    }
    if (action != NULL) {
        keep_previous(action);
        (void)put_in_place(action->sa_flags | current.sa_flags);
    }
    if (before != NULL) {
        *before = had;
    }
    return true;
}

static int
check_tap(const evprof_tap_t *tap, evprof_error_t *err)
{
    if (tap->depth < 1 || tap->depth > EVPROF_TAP_DEPTH_MAX) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "sampler: depth %zu is not within 1 and %u",
                           tap->depth, EVPROF_TAP_DEPTH_MAX);
    }
    if (tap->uses_signals && !tap->unwinder->is_signal_safe) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "sampler: unwinder %s cannot run in a signal "
                           "handler, use fp or tables",
                           tap->unwinder->name);
    }
    return EVPROF_OK;
}

static void
publish(enum evprof_tap_kind kind, const evprof_tap_t *tap)
{
    tap_owner_t *owner = &taps.owners[kind];
    evprof_sig_tap_t *sig = &evprof_sig_taps[kind];
    owner->tap = *tap;
    atomic_store(&owner->records, 0);
    atomic_store(&owner->weight, 0);
    atomic_store(&owner->truncated, 0);
    atomic_store(&owner->broken, 0);
    atomic_store(&sig->overrun, 0);
    atomic_store(&sig->dropped, 0);
    atomic_store(&sig->late, 0);
    atomic_store(&sig->cut_short, 0);
    atomic_store(&sig->unwinder, tap->unwinder);
    atomic_store(&sig->depth, tap->depth);
    taps.last_session += taps.last_session == UINT32_MAX ? 2 : 1;
    atomic_store(&owner->session, taps.last_session);
    atomic_store(&sig->session, taps.last_session);
}

static int
open_locked(enum evprof_tap_kind kind, const evprof_tap_t *tap,
            evprof_error_t *err)
{
    int status = check_tap(tap, err);
    if (status == EVPROF_OK && evprof_tap_session(kind) != 0) {
        status = evprof_fail(err, EVPROF_EBUSY, "sampler: already in use");
    }
    if (status == EVPROF_OK) {
        status = evprof_unwinder_prepare(tap->unwinder);
    }
    if (status == EVPROF_OK) {
        status = make_rings(err);
    }
    if (status == EVPROF_OK && tap->uses_signals) {
        status = install_handler(err);
    }
    if (status == EVPROF_OK && taps.open_count == 0 &&
        evprof_drainer_start(take_record, tick_taps) != EVPROF_OK) {
        status = evprof_fail(err, EVPROF_EIO,
                             "sampler: the drainer thread cannot be made");
    }
    if (status == EVPROF_OK) {
        taps.open_count++;
        publish(kind, tap);
    }
    return status;
}

int
evprof_tap_open(enum evprof_tap_kind kind, const evprof_tap_t *tap,
                evprof_error_t *err)
{
    evprof_lock_enter(&taps.lock);
    const int status = open_locked(kind, tap, err);
    evprof_lock_leave(&taps.lock);
    return status;
}

/* Returns when no claim that stands now stands any more. */
static void
wait_for_writers(void)
{
    const int64_t deadline =
        evprof_clock_ns(CLOCK_MONOTONIC) + CLAIM_PATIENCE_NS;
    const uint32_t rings = atomic_load(&evprof_ring_count);
    for (uint32_t i = 0; i < rings; i++) {
        const uint32_t claim = atomic_load(&evprof_rings[i].claim);
        while (claim % 2 == 1 && atomic_load(&evprof_rings[i].claim) == claim &&
               evprof_clock_ns(CLOCK_MONOTONIC) < deadline) {
            sched_yield();
        }
    }
}

void
evprof_tap_close(enum evprof_tap_kind kind)
{
    evprof_lock_enter(&taps.lock);
    if (evprof_tap_session(kind) != 0) {
        atomic_store(&evprof_sig_taps[kind].session, 0);
        wait_for_writers();
        evprof_drainer_flush();
        atomic_store(&taps.owners[kind].session, 0);
        if (--taps.open_count == 0) {
            evprof_drainer_stop();
        }
    }
    evprof_lock_leave(&taps.lock);
}

uint32_t
evprof_tap_session(enum evprof_tap_kind kind)
{
    return atomic_load(&evprof_sig_taps[kind].session);
}

void
evprof_tap_flush(void)
{
    evprof_drainer_flush();
}

evprof_stack_t
evprof_record_stack(const evprof_record_t *record, uintptr_t *room)
{
    evprof_stack_t out = {
        .pcs = record->pcs,
        .count = record->count,
        .leaf_is_exact = (record->flags & EVPROF_RECORD_EXACT) != 0,
    };
    if (record->epoch > 0) {
        memcpy(room, record->pcs, record->count * sizeof(*room));
        out.pcs = room;
        out.count = evprof_unwind_mark(room, record->count,
                                       EVPROF_TAP_DEPTH_MAX + 1, record->epoch);
    }
    return out;
}

void
evprof_tap_stats(enum evprof_tap_kind kind, evprof_tap_stats_t *out)
{
    const tap_owner_t *owner = &taps.owners[kind];
    const evprof_sig_tap_t *sig = &evprof_sig_taps[kind];
    *out = (evprof_tap_stats_t){
        .records = atomic_load(&owner->records),
        .weight = atomic_load(&owner->weight),
        .overrun = atomic_load(&sig->overrun),
        .dropped = atomic_load(&sig->dropped),
        .truncated = atomic_load(&owner->truncated),
        .broken = atomic_load(&owner->broken),
        .late = atomic_load(&sig->late),
        .cut_short = atomic_load(&sig->cut_short),
    };
}

static void
fork_child(void)
{
    for (unsigned kind = 0; kind < EVPROF_TAP_KINDS; kind++) {
        atomic_store(&evprof_sig_taps[kind].session, 0);
        atomic_store(&taps.owners[kind].session, 0);
    }
    taps.open_count = 0;
    evprof_lock_reset(&taps.lock);
    evprof_drainer_fork_child();
}

__attribute__((constructor(102))) static void
watch_forks(void)
{
    static evprof_fork_hook_t hook = { .child = fork_child,
                                       .rank = EVPROF_FORK_USERS };
    evprof_sample_on_fork(&hook);
}
