/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU profiles from begin to end. The first window opens the tap and arms the
 * timers, the last one stops them: the timers first and the tap second, so that
 * what they fired last is still taken.
 *
 * A record names the moment of its last expiry on its thread's CPU clock, and
 * the earlier ones it stands for lie a period apart. So a window that joins or
 * leaves others gets just those expiries that lie between the two readings of
 * that clock, also of a thread that held the signal back meanwhile.
 */
#include "core/sample/cpu.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/objects/objects.h"
#include "core/profile/loss.h"
#include "core/sample/drainer.h"
#include "core/sample/fork.h"
#include "core/sample/proc.h"
#include "core/sample/thread_labels.h"
#include "core/sample/windows.h"

/* Distinct stacks of a 300 s profile stay far below; what does not fit is said
 * in the comments. */
#define TABLE_MAX_BYTES ((size_t)64 << 20)

static const int64_t second_ns = 1000000000;

/* Each running thread has up to a clock tick that no signal came for yet, and a
 * starved virtual machine has longer ticks. More is a signal held back. */
enum { UNCAUGHT_FEW = 20, UNCAUGHT_SHARE = 20 };

/* A walk in a prologue of odd code breaks now and then; one in so many is said.
 */
enum { BROKEN_SHARE = 100 };

typedef struct cpu_window {
    evprof_sample_window_t window; /* first; its sums are expiries */
    evprof_cpu_reading_t joined;
    evprof_cpu_reading_t left;
    const char *intruder; /* the handler of SIGPROF in place of ours; NULL: ours
                             is in place */
    bool is_leaving;      /* and `left` is when */
    evprof_cpu_stats_t before;
    uint64_t records;
    uint64_t weight; /* of what was counted, with or without a stack */
    uint64_t truncated;
    uint64_t broken;
    uint64_t unplaced; /* expiries without a stack; set when it is written */
} cpu_window_t;

static struct {
    evprof_lock_t lock; /* of begin and end */
    evprof_lock_t sums; /* guards the windows between these and the drainer */
    evprof_windows_t windows;
    evprof_windows_t inherited; /* of the parent, to be freed */
    unsigned rate_hz;
    int64_t period_ns;
    size_t depth;
    int thread_labels;
    const char *unlisted; /* why threads may be missing; NULL: none are */
    _Atomic uint64_t overflow;
} cpu = { .windows.max_bytes = TABLE_MAX_BYTES };

static cpu_window_t *
as_cpu(evprof_sample_window_t *window)
{
    return (cpu_window_t *)(void *)window;
}

/* How many of the record's expiries are later than `time_ns` on its thread's
 * clock. */
static uint64_t
expiries_after(const evprof_record_t *record, uint64_t time_ns)
{
    const uint64_t last_ns = (uint64_t)record->value;
    const uint64_t period_ns = (uint64_t)cpu.period_ns;
    const uint64_t after =
        last_ns > time_ns ? (last_ns - time_ns - 1) / period_ns + 1 : 0;
    return after < record->weight ? after : record->weight;
}

/* How many of the record's expiries lie within the window. A thread that has no
 * mark of the join began later; one that has no mark of the end is newer than
 * that. */
static uint64_t
expiries_within(const cpu_window_t *w, const evprof_record_t *record)
{
    const uint64_t from = evprof_cpu_reading_of(&w->joined, record->thread,
                                                record->generation, 0);
    const uint64_t until = w->is_leaving
                               ? evprof_cpu_reading_of(&w->left, record->thread,
                                                       record->generation, 0)
                               : UINT64_MAX;
    const uint64_t begun = expiries_after(record, from);
    const uint64_t beyond = expiries_after(record, until);
    return begun > beyond ? begun - beyond : 0;
}

static void
count_in(cpu_window_t *w, const evprof_record_t *record, uint32_t id)
{
    const uint64_t expiries = expiries_within(w, record);
    if (expiries == 0) {
        return;
    }
    evprof_windows_add(&cpu.windows, &w->window, id, (int64_t)expiries);
    w->records++;
    w->weight += expiries;
    w->truncated += (record->flags & EVPROF_RECORD_TRUNCATED) != 0;
    w->broken += (record->flags & EVPROF_RECORD_BROKEN) != 0;
}

typedef void watch_fn(const evprof_record_t *record,
                      const evprof_stack_t *stack);
static _Atomic(watch_fn *) watcher;

