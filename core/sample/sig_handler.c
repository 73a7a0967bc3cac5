/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signal path. A handler run: is the signal ours and its thread's record still
 * the one it was meant for; claim a ring; look whether the tap is open (in this
 * order, see evprof_tap_close()); walk straight into the ring; commit. What
 * does not fit is added to the thread's `carried`, which the next sample of
 * that thread takes along, so that drops change no total.
 */
#include "core/sample/sig_handler.h"

#include <errno.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/objects/epoch.h"
#include "core/sample/sig_labels.h"
#include "core/sample/sig_ring.h"
#include "core/unwind/sig_arch.h"

enum {
    INDEX_BITS = 24,
    GENERATION_BITS = 24,
    KIND_BITS = 4,
    COOKIE_BITS = 12,
};

/* After a walk its thread is left alone for so many times as long, so that a
 * walk that takes longer than a period leaves most of the CPU to the program.
 */
enum { REST_FACTOR = 3 };

/* How often the handler yields while all rings are claimed, when the thread was
 * asked for its stack: a lost answer would have to be asked for again. A
 * timer's sample does not wait; its weight is carried by the next one. */
enum { ASKED_PATIENCE = 100 };

evprof_sig_tap_t evprof_sig_taps[EVPROF_TAP_KINDS];
_Atomic uint32_t evprof_sig_cookie;
_Atomic uint64_t evprof_sig_cpu_period_ns;
_Atomic(void (*)(int)) evprof_sig_previous;
_Atomic(void (*)(int, siginfo_t *, void *)) evprof_sig_previous_info;

/* Set while a previous handler runs: it may call the one before it, which is
 * ours. */
static _Thread_local volatile sig_atomic_t is_chaining
    __attribute__((tls_model("initial-exec")));

static uint64_t
low_bits(uint64_t value, unsigned bits)
{
    return value & ((UINT64_C(1) << bits) - 1);
}

uint64_t
evprof_sig_token(enum evprof_tap_kind kind, const evprof_thread_t *thread,
                 uint32_t generation)
{
    uint64_t token =
        low_bits(atomic_load_explicit(&evprof_sig_cookie, memory_order_relaxed),
                 COOKIE_BITS);
    token = token << KIND_BITS | (uint64_t)kind;
    token = token << GENERATION_BITS | low_bits(generation, GENERATION_BITS);
    return token << INDEX_BITS | low_bits(thread->index, INDEX_BITS);
}

/* The record that `token` was made for, or NULL when that thread has ended. */
static evprof_thread_t *
token_thread(uint64_t token)
{
    evprof_thread_t *thread =
        evprof_thread_at((uint32_t)low_bits(token, INDEX_BITS));
    /* Acquire pairs with the store that makes a record live: its bounds are set
     * by then, maybe by the thread that found it. */
    if (thread == NULL ||
        atomic_load_explicit(&thread->state, memory_order_acquire) <
            EVPROF_THREAD_LIVE) {
        return NULL;
    }
    const uint32_t generation =
        atomic_load_explicit(&thread->generation, memory_order_relaxed);
    return low_bits(generation, GENERATION_BITS) ==
                   low_bits(token >> INDEX_BITS, GENERATION_BITS)
               ? thread
               : NULL;
}

enum evprof_sig_status
evprof_sig_record_begin(enum evprof_tap_kind kind,
                        const evprof_thread_t *thread,
                        evprof_ring_claim_t *slot, size_t *depth)
{
    evprof_sig_tap_t *tap = &evprof_sig_taps[kind];
    if (!evprof_ring_claim(slot)) {
        return EVPROF_SIG_DROPPED;
    }
    const uint32_t session = atomic_load(&tap->session);
    *depth = atomic_load_explicit(&tap->depth, memory_order_relaxed);
    if (session == 0) {
        evprof_ring_abandon(slot);
        atomic_fetch_add_explicit(&tap->late, 1, memory_order_relaxed);
        return EVPROF_SIG_CLOSED;
    }
    if (!evprof_ring_reserve(slot, *depth)) {
        evprof_ring_abandon(slot);
        evprof_ring_wake();
        return EVPROF_SIG_DROPPED;
    }
    evprof_record_t *record = slot->record;
    record->session = session;
    record->kind = (uint8_t)kind;
    record->thread = thread->index;
    record->tid = atomic_load_explicit(&thread->tid, memory_order_relaxed);
    record->generation =
        atomic_load_explicit(&thread->generation, memory_order_relaxed);
    record->epoch =
        atomic_load_explicit(&evprof_unload_epoch, memory_order_relaxed);
    record->at_ns = 0;
    record->labels = evprof_sig_labels();
    return EVPROF_SIG_TAKEN;
}

