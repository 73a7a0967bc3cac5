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

/* AddressSanitizer's part of a thread's life is CPU time around its timer's. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_CHEAP_THREADS 0
#else
#define HAS_CHEAP_THREADS 1
#endif

static const uint64_t second_ns = 1000000000;

static uint64_t
used(void)
{
    return scene_clock(CLOCK_PROCESS_CPUTIME_ID);
}

/* A window, and the clock around its beginning, which takes CPU time too. */
typedef struct window {
    evprof_sample_window_t *window;
    uint64_t before_ns;
    uint64_t after_ns;
} window_t;

static window_t
open_window(void)
{
    window_t w = { .before_ns = used() };
    scene_begin(RATE_HZ, 64);
    w.window = scene_window;
    w.after_ns = used();
    return w;
}

/* Within two parts in a hundred of the clocks. */
static void
close_window(const window_t *w, const char *which)
{
    const double least = (double)(used() - w->after_ns) * RATE_HZ / 1e9;
    evprof_pprof_t *profile = scene_end_window(w->window);
    const double most = (double)(used() - w->before_ns) * RATE_HZ / 1e9;
    const double samples = (double)scene_samples(profile);
    print_message("%s: %.0f samples, by the clocks %.0f to %.0f\n", which,
                  samples, least, most);
    assert_true(least >= 500);
    assert_true(samples > 0.98 * least && samples < 1.02 * most);
    assert_false(scene_has_comment(profile, "lost"));
    assert_false(scene_has_comment(profile, "held SIGPROF back"));
    evprof_pprof_free(profile);
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
        void *(*work)(void *) =
            i == 0 && HAS_CHEAP_THREADS ? burn_by_others : burn_on;
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    }
    const window_t scraper = open_window();
    scene_burn(second_ns / 4);
    const window_t person = open_window();
    scene_burn(second_ns / 3);
    const window_t third = open_window();
    scene_burn(second_ns / 3);
    close_window(&person, "joined and left");
    scene_burn(second_ns / 4);
    close_window(&scraper, "first, left");
    scene_burn(second_ns / 4);
    close_window(&third, "last");
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
    const window_t first = open_window();
    pthread_sigmask(SIG_BLOCK, &sigprof, &before);
    scene_burn(second_ns / 2);
    const window_t second = open_window();
    scene_burn(second_ns / 5);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    scene_burn(4 * second_ns / 5);
    close_window(&second, "joined in the dark");
    close_window(&first, "before");
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
