/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POSIX timers on the CPU clocks of other threads, by raw system calls: glibc's
 * wrapper knows neither such clocks nor (before 2.37) SIGEV_THREAD_ID for them.
 * The first expiry is random within a period, or all threads that are shorter
 * than one would never be seen and all that start together would tick together.
 *
 * The kernel looks at CPU timers when its clock ticks (CONFIG_HZ). Expiries
 * between two ticks come as one signal with overruns; what is due when a thread
 * ends between two ticks is known from its clock. A thread that shares a CPU
 * with others which never sleep may have it between the ticks alone, and then
 * its timer never tells: when several expiries are overdue and it has work to
 * do, it is sent the signal without a timer, and takes them off what the timer
 * tells later.
 */
#include "core/sample/cpu_timer.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/hash.h"
#include "core/sample/ask.h"
#include "core/sample/sig_handler.h"
#include "core/sample/sig_ring.h"
#include "core/sample/thread_info.h"

/* With thousands of threads that come and go a scan is always due: the drainer
 * spends one part in twenty of its time on them. */
enum { SCAN_REST = 20 };

/* What the slowest of ticks (CONFIG_HZ=100) tells late on a CPU that all share.
 */
#define OVERDUE_NS INT64_C(40000000)
#define LOOK_EVERY_NS INT64_C(50000000)

static struct {
    int64_t next_scan_ns;       /* the drainer's */
    int64_t next_look_ns;       /* the drainer's, for what is overdue */
    _Atomic uint64_t period_ns; /* 0: off */
    _Atomic uint32_t session;   /* a new number for each start */
    _Atomic uint64_t random;
    _Atomic uint64_t last_period_ns;
    _Atomic uint64_t armed;
    _Atomic uint64_t missed;
    _Atomic uint64_t waiting; /* of these for a queued-signal slot, now */
    _Atomic uint64_t denied;  /* of these for other reasons */
    _Atomic uint64_t late;
    _Atomic int last_errno;  /* of a timer that could not be made */
    evprof_lock_t sums;      /* between a timer and its share of what follows */
    _Atomic uint64_t cpu_ns; /* less the clocks of those that have a timer */
    _Atomic uint64_t due;
    _Atomic uint64_t lost;
    _Atomic uint64_t uncaught;
    _Atomic uint64_t closed;
} timers;

static void
count(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

/* The thread's CPU time in ns; 0 when it is gone. */
static uint64_t
thread_time(pid_t tid)
{
    const int64_t ns = evprof_thread_cpu_ns(tid);
    return ns < 0 ? 0 : (uint64_t)ns;
}

static struct timespec
timespec_of(uint64_t ns)
{
    return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000u),
                              .tv_nsec = (long)(ns % 1000000000u) };
}

/* A number within 1 and `period_ns`. */
static uint64_t
random_phase(uint64_t period_ns)
{
    /* The golden ratio's steps, mixed: SplitMix64. */
    const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
    const uint64_t seed =
        atomic_fetch_add_explicit(&timers.random, step, memory_order_relaxed);
    return evprof_hash_mix(seed) % period_ns + 1;
}

/* Makes a stopped timer; its kernel id or a negative errno. */
static int
create_timer(const evprof_thread_t *thread, pid_t tid)
{
    struct sigevent event;
    memset(&event, 0, sizeof(event));
    const uintptr_t token = evprof_sig_token(EVPROF_TAP_CPU, thread,
                                             atomic_load(&thread->generation));
    memcpy(&event.sigev_value, &token, sizeof(token));
    event.sigev_signo = SIGPROF;
    event.sigev_notify = SIGEV_THREAD_ID;
    event._sigev_un._tid = tid;
    int id;
    return syscall(SYS_timer_create, evprof_thread_clock(tid), &event, &id) == 0
               ? id
               : -errno;
}

/* Sets whether the thread waits for a slot; whether it did. The record's lock
 * is held. */
static bool
set_waiting(evprof_thread_t *thread, bool waits)
{
    const bool did = atomic_exchange(&thread->cpu.is_refused, waits);
    if (waits && !did) {
        count(&timers.waiting, 1);
    } else if (did && !waits) {
        atomic_fetch_sub(&timers.waiting, 1);
    }
    return did;
}

/* A timer was refused with that errno; the record's lock is held. A thread that
 * was refused before is counted already. */
static void
note_refusal(evprof_thread_t *thread, int error)
{
    const bool is_known = set_waiting(thread, error == EAGAIN);
    /* Other errors mean that the thread has ended. */
    if (error == EAGAIN || error == ENOMEM || error == EPERM ||
        error == ENOSYS || error == EACCES) {
        count(&timers.missed, !is_known);
        count(&timers.denied, error != EAGAIN);
        atomic_store(&timers.last_errno, error);
    }
}

