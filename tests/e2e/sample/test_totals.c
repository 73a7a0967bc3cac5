/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sum of a profile's weights is the CPU time that the clocks show, whatever
 * the rate, however many threads, and whatever was dropped on the way.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/sample/ask.h"
#include "core/sample/tap.h"
#include "tests/e2e/sample/scene.h"

static const uint64_t second_ns = 1000000000;

/* Two parts in a hundred, which is what the sampler promises. */
static void
assert_within_two_percent(int64_t samples, unsigned rate_hz, uint64_t cpu_ns)
{
    const double expected = (double)cpu_ns * rate_hz / 1e9;
    const double off = (double)samples / expected - 1;
    print_message("%u Hz: %lld samples for %.3f s of CPU: %+.2f %%\n", rate_hz,
                  (long long)samples, (double)cpu_ns / 1e9, off * 100);
    assert_true(off < 0.02 && off > -0.02);
}

static void *
burn(void *arg)
{
    scene_burn(*(const uint64_t *)arg);
    return NULL;
}

/* Works for one part in ten of the time, in short turns. */
static void *
burn_a_tenth(void *arg)
{
    const uint64_t total = *(const uint64_t *)arg / 10;
    const struct timespec pause = { .tv_nsec = 9000000 };
    for (uint64_t done = 0; done < total; done += 1000000) {
        scene_burn(1000000);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void
check_sum(unsigned rate_hz, int thread_count, uint64_t each_ns)
{
    pthread_t threads[16];
    uint64_t work_ns = each_ns;
    scene_begin(rate_hz, 64);
    const uint64_t began = scene_clock(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < thread_count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL,
                                        i == 1 ? burn_a_tenth : burn, &work_ns),
                         0);
    }
    for (int i = 0; i < thread_count; i++) {
        pthread_join(threads[i], NULL);
    }
    const uint64_t used = scene_clock(CLOCK_PROCESS_CPUTIME_ID) - began;
    evprof_pprof_t *profile = scene_end();
    assert_within_two_percent(scene_samples(profile), rate_hz, used);
    evprof_pprof_free(profile);
}

static void
test_sum_is_the_clocks(void **state)
{
    (void)state;
    if (SCENE_IS_TSAN) {
        SCENE_SKIP("ThreadSanitizer delays signals");
    }
    check_sum(100, 1, 3 * second_ns / 2);
    check_sum(1000, 1, second_ns);
    check_sum(100, 8, 2 * second_ns / 5);
    check_sum(1000, 8, second_ns / 4);
}

/* ---- Drops ---- */

/* The record of a storm's tap makes the drainer wait for this lock. */
static evprof_lock_t gate;

static void
wait_at_gate(void *ctx, const evprof_record_t *record)
{
    (void)ctx;
    (void)record;
    evprof_lock_enter(&gate);
    evprof_lock_leave(&gate);
}

/* Burns at the bottom of a deep stack, whose records fill the rings soon. */
static __attribute__((noinline)) int
burn_deep(int depth)
{
    if (depth == 0) {
        evprof_cpu_stats_t stats;
        do {
            scene_burn(20000000);
            evprof_cpu_stats(&stats);
        } while (stats.tap.dropped < 100);
        return 0;
    }
    return burn_deep(depth - 1) + 1;
}

/* While the drainer stands still, samples find no room; what they weighed comes
 * with the first that does. */
static void
test_dropped_weight_is_carried(void **state)
{
    (void)state;
    if (SCENE_IS_TSAN) {
        SCENE_SKIP("ThreadSanitizer delays signals");
    }
    const evprof_tap_t tap = { .unwinder = evprof_unwinder_find("fp"),
                               .depth = 8,
                               .uses_signals = true,
                               .sink = wait_at_gate };
    evprof_thread_t *self = evprof_thread_self();
    assert_int_equal(evprof_tap_open(EVPROF_TAP_WALL, &tap, NULL), EVPROF_OK);
    scene_begin(1000, EVPROF_TAP_DEPTH_MAX);
    const uint64_t began = scene_clock(CLOCK_PROCESS_CPUTIME_ID);
    evprof_lock_enter(&gate);
    assert_int_equal(evprof_ask_sleeper(EVPROF_TAP_WALL, self,
                                        atomic_load(&self->generation)),
                     EVPROF_OK);
    burn_deep(EVPROF_TAP_DEPTH_MAX);
    evprof_lock_leave(&gate);
    evprof_tap_flush();
    scene_burn(second_ns);
    const uint64_t used = scene_clock(CLOCK_PROCESS_CPUTIME_ID) - began;
    evprof_pprof_t *profile = scene_end();
    evprof_tap_close(EVPROF_TAP_WALL);
    assert_within_two_percent(scene_samples(profile), 1000, used);
    assert_false(scene_has_comment(profile, "lost"));
    evprof_pprof_free(profile);
}