void
evprof_sig_record_end(const evprof_ring_claim_t *slot,
                      const evprof_walk_t *walk, unsigned flags)
{
    slot->record->count = (uint16_t)walk->count;
    slot->record->flags = (uint8_t)(walk->flags | flags);
    evprof_ring_commit(slot);
}

/* One sample of the interrupted thread. */
static enum evprof_sig_status
take_sample(enum evprof_tap_kind kind, const evprof_thread_t *thread,
            uint64_t weight, int64_t value, int64_t at_ns, const void *context)
{
    evprof_ring_claim_t slot;
    size_t depth;
    const enum evprof_sig_status status =
        evprof_sig_record_begin(kind, thread, &slot, &depth);
    if (status != EVPROF_SIG_TAKEN) {
        return status;
    }
    slot.record->weight = weight;
    slot.record->value = value;
    slot.record->at_ns = at_ns;
    evprof_walk_t walk = { .pcs = slot.record->pcs,
                           .max = depth,
                           .bounds = thread->bounds };
    const evprof_unwinder_t *unwinder = atomic_load_explicit(
        &evprof_sig_taps[kind].unwinder, memory_order_relaxed);
    unwinder->walk_context(&walk, context);
    evprof_sig_record_end(&slot, &walk, EVPROF_RECORD_EXACT);
    return EVPROF_SIG_TAKEN;
}

/* A walk that was so slow that the next expiry was due already would repeat for
 * ever; then the expiry is carried to a later sample. */
static enum evprof_sig_status
take_rested_sample(evprof_thread_t *thread, uint64_t weight, int64_t last_ns,
                   const void *context)
{
    const int64_t began = evprof_clock_ns(CLOCK_MONOTONIC);
    if (began <
        atomic_load_explicit(&thread->cpu.rest_until, memory_order_relaxed)) {
        return EVPROF_SIG_DROPPED;
    }
    const enum evprof_sig_status status =
        take_sample(EVPROF_TAP_CPU, thread, weight, last_ns, began, context);
    const int64_t ended = evprof_clock_ns(CLOCK_MONOTONIC);
    atomic_store_explicit(&thread->cpu.rest_until,
                          ended + REST_FACTOR * (ended - began),
                          memory_order_relaxed);
    return status;
}

int64_t
evprof_sig_last_expiry(const evprof_thread_t *thread, uint64_t fired)
{
    const uint64_t period_ns =
        atomic_load_explicit(&evprof_sig_cpu_period_ns, memory_order_relaxed);
    const uint64_t first =
        atomic_load_explicit(&thread->cpu.first, memory_order_relaxed);
    return (int64_t)(first + (fired - 1) * period_ns);
}

uint64_t
evprof_sig_due(const evprof_thread_t *thread, uint64_t time_ns)
{
    const uint64_t period_ns =
        atomic_load_explicit(&evprof_sig_cpu_period_ns, memory_order_relaxed);
    const uint64_t first =
        atomic_load_explicit(&thread->cpu.first, memory_order_relaxed);
    const uint64_t fired =
        atomic_load_explicit(&thread->cpu.fired, memory_order_relaxed);
    const uint64_t due =
        time_ns < first ? 0 : (time_ns - first) / period_ns + 1;
    return due > fired ? due : fired;
}

/* The expiries, and what earlier samples lost. */
static void
record_expiries(evprof_thread_t *thread, uint64_t expiries, const void *context)
{
    evprof_sig_tap_t *tap = &evprof_sig_taps[EVPROF_TAP_CPU];
    const uint64_t weight =
        expiries +
        atomic_exchange_explicit(&thread->cpu.carried, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&tap->overrun, expiries - 1,
                              memory_order_relaxed);
    const uint64_t fired =
        expiries + atomic_fetch_add_explicit(&thread->cpu.fired, expiries,
                                             memory_order_relaxed);
    const int64_t last_ns = evprof_sig_last_expiry(thread, fired);
    if (take_rested_sample(thread, weight, last_ns, context) !=
        EVPROF_SIG_TAKEN) {
        atomic_fetch_add_explicit(&thread->cpu.carried, weight,
                                  memory_order_relaxed);
        atomic_fetch_add_explicit(&thread->cpu.dropped, 1,
                                  memory_order_relaxed);
        atomic_fetch_add_explicit(&tap->dropped, expiries,
                                  memory_order_relaxed);
    }
}

/* Expiries that the thread's clock has passed and of which its timer has not
 * told. */
static uint64_t
take_overdue(evprof_thread_t *thread)
{
    const int64_t now = evprof_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    const uint64_t more =
        evprof_sig_due(thread, (uint64_t)now) -
        atomic_load_explicit(&thread->cpu.fired, memory_order_relaxed);
    atomic_fetch_add_explicit(&thread->cpu.ahead, more, memory_order_relaxed);
    return more;
}