/* Deletes a timer that could not be set; `now` is the thread's clock. */
static void
delete_unset(evprof_thread_t *thread, int id, uint64_t now)
{
    const int error = errno;
    (void)syscall(SYS_timer_delete, id);
    evprof_lock_enter(&timers.sums);
    atomic_store(&thread->cpu.timer, 0);
    atomic_fetch_add(&timers.cpu_ns, now);
    evprof_lock_leave(&timers.sums);
    note_refusal(thread, error);
}

/* Makes and sets the thread's timer. The record's lock is held. */
static void
arm_locked(evprof_thread_t *thread, uint64_t period_ns)
{
    const pid_t tid = atomic_load(&thread->tid);
    const int id = create_timer(thread, tid);
    if (id < 0) {
        note_refusal(thread, -id);
        return;
    }
    atomic_store(&thread->cpu.fired, 0);
    atomic_store(&thread->cpu.carried, 0);
    atomic_store(&thread->cpu.dropped, 0);
    atomic_store(&thread->cpu.ahead, 0);
    atomic_store(&thread->cpu.rest_until, 0);
    const uint64_t now = thread_time(tid);
    const uint64_t first_ns = now + random_phase(period_ns);
    atomic_store(&thread->cpu.seen, now);
    atomic_store(&thread->cpu.first, first_ns);
    evprof_lock_enter(&timers.sums);
    atomic_store(&thread->cpu.timer, id + 1);
    atomic_fetch_sub(&timers.cpu_ns, now);
    evprof_lock_leave(&timers.sums);
    const struct itimerspec first = {
        .it_value = timespec_of(first_ns),
        .it_interval = timespec_of(period_ns),
    };
    if (syscall(SYS_timer_settime, id, TIMER_ABSTIME, &first, NULL) != 0) {
        delete_unset(thread, id, now);
        return;
    }
    count(&timers.armed, 1);
    count(&timers.late, set_waiting(thread, false));
}

/* Tries again for a thread that was refused a slot. */
static void
arm_late(evprof_thread_t *thread)
{
    const int saved = errno;
    evprof_lock_enter(&thread->lock);
    const uint64_t period_ns = atomic_load(&timers.period_ns);
    if (period_ns > 0 && atomic_load(&thread->cpu.is_refused) &&
        thread->cpu.session == atomic_load(&timers.session) &&
        atomic_load(&thread->state) >= EVPROF_THREAD_LIVE) {
        arm_locked(thread, period_ns);
    }
    evprof_lock_leave(&thread->lock);
    errno = saved;
}

/* Gives the thread a timer if the sampler is on and it has none. */
static void
arm_timer(evprof_thread_t *thread)
{
    if (atomic_load(&timers.period_ns) == 0) {
        return;
    }
    const int saved = errno;
    evprof_lock_enter(&thread->lock);
    const uint64_t period_ns = atomic_load(&timers.period_ns);
    const uint32_t session = atomic_load(&timers.session);
    if (period_ns > 0 && thread->cpu.session != session &&
        atomic_load(&thread->state) >= EVPROF_THREAD_LIVE) {
        thread->cpu.session = session;
        arm_locked(thread, period_ns);
    }
    evprof_lock_leave(&thread->lock);
    errno = saved;
}

/* How many of these expiries have not been delivered. */
static uint64_t
expiries_owed(const evprof_thread_t *thread, uint64_t time)
{
    const uint64_t fired = atomic_load(&thread->cpu.fired);
    const uint64_t due = evprof_sig_due(thread, time);
    return due > fired ? due - fired : 0;
}

/* The thread's clock; when it is gone, what was last read of it. */
static uint64_t
last_time(evprof_thread_t *thread)
{
    const uint64_t time = thread_time(atomic_load(&thread->tid));
    if (time > 0) {
        atomic_store(&thread->cpu.seen, time);
    }
    return atomic_load(&thread->cpu.seen);
}

/* Deletes the thread's timer. The record's lock is held. */
static void
disarm_timer(evprof_thread_t *thread)
{
    const int id = atomic_load(&thread->cpu.timer) - 1;
    if (id < 0) {
        return;
    }
    const int saved = errno;
    (void)syscall(SYS_timer_delete, id);
    evprof_lock_enter(&timers.sums);
    const uint64_t time = last_time(thread);
    count(&timers.cpu_ns, time);
    count(&timers.due, evprof_sig_due(thread, time));
    count(&timers.uncaught, expiries_owed(thread, time));
    atomic_store(&thread->cpu.timer, 0);
    count(&timers.lost, atomic_exchange(&thread->cpu.carried, 0));
    evprof_lock_leave(&timers.sums);
    errno = saved;
}

