/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CPU profile from begin to end: the tap, the timers and the table of stacks
 * that the drainer fills. At the end the timers go first and the tap second, so
 * that what they fired last is still taken.
 */
#include "core/sample/cpu.h"

#include <errno.h>
#include <string.h>

#include <stdbool.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/objects/objects.h"
#include "core/sample/drainer.h"
#include "core/sample/fork.h"
#include "core/sample/stacktable.h"
#include "core/sample/thread_labels.h"

/* Distinct stacks of a 300 s profile stay far below; what does not fit is said
 * in the comments. */
#define TABLE_MAX_BYTES ((size_t)64 << 20)

static const int64_t second_ns = 1000000000;

/* Each running thread has up to a clock tick that no signal came for yet, and a
 * starved virtual machine has longer ticks. More is a signal held back. */
enum { UNCAUGHT_FEW = 20, UNCAUGHT_SHARE = 20 };

static struct {
    evprof_lock_t lock;
    bool is_on;
    unsigned rate_hz;
    int64_t period_ns;
    int thread_labels;
    int64_t began_unix_ns;
    int64_t began_ns;
    evprof_stacktable_t *table;
    evprof_stacktable_t *inherited; /* of the parent's profile, to be freed */
    _Atomic uint64_t overflow;
} cpu;

static void
take_sample(void *ctx, const evprof_record_t *record)
{
    const evprof_stack_t stack = {
        .pcs = record->pcs,
        .count = record->count,
        .leaf_is_exact = (record->flags & EVPROF_RECORD_EXACT) != 0,
    };
    (void)ctx;
    const int64_t weight = (int64_t)record->weight;
    const evprof_label_set_t *labels = evprof_thread_labels_of(
        record, (enum evprof_thread_labels)cpu.thread_labels);
    if (evprof_stacktable_add(cpu.table, &stack, labels, (double)weight,
                              weight * cpu.period_ns) == 0) {
        atomic_fetch_add(&cpu.overflow, record->weight);
    }
}

static void
tick(void *ctx)
{
    (void)ctx;
    evprof_cpu_timers_rearm();
}

/* Where the process may make no timers at all, the profile would be empty. */
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
    evprof_stacktable_free(cpu.table);
    cpu.table = NULL;
    cpu.is_on = false;
    return evprof_fail(err, EVPROF_EIO,
                       "cpu: the process may not make timers: %s",
                       strerrordesc_np(stats.last_errno));
}

static int
begin_locked(const evprof_sampling_options_t *options, evprof_error_t *err)
{
    const evprof_tap_t tap = { .unwinder = options->unwinder,
                               .depth = options->depth,
                               .uses_signals = true,
                               .sink = take_sample,
                               .tick = tick };
    if (cpu.is_on) {
        return evprof_fail(err, EVPROF_EBUSY,
                           "cpu: profiling is already in use");
    }
    if (options->rate_hz < 1 || options->rate_hz > 1000) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "cpu: rate %u is not within 1 and 1000",
                           options->rate_hz);
    }
    evprof_stacktable_free(cpu.inherited);
    cpu.inherited = NULL;
    cpu.table = evprof_stacktable_new(TABLE_MAX_BYTES);
    if (!cpu.table) {
        return evprof_fail(err, EVPROF_ENOMEM, "cpu: out of memory");
    }
    cpu.rate_hz = options->rate_hz;
    cpu.thread_labels = options->thread_labels;
    cpu.period_ns = second_ns / (int64_t)options->rate_hz;
    atomic_store(&cpu.overflow, 0);
    /* So that objects which are unloaded meanwhile can still be named. */
    (void)evprof_objects_refresh();
    const int status = evprof_tap_open(EVPROF_TAP_CPU, &tap, err);
    if (status != EVPROF_OK) {
        evprof_stacktable_free(cpu.table);
        cpu.table = NULL;
        return status;
    }
    cpu.is_on = true;
    cpu.began_unix_ns = evprof_clock_ns(CLOCK_REALTIME);
    cpu.began_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    evprof_cpu_timers_start((uint64_t)cpu.period_ns);
    return check_timers(err);
}

int
evprof_cpu_begin(const evprof_sampling_options_t *options, evprof_error_t *err)
{
    evprof_lock_enter(&cpu.lock);
    const int status = begin_locked(options, err);
    evprof_lock_leave(&cpu.lock);
    return status;
}

