/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/sample/scene.h"

#include <sched.h>
#include <string.h>

#include "core/sample/ask.h"

uint64_t
scene_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void
scene_burn(uint64_t ns)
{
    const uint64_t end = scene_clock(CLOCK_THREAD_CPUTIME_ID) + ns;
    while (scene_clock(CLOCK_THREAD_CPUTIME_ID) < end) {
        for (volatile int i = 0; i < 2000; i++) {
        }
    }
}

evprof_sample_window_t *scene_window;

void
scene_begin(unsigned rate_hz, size_t depth)
{
    const evprof_sampling_options_t options = {
        .rate_hz = rate_hz,
        .unwinder = evprof_unwinder_find("fp"),
        .depth = depth,
    };
    evprof_error_t err = { 0 };
    const int status = evprof_cpu_begin(&options, &scene_window, &err);
    if (status != EVPROF_OK) {
        fail_msg("begin: %s", err.message);
    }
}

evprof_pprof_t *
scene_end(void)
{
    return scene_end_window(scene_window);
}

evprof_pprof_t *
scene_end_window(evprof_sample_window_t *window)
{
    evprof_error_t err = { 0 };
    evprof_pprof_t *profile = NULL;
    evprof_builder_t *builder = evprof_builder_new(0);
    assert_non_null(builder);
    if (evprof_cpu_end(window, builder, &err) != EVPROF_OK ||
        evprof_builder_finish(builder, &profile, &err) != EVPROF_OK) {
        fail_msg("end: %s", err.message);
    }
    evprof_builder_free(builder);
    return profile;
}

int64_t
scene_samples(const evprof_pprof_t *profile)
{
    int64_t sum = 0;
    for (size_t i = 0; i < profile->sample_count; i++) {
        sum += profile->samples[i].values[0];
    }
    return sum;
}

int64_t
scene_samples_within(const evprof_pprof_t *profile, const void *start,
                     const void *stop)
{
    int64_t sum = 0;
    for (size_t i = 0; i < profile->sample_count; i++) {
        const evprof_sample_t *sample = &profile->samples[i];
        const uint64_t leaf = profile->locations[sample->locations[0]].address;
        if (leaf >= (uintptr_t)start && leaf < (uintptr_t)stop) {
            sum += sample->values[0];
        }
    }
    return sum;
}

bool
scene_has_comment(const evprof_pprof_t *profile, const char *part)
{
    for (size_t i = 0; i < profile->comment_count; i++) {
        if (strstr(profile->comments[i], part)) {
            return true;
        }
    }
    return false;
}

static struct {
    pthread_t thread;
    atomic_bool is_on;
    _Atomic uint64_t taken;
} storm;

static void
take_stack(void *ctx, const evprof_record_t *record)
{
    (void)ctx;
    (void)record;
    atomic_fetch_add(&storm.taken, 1);
}

static void *
signal_all(void *unused)
{
    const evprof_thread_t *self = evprof_thread_self();
    while (atomic_load(&storm.is_on)) {
        const uint32_t limit = evprof_thread_limit();
        for (uint32_t i = 0; i < limit; i++) {
            evprof_thread_t *thread = evprof_thread_at(i);
            if (thread != self &&
                !(atomic_load(&thread->flags) & EVPROF_THREAD_OURS)) {
                (void)evprof_ask_sleeper(EVPROF_TAP_WALL, thread,
                                        atomic_load(&thread->generation));
            }
        }
    }
    return unused;
}

void
scene_storm_begin(void)
{
    const evprof_tap_t tap = { .unwinder = evprof_unwinder_find("fp"),
                               .depth = 64,
                               .uses_signals = true,
                               .sink = take_stack };
    atomic_store(&storm.taken, 0);
    atomic_store(&storm.is_on, true);
    (void)evprof_thread_self();
    assert_int_equal(evprof_tap_open(EVPROF_TAP_WALL, &tap, NULL), EVPROF_OK);
    assert_int_equal(pthread_create(&storm.thread, NULL, signal_all, NULL), 0);
}

uint64_t
scene_storm_count(void)
{
    return atomic_load(&storm.taken);
}

uint64_t
scene_storm_end(void)
{
    atomic_store(&storm.is_on, false);
    pthread_join(storm.thread, NULL);
    evprof_tap_close(EVPROF_TAP_WALL);
    return atomic_load(&storm.taken);
}