/* Discards a record that was found in /proc. If it was never sampled it is not
 * counted: the thread has a record of its own, made when it began. */
static void
disown_timer(evprof_thread_t *thread)
{
    if (atomic_load(&thread->cpu.timer) > 0 &&
        atomic_load(&thread->cpu.fired) == 0) {
        atomic_fetch_sub(&timers.armed, 1);
    }
}

/*
 * The calling thread ends: what its timer owes (expiries that no clock tick was
 * there to see, drops that no sample carried) is recorded with its start
 * routine as the only frame, so that short threads count in totals.
 */
static void
leave_timer(evprof_thread_t *thread)
{
    if (atomic_load(&thread->cpu.timer) == 0) {
        return;
    }
    const uint64_t owed =
        expiries_owed(thread, thread_time(atomic_load(&thread->tid)));
    const uint64_t carried = atomic_exchange(&thread->cpu.carried, 0);
    evprof_ring_claim_t slot;
    size_t depth;
    if (owed + carried == 0) {
        return;
    }
    if (!thread->start || evprof_sig_record_begin(EVPROF_TAP_CPU, thread, &slot,
                                                  &depth) != EVPROF_SIG_TAKEN) {
        count(&timers.lost, owed + carried);
        count(&thread->cpu.fired, owed);
        return;
    }
    evprof_walk_t walk = { .pcs = slot.record->pcs, .max = depth, .count = 1 };
    slot.record->weight = owed + carried;
    slot.record->value =
        evprof_sig_last_expiry(thread, atomic_load(&thread->cpu.fired) + owed);
    memcpy(&walk.pcs[0], &thread->start, sizeof(walk.pcs[0]));
    evprof_sig_record_end(&slot, &walk, EVPROF_RECORD_EXACT);
    count(&thread->cpu.fired, owed);
    count(&timers.closed, owed);
}

static void
arm_all(void)
{
    const uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit; i++) {
        arm_timer(evprof_thread_at(i));
    }
}

void
evprof_cpu_timers_start(uint64_t period_ns)
{
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed)) {
        atomic_fetch_xor(&timers.random, seed);
    }
    atomic_store(&timers.armed, 0);
    atomic_store(&timers.missed, 0);
    atomic_store(&timers.waiting, 0);
    atomic_store(&timers.denied, 0);
    atomic_store(&timers.late, 0);
    atomic_store(&timers.last_errno, 0);
    atomic_store(&timers.cpu_ns, 0);
    atomic_store(&timers.due, 0);
    atomic_store(&timers.lost, 0);
    atomic_store(&timers.uncaught, 0);
    atomic_store(&timers.closed, 0);
    atomic_fetch_add(&timers.session, 1);
    atomic_store(&timers.last_period_ns, period_ns);
    atomic_store(&evprof_sig_cpu_period_ns, period_ns);
    /* Published first, scanned then: a thread that the scan misses finds the
     * sampler on when it enters. */
    atomic_store(&timers.period_ns, period_ns);
    (void)evprof_thread_scan();
    arm_all();
}

static void
arm_refused(void)
{
    const uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit; i++) {
        evprof_thread_t *thread = evprof_thread_at(i);
        if (atomic_load(&thread->cpu.is_refused)) {
            arm_late(thread);
        }
    }
}

/* ---- Timers that do not tell ---- */

static bool
is_overdue(const evprof_thread_t *thread)
{
    const uint64_t owed =
        atomic_load(&thread->cpu.timer) == 0
            ? 0
            : expiries_owed(thread, thread_time(atomic_load(&thread->tid)));
    return owed > 1 && owed * atomic_load(&timers.period_ns) >= OVERDUE_NS;
}

/* One that sleeps is left alone: the signal would end its call. */
static bool
has_work(const evprof_thread_t *thread)
{
    evprof_thread_info_t info;
    return evprof_thread_read_status(atomic_load(&thread->tid), &info) ==
               EVPROF_OK &&
           info.state == 'R' && !info.holds_sigprof_back;
}

static void
remind_overdue(void)
{
    const int64_t began = evprof_clock_ns(CLOCK_MONOTONIC);
    if (atomic_load(&timers.period_ns) == 0 || began < timers.next_look_ns) {
        return;
    }
    const uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit; i++) {
        evprof_thread_t *thread = evprof_thread_at(i);
        const uint32_t generation = atomic_load(&thread->generation);
        if (is_overdue(thread) && has_work(thread)) {
            (void)evprof_ask_overdue(thread, generation);
        }
    }
    const int64_t ended = evprof_clock_ns(CLOCK_MONOTONIC);
    const int64_t rest_ns = SCAN_REST * (ended - began);
    timers.next_look_ns =
        ended + (rest_ns > LOOK_EVERY_NS ? rest_ns : LOOK_EVERY_NS);
}