/* What a thread does that holds SIGPROF back is in no sample: the profile says
 * how much is missing. */
static void
test_held_signals_are_said(void **state)
{
    (void)state;
    sigset_t sigprof;
    sigset_t before;
    sigemptyset(&sigprof);
    sigaddset(&sigprof, SIGPROF);
    scene_begin(1000, 64);
    pthread_sigmask(SIG_BLOCK, &sigprof, &before);
    scene_burn(second_ns / 5);
    evprof_pprof_t *profile = scene_end();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_true(scene_has_comment(profile, "held SIGPROF back"));
    evprof_pprof_free(profile);
}

/* ---- A timer that does not tell ---- */

static void
set_timer(const evprof_thread_t *thread, uint64_t first_ns, uint64_t period_ns)
{
    const struct itimerspec when = {
        .it_value = { .tv_sec = (time_t)(first_ns / second_ns),
                      .tv_nsec = (long)(first_ns % second_ns) },
        .it_interval = { .tv_nsec = (long)period_ns },
    };
    assert_int_equal(syscall(SYS_timer_settime,
                             atomic_load(&thread->cpu.timer) - 1, TIMER_ABSTIME,
                             &when, NULL),
                     0);
}

/*
 * As where the kernel's clock ticks while others have the CPU, each time. When
 * the timer then tells of all at once, nothing counts twice.
 */
static void
test_a_timer_that_tells_late(void **state)
{
    (void)state;
    evprof_thread_t *self = evprof_thread_self();
    scene_begin(100, 64);
    const uint64_t began = scene_clock(CLOCK_PROCESS_CPUTIME_ID);
    set_timer(self, 0, 0);
    const uint64_t told = atomic_load(&self->cpu.fired);
    while (atomic_load(&self->cpu.fired) < told + 40) {
        scene_burn(second_ns / 100);
    }
    set_timer(self, atomic_load(&self->cpu.first), second_ns / 100);
    scene_burn(second_ns / 2);
    const uint64_t used = scene_clock(CLOCK_PROCESS_CPUTIME_ID) - began;
    evprof_pprof_t *profile = scene_end();
    assert_within_two_percent(scene_samples(profile), 100, used);
    assert_false(scene_has_comment(profile, "not delivered"));
    evprof_pprof_free(profile);
}

/* ---- A walk that takes longer than a period ---- */

static const uint64_t walk_ns = 12000000;
static const evprof_unwinder_t *fast;
static atomic_uint walks;

static void
walk_slowly(evprof_walk_t *walk, const void *ucontext)
{
    atomic_fetch_add(&walks, 1);
    scene_burn(walk_ns);
    fast->walk_context(walk, ucontext);
}

/* Each expiry costs twelve periods: without rests the program would stand. */
static void
test_slow_walks_leave_the_program_its_cpu(void **state)
{
    (void)state;
    if (SCENE_IS_TSAN) {
        SCENE_SKIP("ThreadSanitizer delays signals");
    }
    fast = evprof_unwinder_find("fp");
    const evprof_unwinder_t slow = { .name = "slow",
                                     .is_signal_safe = true,
                                     .walk_context = walk_slowly };
    const evprof_sampling_options_t options = { .rate_hz = 1000,
                                                .unwinder = &slow,
                                                .depth = 64 };
    assert_int_equal(evprof_cpu_begin(&options, &scene_window, NULL),
                     EVPROF_OK);
    scene_burn(second_ns);
    evprof_pprof_t *profile = scene_end();
    const uint64_t walked_ns = atomic_load(&walks) * walk_ns;
    assert_in_range(walked_ns, 5 * walk_ns, second_ns / 2);
    evprof_pprof_free(profile);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sum_is_the_clocks),
        cmocka_unit_test(test_dropped_weight_is_carried),
        cmocka_unit_test(test_held_signals_are_said),
        cmocka_unit_test(test_a_timer_that_tells_late),
        cmocka_unit_test(test_slow_walks_leave_the_program_its_cpu),
    };
    return cmocka_run_group_tests_name("totals", tests, NULL, NULL);
}
