/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU windows that overlap: each has the samples of its own time, by the
 * clocks, also where signals were held back over a join, and whatever comes and
 * goes.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "tests/e2e/sample/scene.h"

enum { RATE_HZ = 1000, BURNERS = 3 };

static const uint64_t second_ns = 1000000000;

static evprof_sample_window_t *
open_window(void)
{
    scene_begin(RATE_HZ, 64);
    return scene_window;
}

/* Within two parts in a hundred of the clocks. */
static void
close_window(evprof_sample_window_t *window, const char *which, uint64_t cpu_ns)
{
    evprof_pprof_t *profile = scene_end_window(window);
    const double expected = (double)cpu_ns * RATE_HZ / 1e9;
    const double off = (double)scene_samples(profile) / expected - 1;
    print_message("%s: %lld samples for %.3f s of CPU: %+.2f %%\n", which,
                  (long long)scene_samples(profile), (double)cpu_ns / 1e9,
                  off * 100);
    assert_true(expected >= 500);
    assert_true(off < 0.02 && off > -0.02);
    assert_false(scene_has_comment(profile, "lost"));
    assert_false(scene_has_comment(profile, "held SIGPROF back"));
    evprof_pprof_free(profile);
}

static uint64_t
used(void)
{
    return scene_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static _Atomic bool is_over;

static void *
burn_on(void *unused)
{
    while (!atomic_load(&is_over)) {
        scene_burn(10000000);
    }
    return unused;
}

static void *
burn_shortly(void *unused)
{
    scene_burn(30000000);
    return unused;
}

/* Threads that live for thirty expiries, one after the other. */
static void *
burn_by_others(void *unused)
{
    while (!atomic_load(&is_over)) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, burn_shortly, NULL), 0);
        pthread_join(thread, NULL);
    }
    return unused;
}

static void
test_sums_are_the_clocks(void **state)
{
    (void)state;
    if (SCENE_IS_TSAN) {
        SCENE_SKIP("ThreadSanitizer delays signals");
    }
    pthread_t threads[BURNERS];
    atomic_store(&is_over, false);
    for (int i = 0; i < BURNERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL,
                                        i == 0 ? burn_by_others : burn_on,
                                        NULL),
                         0);
    }
    const uint64_t began = used();
    evprof_sample_window_t *scraper = open_window();
    scene_burn(second_ns / 4);
    const uint64_t joined = used();
    evprof_sample_window_t *person = open_window();
    scene_burn(second_ns / 3);
    const uint64_t joined_third = used();
    evprof_sample_window_t *third = open_window();
    scene_burn(second_ns / 3);
    close_window(person, "joined and left", used() - joined);
    scene_burn(second_ns / 4);
    close_window(scraper, "first, left", used() - began);
    scene_burn(second_ns / 4);
    close_window(third, "last", used() - joined_third);
    atomic_store(&is_over, true);
    for (int i = 0; i < BURNERS; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* What was due before the join comes after it in one signal: the window that
 * joined gets its own part only, and the other one all. */
static void
test_held_back_over_a_join(void **state)
{
    (void)state;
    if (SCENE_IS_TSAN) {
        SCENE_SKIP("ThreadSanitizer delays signals");
    }
    sigset_t sigprof;
    sigset_t before;
    sigemptyset(&sigprof);
    sigaddset(&sigprof, SIGPROF);
    const uint64_t began = used();
    evprof_sample_window_t *first = open_window();
    pthread_sigmask(SIG_BLOCK, &sigprof, &before);
    scene_burn(second_ns / 2);
    const uint64_t joined = used();
    evprof_sample_window_t *second = open_window();
    scene_burn(second_ns / 5);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    scene_burn(2 * second_ns / 5);
    close_window(second, "joined in the dark", used() - joined);
    close_window(first, "before", used() - began);
}

/* Windows that come and go while threads do; for ThreadSanitizer above all. */
static void *
take_windows(void *seed)
{
    unsigned random = *(unsigned *)seed;
    const evprof_sampling_options_t options = {
        .rate_hz = RATE_HZ,
        .unwinder = evprof_unwinder_find("fp"),
        .depth = 64,
    };
    for (int i = 0; i < 40; i++) {
        evprof_sample_window_t *window = NULL;
        evprof_builder_t *builder = evprof_builder_new(0);
        assert_int_equal(evprof_cpu_begin(&options, &window, NULL), EVPROF_OK);
        scene_burn((uint64_t)rand_r(&random) % 5000000);
        assert_int_equal(evprof_cpu_end(window, builder, NULL), EVPROF_OK);
        evprof_builder_free(builder);
    }
    return NULL;
}

static void
test_they_come_and_go(void **state)
{
    (void)state;
    pthread_t takers[3];
    unsigned seeds[] = { 1, 2, 3 };
    pthread_t births;
    atomic_store(&is_over, false);
    assert_int_equal(pthread_create(&births, NULL, burn_by_others, NULL), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            pthread_create(&takers[i], NULL, take_windows, &seeds[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(takers[i], NULL);
    }
    atomic_store(&is_over, true);
    pthread_join(births, NULL);
    assert_int_equal(evprof_tap_session(EVPROF_TAP_CPU), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_are_the_clocks),
        cmocka_unit_test(test_held_back_over_a_join),
        cmocka_unit_test(test_they_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