void
evprof_cpu_timers_rearm(void)
{
    remind_overdue();
    const int64_t began = evprof_clock_ns(CLOCK_MONOTONIC);
    if (atomic_load(&timers.period_ns) == 0 || began < timers.next_scan_ns) {
        return;
    }
    if (atomic_load(&timers.waiting) > 0) {
        arm_refused();
    } else if (!evprof_thread_scan_is_due()) {
        return;
    }
    (void)evprof_thread_scan();
    arm_all();
    const int64_t ended = evprof_clock_ns(CLOCK_MONOTONIC);
    timers.next_scan_ns = ended + SCAN_REST * (ended - began);
}

void
evprof_cpu_timers_stop(void)
{
    atomic_store(&timers.period_ns, 0);
    const uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit; i++) {
        evprof_thread_t *thread = evprof_thread_at(i);
        evprof_lock_enter(&thread->lock);
        disarm_timer(thread);
        (void)set_waiting(thread, false);
        evprof_lock_leave(&thread->lock);
    }
}

void
evprof_cpu_timers_stats(evprof_cpu_timer_stats_t *out)
{
    *out = (evprof_cpu_timer_stats_t){
        .period_ns = atomic_load(&timers.last_period_ns),
        .armed = atomic_load(&timers.armed),
        .missed = atomic_load(&timers.missed),
        .late = atomic_load(&timers.late),
        .missing = atomic_load(&timers.waiting) + atomic_load(&timers.denied),
        .last_errno = atomic_load(&timers.last_errno),
        .cpu_ns = atomic_load(&timers.cpu_ns),
        .lost = atomic_load(&timers.lost),
        .uncaught = atomic_load(&timers.uncaught),
        .closed = atomic_load(&timers.closed),
    };
}

void
evprof_cpu_timers_ended(evprof_cpu_reading_t *out)
{
    *out = (evprof_cpu_reading_t){ .cpu_ns = atomic_load(&timers.cpu_ns),
                                   .due = atomic_load(&timers.due) };
}

/* Reads one record. The lock of the sums is held, so that its timer is not
 * deleted meanwhile. */
static void
read_thread(evprof_cpu_reading_t *out, uint32_t index)
{
    evprof_thread_t *thread = evprof_thread_at(index);
    if (atomic_load(&thread->cpu.timer) == 0) {
        return;
    }
    const uint64_t time = last_time(thread);
    out->marks[index] = (evprof_cpu_mark_t){
        .generation = atomic_load(&thread->generation),
        .cpu_ns = time,
    };
    out->cpu_ns += time;
    out->due += evprof_sig_due(thread, time);
    out->carried += atomic_load(&thread->cpu.carried);
    out->live++;
}

int
evprof_cpu_timers_read(evprof_cpu_reading_t *out)
{
    const uint32_t limit = evprof_thread_limit();
    evprof_cpu_mark_t *marks = calloc((size_t)limit + 1, sizeof(*marks));
    if (marks == NULL) {
        return EVPROF_ENOMEM;
    }
    evprof_lock_enter(&timers.sums);
    evprof_cpu_timers_ended(out);
    out->marks = marks;
    out->count = limit;
    for (uint32_t i = 0; i < limit; i++) {
        read_thread(out, i);
    }
    evprof_lock_leave(&timers.sums);
    return EVPROF_OK;
}

uint64_t
evprof_cpu_reading_of(const evprof_cpu_reading_t *reading, uint32_t index,
                      uint32_t generation, uint64_t otherwise)
{
    if (index >= reading->count) {
        return otherwise;
    }
    const evprof_cpu_mark_t *mark = &reading->marks[index];
    return mark->cpu_ns > 0 && mark->generation == generation ? mark->cpu_ns
                                                              : otherwise;
}

void
evprof_cpu_timers_fork_child(void)
{
    atomic_store(&timers.period_ns, 0);
    evprof_lock_reset(&timers.sums);
    evprof_thread_t *thread;
    for (uint32_t i = 0; (thread = evprof_thread_at(i)) != NULL; i++) {
        atomic_store(&thread->cpu.timer, 0);
        atomic_store(&thread->cpu.is_refused, false);
        thread->cpu.session = 0;
    }
}

static void
end_slot(evprof_thread_t *thread)
{
    disarm_timer(thread);
    (void)set_waiting(thread, false);
    thread->cpu.session = 0;
}

__attribute__((constructor(102))) static void
watch_threads(void)
{
    static evprof_thread_hook_t hook = {
        .live = arm_timer,
        .leave = leave_timer,
        .drop = disown_timer,
        .end = end_slot,
    };
    evprof_thread_add_hook(&hook);
}