static void
take_sample(void *ctx, const evprof_record_t *record)
{
    uintptr_t room[EVPROF_TAP_DEPTH_MAX + 1];
    const evprof_stack_t stack = evprof_record_stack(record, room);
    (void)ctx;
    const evprof_label_set_t *labels = evprof_thread_labels_of(
        record, (enum evprof_thread_labels)cpu.thread_labels);
    evprof_lock_enter(&cpu.sums);
    const uint32_t id = evprof_windows_stack(&cpu.windows, &stack, labels);
    for (evprof_sample_window_t *w = cpu.windows.first; w != NULL;
         w = w->next) {
        count_in(as_cpu(w), record, id);
    }
    evprof_lock_leave(&cpu.sums);
    if (id == 0) {
        atomic_fetch_add(&cpu.overflow, record->weight);
    }
    watch_fn *watch = atomic_load_explicit(&watcher, memory_order_acquire);
    if (watch != NULL) {
        watch(record, &stack);
    }
}

void
evprof_cpu_watch(watch_fn *watch)
{
    atomic_store_explicit(&watcher, watch, memory_order_release);
}

static void
tick(void *ctx)
{
    (void)ctx;
    evprof_cpu_timers_rearm();
}

/* Refuses a profile where the process may make no timers at all: it would be
 * empty. */
static int
check_timers(evprof_error_t *err)
{
    evprof_cpu_timer_stats_t stats;
    evprof_cpu_timers_stats(&stats);
    if (stats.armed > 0 || stats.missed == 0) {
        return EVPROF_OK;
    }
    evprof_cpu_timers_stop();
    evprof_tap_close(EVPROF_TAP_CPU);
    const evprof_lost_t lost = { .n = stats.missed,
                                 .of = stats.missed,
                                 .why = strerrordesc_np(stats.last_errno) };
    return evprof_loss_fail(err, EVPROF_EIO, EVPROF_LOSS_OF_CPU,
                            stats.last_errno == EAGAIN
                                ? EVPROF_LOSS_TIMER_SLOTS
                                : EVPROF_LOSS_TIMER_REFUSED,
                            &lost);
}

/* ---- Begin ---- */

static void
free_window(cpu_window_t *w)
{
    free(w->joined.marks);
    free(w->left.marks);
    free(w);
}

static void
close_window(evprof_windows_t *windows, cpu_window_t *w)
{
    evprof_lock_enter(&cpu.sums);
    evprof_windows_close(windows, &w->window);
    evprof_lock_leave(&cpu.sums);
    free_window(w);
}

static void
free_inherited(void)
{
    while (cpu.inherited.first != NULL) {
        close_window(&cpu.inherited, as_cpu(cpu.inherited.first));
    }
}

static int
check_options(const evprof_sampling_options_t *options, evprof_error_t *err)
{
    if (options->rate_hz < 1 || options->rate_hz > 1000) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "cpu: rate %u is not within 1 and 1000",
                           options->rate_hz);
    }
    if (cpu.windows.first != NULL && !options->takes_any_rate &&
        options->rate_hz != cpu.rate_hz) {
        return evprof_fail(err, EVPROF_EBUSY, "cpu profiling already in use");
    }
    return EVPROF_OK;
}