/* The timer's own expiry and its overruns, less those that are recorded. */
static uint64_t
take_told(evprof_thread_t *thread, const siginfo_t *info)
{
    const uint64_t told = 1 + (uint64_t)(unsigned)info->si_overrun;
    const uint64_t ahead =
        atomic_load_explicit(&thread->cpu.ahead, memory_order_relaxed);
    const uint64_t known = told < ahead ? told : ahead;
    atomic_fetch_sub_explicit(&thread->cpu.ahead, known, memory_order_relaxed);
    return told - known;
}

static void
take_timer_sample(evprof_thread_t *thread, const siginfo_t *info,
                  const void *context)
{
    evprof_sig_tap_t *tap = &evprof_sig_taps[EVPROF_TAP_CPU];
    const int timer =
        atomic_load_explicit(&thread->cpu.timer, memory_order_relaxed);
    const bool is_overdue = info->si_timerid == EVPROF_SIG_OVERDUE;
    if (atomic_load_explicit(&tap->session, memory_order_relaxed) == 0 ||
        timer == 0 || (!is_overdue && timer != info->si_timerid + 1)) {
        atomic_fetch_add_explicit(&tap->late, 1, memory_order_relaxed);
        return;
    }
    const uint64_t expiries =
        is_overdue ? take_overdue(thread) : take_told(thread, info);
    if (expiries > 0) {
        record_expiries(thread, expiries, context);
    }
}

/* How often this thread has slept so far. One more sleep afterwards means that
 * it went back to where it was. */
static int64_t
own_sleeps(void)
{
    struct rusage usage = { .ru_nvcsw = 0 };
    (void)syscall(SYS_getrusage, RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

static void
take_asked_sample(enum evprof_tap_kind kind, const evprof_thread_t *thread,
                  const void *context)
{
    const int64_t value = own_sleeps();
    enum evprof_sig_status status =
        take_sample(kind, thread, 1, value, 0, context);
    for (int i = 0; status == EVPROF_SIG_DROPPED && i < ASKED_PATIENCE; i++) {
        (void)syscall(SYS_sched_yield);
        status = take_sample(kind, thread, 1, value, 0, context);
    }
    if (status == EVPROF_SIG_DROPPED) {
        atomic_fetch_add_explicit(&evprof_sig_taps[kind].dropped, 1,
                                  memory_order_relaxed);
    }
}

static void
call_previous(int signum, siginfo_t *info, void *context)
{
    void (*with_info)(int, siginfo_t *, void *) =
        atomic_load_explicit(&evprof_sig_previous_info, memory_order_acquire);
    void (*plain)(int) =
        atomic_load_explicit(&evprof_sig_previous, memory_order_acquire);
    if (is_chaining) {
        return;
    }
    is_chaining = 1;
    if (with_info) {
        with_info(signum, info, context);
    } else if (plain) {
        plain(signum);
    }
    is_chaining = 0;
}

/* Whether `info` carries a token of ours; see ask.c for the code. */
static bool
is_ours(const siginfo_t *info, uint64_t token)
{
    const uint64_t cookie =
        atomic_load_explicit(&evprof_sig_cookie, memory_order_relaxed);
    return info->si_code == SI_TIMER &&
           token >> (64 - COOKIE_BITS) == low_bits(cookie, COOKIE_BITS);
}

/* Most calls go on by themselves after a signal; some return EINTR, also when
 * the signal meets them on their way in. */
static void
count_cut_short(evprof_sig_tap_t *tap, const void *context)
{
    if (evprof_arch_was_cut_short(context)) {
        atomic_fetch_add_explicit(&tap->cut_short, 1, memory_order_relaxed);
    }
}

void
evprof_sig_handler(int signum, siginfo_t *info, void *context)
{
    const int saved = errno;
    const uint64_t token = (uint64_t)(uintptr_t)info->si_value.sival_ptr;
    const uint64_t kind =
        low_bits(token >> (INDEX_BITS + GENERATION_BITS), KIND_BITS);
    if (!is_ours(info, token) || kind >= EVPROF_TAP_KINDS) {
        call_previous(signum, info, context);
        errno = saved;
        return;
    }
    evprof_thread_t *thread = token_thread(token);
    count_cut_short(&evprof_sig_taps[kind], context);
    if (!thread) {
        atomic_fetch_add_explicit(&evprof_sig_taps[kind].late, 1,
                                  memory_order_relaxed);
    } else if (kind == EVPROF_TAP_CPU) {
        take_timer_sample(thread, info, context);
    } else {
        take_asked_sample((enum evprof_tap_kind)kind, thread, context);
    }
    errno = saved;
}