/* Says what a reader has to know; only losses are said to everybody. */
static int
write_comments(evprof_builder_t *out)
{
    evprof_cpu_stats_t stats;
    evprof_cpu_stats(&stats);
    const unsigned long long seen = stats.timers.armed + stats.timers.missed;
    int status = evprof_builder_comment(
        out,
        "# evprof: cpu %u Hz: sampled %llu of %llu threads, %llu samples, "
        "%llu expiries (%llu as overruns), %.3f s of CPU time",
        cpu.rate_hz, (unsigned long long)stats.timers.armed, seen,
        (unsigned long long)stats.tap.records,
        (unsigned long long)stats.tap.weight,
        (unsigned long long)stats.tap.overrun,
        (double)stats.timers.cpu_ns / 1e9);
    if (status == EVPROF_OK) {
        status = evprof_builder_comment(
            out,
            "# evprof: cpu walks: %llu truncated, %llu broken; expiries: %llu "
            "carried past drops, %llu at thread ends, %llu not caught",
            (unsigned long long)stats.tap.truncated,
            (unsigned long long)stats.tap.broken,
            (unsigned long long)stats.tap.dropped,
            (unsigned long long)stats.timers.closed,
            (unsigned long long)stats.timers.uncaught);
    }
    if (status == EVPROF_OK && stats.timers.missed > 0) {
        status = evprof_builder_comment(
            out,
            "cpu: %llu of %llu threads were not sampled: %s",
            (unsigned long long)stats.timers.missed, seen,
            stats.timers.last_errno == EAGAIN
                ? "no queued-signal slot was left, raise RLIMIT_SIGPENDING "
                  "(ulimit -i)"
                : strerrordesc_np(stats.timers.last_errno));
    }
    const unsigned long long uncaught = stats.timers.uncaught;
    if (status == EVPROF_OK && uncaught > UNCAUGHT_FEW &&
        uncaught > stats.tap.weight / UNCAUGHT_SHARE) {
        status = evprof_builder_comment(
            out,
            "cpu: %llu expiries were not delivered: a thread with CPU time "
            "held SIGPROF back",
            uncaught);
    }
    const unsigned long long lost = stats.timers.lost + stats.overflow;
    const unsigned long long all = stats.tap.weight + stats.timers.lost;
    if (status == EVPROF_OK && lost > 0) {
        status = evprof_builder_comment(
            out, "cpu: %llu of %llu expiries were lost", lost, all);
    }
    return status;
}

static int
write_samples(evprof_builder_t *out)
{
    int status = EVPROF_OK;
    const uint32_t size = evprof_stacktable_size(cpu.table);
    for (uint32_t id = 1; id <= size && status == EVPROF_OK; id++) {
        const evprof_stack_sums_t sums = evprof_stacktable_get(cpu.table, id);
        const int64_t values[] = { (int64_t)sums.count, sums.total };
        status = evprof_builder_add(
            out, &sums.stack, sums.labels ? sums.labels->items : NULL,
            sums.labels ? (size_t)sums.labels->count : 0, values);
    }
    return status;
}

static int
write_profile(evprof_builder_t *out, int64_t duration_ns)
{
    int status = evprof_builder_type(out, "samples", "count");
    if (status == EVPROF_OK) {
        status = evprof_builder_type(out, "cpu", "nanoseconds");
    }
    if (status == EVPROF_OK) {
        status =
            evprof_builder_period(out, "cpu", "nanoseconds", cpu.period_ns);
    }
    evprof_builder_time(out, cpu.began_unix_ns, duration_ns);
    if (status == EVPROF_OK) {
        status = write_samples(out);
    }
    return status == EVPROF_OK ? write_comments(out) : status;
}

static int
end_locked(evprof_builder_t *out, evprof_error_t *err)
{
    if (!cpu.is_on) {
        return evprof_fail(err, EVPROF_ESTATE,
                           "cpu: no profile is being taken");
    }
    evprof_cpu_timers_stop();
    evprof_tap_close(EVPROF_TAP_CPU);
    const int64_t duration_ns = evprof_clock_ns(CLOCK_MONOTONIC) - cpu.began_ns;
    (void)evprof_objects_refresh();
    const int status = out ? write_profile(out, duration_ns) : EVPROF_OK;
    evprof_stacktable_free(cpu.table);
    cpu.table = NULL;
    cpu.is_on = false;
    return status == EVPROF_OK
               ? EVPROF_OK
               : evprof_fail(err, status,
                             "cpu: the profile cannot be built: %s",
                             evprof_status_text(status));
}

int
evprof_cpu_end(evprof_builder_t *out, evprof_error_t *err)
{
    evprof_lock_enter(&cpu.lock);
    const int status = end_locked(out, err);
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
    /* A table that was being changed is forgotten; a whole one is freed when a
     * profile begins, as allocators may not be ready yet. */
    if (evprof_drainer_was_idle() && evprof_lock_is_free(&cpu.lock) &&
        !cpu.inherited) {
        cpu.inherited = cpu.table;
    }
    evprof_lock_reset(&cpu.lock);
    cpu.is_on = false;
    cpu.table = NULL;
}

__attribute__((constructor(102))) static void
watch_forks(void)
{
    static evprof_fork_hook_t hook = { .child = fork_child,
                                       .rank = EVPROF_FORK_LOOKS };
    evprof_sample_on_fork(&hook);
}