/* The first window's tap and timers. */
static int
start_sampling(const evprof_sampling_options_t *options, evprof_error_t *err)
{
    const evprof_tap_t tap = { .unwinder = options->unwinder,
                               .depth = options->depth,
                               .uses_signals = true,
                               .sink = take_sample,
                               .tick = tick };
    const int status = evprof_tap_open(EVPROF_TAP_CPU, &tap, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_cpu_timers_start((uint64_t)cpu.period_ns);
    return check_timers(err);
}

/* Begins at the present totals: what was counted before belongs to earlier
 * windows. */
static int
join_sampling(cpu_window_t *w, evprof_error_t *err)
{
    evprof_lock_enter(&cpu.sums);
    const int status = evprof_cpu_timers_read(&w->joined);
    evprof_lock_leave(&cpu.sums);
    evprof_cpu_stats(&w->before);
    return status == EVPROF_OK ? EVPROF_OK
                               : evprof_fail(err, status, "cpu: out of memory");
}

static int
open_window(cpu_window_t *w)
{
    evprof_lock_enter(&cpu.sums);
    const int status = evprof_windows_open(&cpu.windows, &w->window);
    evprof_lock_leave(&cpu.sums);
    return status;
}

static int
begin_locked(const evprof_sampling_options_t *options, cpu_window_t *w,
             evprof_error_t *err)
{
    int status = check_options(options, err);
    if (status != EVPROF_OK) {
        free_window(w);
        return status;
    }
    const bool is_first = cpu.windows.first == NULL;
    if (is_first) {
        free_inherited();
        cpu.rate_hz = options->rate_hz;
        cpu.depth = options->depth;
        cpu.windows.max_bytes =
            options->table_bytes > 0 ? options->table_bytes : TABLE_MAX_BYTES;
        cpu.unlisted =
            evprof_proc_is_missing() ? evprof_proc_missing_text : NULL;
        cpu.thread_labels = options->thread_labels;
        cpu.period_ns = second_ns / (int64_t)options->rate_hz;
        atomic_store(&cpu.overflow, 0);
    }
    if (open_window(w) != EVPROF_OK) {
        free_window(w);
        return evprof_fail(err, EVPROF_ENOMEM, "cpu: out of memory");
    }
    /* Notes the objects, so that those which are unloaded meanwhile can still
     * be named. */
    (void)evprof_objects_refresh();
    status = is_first ? start_sampling(options, err) : join_sampling(w, err);
    if (status != EVPROF_OK) {
        close_window(&cpu.windows, w);
    }
    return status;
}

int
evprof_cpu_begin(const evprof_sampling_options_t *options,
                 evprof_sample_window_t **out, evprof_error_t *err)
{
    cpu_window_t *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "cpu: out of memory");
    }
    evprof_lock_enter(&cpu.lock);
    const int status = begin_locked(options, w, err);
    evprof_lock_leave(&cpu.lock);
    *out = status == EVPROF_OK ? &w->window : NULL;
    return status;
}

/* ---- End ---- */

/* The sums of what happened while the window was open. */
typedef struct account {
    uint64_t armed;
    uint64_t missed;
    uint64_t late; /* of these, how many were armed later */
    uint64_t overrun;
    uint64_t dropped;
    uint64_t closed;
    uint64_t lost;
    uint64_t uncaught;
    int last_errno;
} account_t;

/* Expiries that are in no sample are of two kinds: those lost because a ring
 * had no room, and those that the kernel has not delivered. */
static account_t
account_for(const cpu_window_t *w)
{
    evprof_cpu_stats_t now;
    const evprof_cpu_stats_t *before = &w->before;
    evprof_cpu_stats(&now);
    const uint64_t due = w->left.due - w->joined.due;
    const uint64_t missing = due > w->weight ? due - w->weight : 0;
    const uint64_t dropped =
        now.timers.lost - before->timers.lost + w->left.carried;
    const uint64_t lost = dropped < missing ? dropped : missing;
    return (account_t){
        .armed = w->joined.live + now.timers.armed - before->timers.armed,
        .missed =
            before->timers.missing + now.timers.missed - before->timers.missed,
        .late = now.timers.late - before->timers.late,
        .overrun = now.tap.overrun - before->tap.overrun,
        .dropped = now.tap.dropped - before->tap.dropped,
        .closed = now.timers.closed - before->timers.closed,
        .lost = lost,
        .uncaught = missing - lost,
        .last_errno = now.timers.last_errno,
    };
}

static int
say(evprof_builder_t *out, enum evprof_loss cause, const evprof_lost_t *lost)
{
    return lost->n == 0 ? EVPROF_OK
                        : evprof_loss_say(out, EVPROF_LOSS_OF_CPU, cause, lost);
}

/* Comments on threads without a timer, by the limit of queued signals or by
 * permission. */
static int
say_missed(const account_t *is, evprof_builder_t *out)
{
    const evprof_lost_t lost = { .n = is->missed,
                                 .of = is->armed + is->missed - is->late,
                                 .why = strerrordesc_np(is->last_errno) };
    return say(out,
               is->last_errno == EAGAIN ? EVPROF_LOSS_TIMER_SLOTS
                                        : EVPROF_LOSS_TIMER_REFUSED,
               &lost);
}

/* Comments on expiries that no handler saw, because another one was installed
 * or because threads blocked the signal. */
static int
say_uncaught(const cpu_window_t *w, const account_t *is, evprof_builder_t *out)
{
    const evprof_lost_t lost = { .n = is->uncaught,
                                 .of = w->weight + is->uncaught,
                                 .what = w->intruder };
    if (lost.n <= UNCAUGHT_FEW || lost.n <= w->weight / UNCAUGHT_SHARE) {
        return EVPROF_OK;
    }
    return say(out,
               w->intruder != NULL ? EVPROF_LOSS_HANDLER_REPLACED
                                   : EVPROF_LOSS_HELD_BACK,
               &lost);
}

/* Comments on stacks that are cut or broken. */
static int
say_cut(const cpu_window_t *w, evprof_builder_t *out)
{
    char depth[24];
    (void)snprintf(depth, sizeof(depth), "%zu", cpu.depth);
    const evprof_lost_t deep = { .n = w->truncated,
                                 .of = w->records,
                                 .what = depth };
    const evprof_lost_t broken = { .n = w->broken, .of = w->records };
    int status = say(out, EVPROF_LOSS_TOO_DEEP, &deep);
    if (status == EVPROF_OK && w->broken > w->records / BROKEN_SHARE) {
        status = say(out, EVPROF_LOSS_NOT_WALKED, &broken);
    }
    return status;
}

static int
say_idle(const cpu_window_t *w, int64_t duration_ns, evprof_builder_t *out)
{
    char what[64];
    (void)snprintf(what, sizeof(what), "0 samples in %.3g s",
                   (double)duration_ns / 1e9);
    const evprof_lost_t lost = { .what = what };
    return w->records > 0 ? EVPROF_OK
                          : evprof_loss_say(out, EVPROF_LOSS_OF_CPU,
                                            EVPROF_LOSS_IDLE, &lost);
}

static int
write_losses(const cpu_window_t *w, const account_t *is, int64_t duration_ns,
             evprof_builder_t *out)
{
    const evprof_lost_t lost = { .n = is->lost, .of = w->weight + is->lost };
    const evprof_lost_t full = { .n = w->unplaced,
                                 .of = w->weight,
                                 .what = "expiries" };
    const evprof_lost_t unlisted = { .n = cpu.unlisted != NULL,
                                     .why = cpu.unlisted };
    int status = say_missed(is, out);
    if (status == EVPROF_OK) {
        status = say_uncaught(w, is, out);
    }
    if (status == EVPROF_OK) {
        status = say(out, EVPROF_LOSS_NO_ROOM, &lost);
    }
    if (status == EVPROF_OK) {
        status = say(out, EVPROF_LOSS_TABLE_FULL, &full);
    }
    if (status == EVPROF_OK) {
        status = say_cut(w, out);
    }
    if (status == EVPROF_OK) {
        status = say(out, EVPROF_LOSS_THREADS_UNLISTED, &unlisted);
    }
    return status == EVPROF_OK ? say_idle(w, duration_ns, out) : status;
}

/* Says what a reader has to know; only losses are said to everybody. */
static int
write_comments(const cpu_window_t *w, int64_t duration_ns,
               evprof_builder_t *out)
{
    const account_t is = account_for(w);
    const unsigned long long seen = is.armed + is.missed - is.late;
    int status = evprof_builder_comment(
        out,
        "# evprof: cpu %u Hz: sampled %llu of %llu threads, %llu samples, "
        "%llu expiries (%llu as overruns), %.3f s of CPU time",
        cpu.rate_hz, (unsigned long long)is.armed, seen,
        (unsigned long long)w->records, (unsigned long long)w->weight,
        (unsigned long long)is.overrun,
        (double)(w->left.cpu_ns - w->joined.cpu_ns) / 1e9);
    if (status == EVPROF_OK) {
        status = evprof_builder_comment(
            out,
            "# evprof: cpu walks: %llu truncated, %llu broken; expiries: %llu "
            "carried past drops, %llu at thread ends, %llu not caught",
            (unsigned long long)w->truncated, (unsigned long long)w->broken,
            (unsigned long long)is.dropped, (unsigned long long)is.closed,
            (unsigned long long)is.uncaught);
    }
    return status == EVPROF_OK ? write_losses(w, &is, duration_ns, out)
                               : status;
}

static int
write_sample(evprof_builder_t *out, const evprof_stack_sums_t *stack,
             int64_t expiries)
{
    const int64_t values[] = { expiries, expiries * cpu.period_ns };
    return evprof_builder_add(
        out, &stack->stack, stack->labels ? stack->labels->items : NULL,
        stack->labels ? (size_t)stack->labels->count : 0, values);
}

/* The drainer may still count samples: the comments are of the same moment as
 * the samples. */
static int
write_samples(const cpu_window_t *w, evprof_builder_t *out, cpu_window_t *seen)
{
    evprof_lock_enter(&cpu.sums);
    const int status =
        evprof_windows_write(&cpu.windows, &w->window, write_sample, out);
    *seen = *w;
    seen->unplaced = (uint64_t)w->window.sums[0];
    evprof_lock_leave(&cpu.sums);
    return status;
}

static int
write_profile(const cpu_window_t *w, evprof_builder_t *out, int64_t duration_ns)
{
    cpu_window_t seen;
    int status = evprof_builder_type(out, "samples", "count");
    if (status == EVPROF_OK) {
        status = evprof_builder_type(out, "cpu", "nanoseconds");
    }
    if (status == EVPROF_OK) {
        status =
            evprof_builder_period(out, "cpu", "nanoseconds", cpu.period_ns);
    }
    evprof_builder_time(out, w->window.began_unix_ns, duration_ns);
    if (status == EVPROF_OK) {
        status = write_samples(w, out, &seen);
    }
    return status == EVPROF_OK ? write_comments(&seen, duration_ns, out)
                               : status;
}

/* Closes the window: samples that are on their way still count, later ones do
 * not. */
static int
leave_sampling(cpu_window_t *w)
{
    evprof_lock_enter(&cpu.sums);
    const int status = evprof_cpu_timers_read(&w->left);
    w->is_leaving = true;
    evprof_lock_leave(&cpu.sums);
    evprof_tap_flush();
    return status;
}

static int
stop_sampling(cpu_window_t *w)
{
    evprof_cpu_timers_stop();
    evprof_tap_close(EVPROF_TAP_CPU);
    evprof_cpu_timers_ended(&w->left);
    return EVPROF_OK;
}

static int
end_locked(evprof_sample_window_t *window, evprof_builder_t *out,
           evprof_error_t *err)
{
    if (!evprof_windows_have(&cpu.windows, window)) {
        return evprof_fail(err, EVPROF_ESTATE,
                           "cpu: no profile is being taken");
    }
    cpu_window_t *w = as_cpu(window);
    const bool is_last = cpu.windows.first == window && window->next == NULL;
    w->intruder = evprof_tap_intruder();
    int status = is_last ? stop_sampling(w) : leave_sampling(w);
    const int64_t duration_ns =
        evprof_clock_ns(CLOCK_MONOTONIC) - window->began_ns;
    (void)evprof_objects_refresh();
    if (status == EVPROF_OK && out != NULL) {
        status = write_profile(w, out, duration_ns);
    }
    close_window(&cpu.windows, w);
    return status == EVPROF_OK
               ? EVPROF_OK
               : evprof_fail(err, status,
                             "cpu: the profile cannot be built: %s",
                             evprof_status_text(status));
}

int
evprof_cpu_end(evprof_sample_window_t *window, evprof_builder_t *out,
               evprof_error_t *err)
{
    evprof_lock_enter(&cpu.lock);
    const int status = end_locked(window, out, err);
    evprof_lock_leave(&cpu.lock);
    return status;
}

void
evprof_cpu_stats(evprof_cpu_stats_t *out)
{
    evprof_tap_stats(EVPROF_TAP_CPU, &out->tap);
    evprof_cpu_timers_stats(&out->timers);
    out->threads = evprof_thread_count();
    out->overflow = atomic_load(&cpu.overflow);
}

static void
fork_child(void)
{
    evprof_cpu_timers_fork_child();
    /* Windows that were being changed are forgotten; whole ones are freed when
     * a profile begins, as allocators may not be ready yet. */
    if (evprof_drainer_was_idle() && evprof_lock_is_free(&cpu.lock) &&
        evprof_lock_is_free(&cpu.sums) && cpu.inherited.first == NULL) {
        cpu.inherited = cpu.windows;
    }
    evprof_lock_reset(&cpu.lock);
    evprof_lock_reset(&cpu.sums);
    evprof_windows_forget(&cpu.windows);
}

__attribute__((constructor(102))) static void
watch_forks(void)
{
    static evprof_fork_hook_t hook = { .child = fork_child,
                                       .rank = EVPROF_FORK_LOOKS };
    evprof_sample_on_fork(&hook);
}
