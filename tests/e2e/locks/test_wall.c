/* SPDX-License-Identifier: Apache-2.0 */
/* Wall profiles: all time of all threads is given to where they were, and who
 * sleeps is left alone. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/profile/builder.h"
#include "core/sample/wall.h"
#include "tests/e2e/locks/sleepers.h"

enum { SLEEPERS = 3, LOOKS = 60, TRIES = 50 };

static atomic_bool is_over;
static _Atomic int interruptions;
static _Atomic int asleep;

FRAME static void *
sleep_here(void *arg)
{
    (void)arg;
    atomic_fetch_add(&asleep, 1);
    while (!atomic_load(&is_over)) {
        if (poll(NULL, 0, -1) < 0 && errno == EINTR) {
            atomic_fetch_add(&interruptions, 1);
        }
    }
    return NULL;
}

FRAME static void *
burn_here(void *arg)
{
    (void)arg;
    while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
    }
    return NULL;
}

FRAME_END

static void
end_all(pthread_t *threads, int count)
{
    atomic_store(&is_over, true);
    for (int i = 0; i < count; i++) {
        while (pthread_tryjoin_np(threads[i], NULL) == EBUSY) {
            pthread_kill(threads[i], SIGUSR1);
            sched_yield();
        }
    }
}

static int64_t
sum_at(const evprof_pprof_t *p, uintptr_t function)
{
    int64_t sum = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        for (uint32_t k = 0; k < sample->location_count; k++) {
            uint64_t pc = p->locations[sample->locations[k]].address;
            if (pc >= function && pc < function + FRAME_BYTES) {
                sum += sample->values[1];
                break;
            }
        }
    }
    return sum;
}

static evprof_sample_window_t *window;

static void
begin(void)
{
    const evprof_sampling_options_t options = {
        .rate_hz = 1000,
        .unwinder = evprof_unwinder_find("auto"),
        .depth = 128,
    };
    evprof_error_t err;
    if (evprof_wall_begin(&options, &window, &err) != 0) {
        fail_msg("%s", err.message);
    }
}

static evprof_pprof_t *
end(void)
{
    evprof_pprof_t *p = NULL;
    evprof_builder_t *builder = evprof_builder_new(0);
    assert_int_equal(evprof_wall_end(window, builder, NULL), 0);
    assert_int_equal(evprof_builder_finish(builder, &p, NULL), 0);
    evprof_builder_free(builder);
    return p;
}

/* Until every thread was looked at often enough, and sleepers have answered and
 * were found where they were; on a busy machine those come late. */
static void
await_looks(uint64_t count)
{
    evprof_wall_stats_t stats;
    do {
        sched_yield();
        evprof_wall_stats(&stats);
    } while (stats.looks < count || stats.still < count / 4);
}

static void
test_time_goes_to_where_threads_are(void **state)
{
    (void)state;
    pthread_t threads[SLEEPERS + 1];
    atomic_store(&is_over, false);
    for (int i = 0; i <= SLEEPERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL,
                                        i == 0 ? burn_here : sleep_here, NULL),
                         0);
    }
    while (atomic_load(&asleep) < SLEEPERS) {
        sched_yield();
    }
    evprof_pprof_t *p = NULL;
    int64_t burnt_ns = 0;
    int windows = 0;
    /* Who burns gets no CPU to answer with in some windows of a busy machine.
     */
    while (windows < TRIES && burnt_ns == 0) {
        windows++;
        evprof_pprof_free(p);
        begin();
        await_looks(LOOKS * (SLEEPERS + 2));
        p = end();
        burnt_ns = sum_at(p, (uintptr_t)burn_here);
    }
    evprof_wall_stats_t stats;
    evprof_wall_stats(&stats);
    int64_t slept_ns = sum_at(p, (uintptr_t)sleep_here);
    /* Nobody has more time than the window, and all but what passed before the
     * first look is there: sums are of looks, not of luck. */
    assert_true(slept_ns > 0 && slept_ns <= SLEEPERS * p->duration_ns);
    assert_true(burnt_ns > 0 && burnt_ns <= p->duration_ns);
    /* Each sleeper was walked once a window; the burner is asked each time. */
    assert_true(stats.walked >= SLEEPERS);
    assert_true(stats.asked > 0);
    assert_int_equal(stats.interrupted, 0);
    assert_int_equal(atomic_load(&interruptions), 0);
    evprof_pprof_free(p);
    end_all(threads, SLEEPERS + 1);
}

/* Windows that overlap have the time of the sleepers each, and no more. */
static void
test_windows_are_joined(void **state)
{
    (void)state;
    pthread_t threads[SLEEPERS + 1];
    atomic_store(&is_over, false);
    atomic_store(&asleep, 0);
    for (int i = 0; i <= SLEEPERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, sleep_here, NULL),
                         0);
    }
    while (atomic_load(&asleep) < SLEEPERS + 1) {
        sched_yield();
    }
    begin();
    evprof_sample_window_t *scraper = window;
    await_looks(LOOKS * (SLEEPERS + 2));
    begin();
    evprof_sample_window_t *person = window;
    await_looks(2 * LOOKS * (SLEEPERS + 2));
    window = scraper;
    evprof_pprof_t *first = end();
    await_looks(3 * LOOKS * (SLEEPERS + 2));
    window = person;
    evprof_pprof_t *second = end();
    int64_t most = (SLEEPERS + 1) * second->duration_ns;
    /* All were seen asleep when the second one joined: nothing of it is lost.
     */
    assert_in_range(sum_at(second, (uintptr_t)sleep_here), most - most / 50,
                    most);
    most = (SLEEPERS + 1) * first->duration_ns;
    assert_in_range(sum_at(first, (uintptr_t)sleep_here), most / 2, most);
    evprof_pprof_free(first);
    evprof_pprof_free(second);
    end_all(threads, SLEEPERS + 1);
}

/* Every call of a server's threads that says EINTR, looked at again and again.
 */
static void
test_sleeping_calls_are_not_interrupted(void **state)
{
    (void)state;
    worker_t *sleepers[SLEEPING_CALLS];
    start_sleepers(sleepers);
    for (int i = 0; i < SLEEPING_CALLS; i++) {
        await_asleep(sleepers[i]);
    }
    begin();
    await_looks(LOOKS * (SLEEPING_CALLS + 1));
    evprof_pprof_free(end());
    for (int i = 0; i < SLEEPING_CALLS; i++) {
        assert_int_equal(sleepers[i]->interrupted, 0);
    }
}

static void
test_one_at_a_time(void **state)
{
    (void)state;
    const evprof_sampling_options_t options = {
        .rate_hz = 100,
        .unwinder = evprof_unwinder_find("auto"),
        .depth = 128,
    };
    evprof_sampling_options_t bad = options;
    bad.rate_hz = 0;
    evprof_sample_window_t *other = NULL;
    assert_int_equal(evprof_wall_begin(&bad, &other, NULL), EVPROF_EINVAL);
    assert_int_equal(evprof_wall_end(NULL, NULL, NULL), EVPROF_ESTATE);
    begin();
    bad.rate_hz = options.rate_hz + 1;
    assert_int_equal(evprof_wall_begin(&bad, &other, NULL), EVPROF_EBUSY);
    assert_int_equal(evprof_wall_end(window, NULL, NULL), 0);
    assert_int_equal(evprof_wall_end(window, NULL, NULL), EVPROF_ESTATE);
}

static void
test_a_forked_child_is_not_watched(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* it ends a child whose thread gets the stack of one of its
               parent's: it knows them by that address */
#endif
    begin();
    pid_t child = fork();
    if (child == 0) {
        const evprof_sampling_options_t options = {
            .rate_hz = 100,
            .unwinder = evprof_unwinder_find("auto"),
            .depth = 128,
        };
        int bad = evprof_wall_end(window, NULL, NULL) != EVPROF_ESTATE ||
                  evprof_wall_begin(&options, &window, NULL) != 0 ||
                  evprof_wall_end(window, NULL, NULL) != 0;
        _exit(bad);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    evprof_pprof_free(end());
}

static time_t
seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Time that a window of its own gives the burner. */
static int64_t
burnt_ns(uint64_t looks)
{
    evprof_wall_stats_t stats;
    begin();
    evprof_wall_stats(&stats);
    for (const uint64_t enough = stats.looks + looks; stats.looks < enough;) {
        sched_yield();
        evprof_wall_stats(&stats);
    }
    evprof_pprof_t *p = end();
    int64_t ns = sum_at(p, (uintptr_t)burn_here);
    evprof_pprof_free(p);
    return ns;
}

/* A thread that did not answer, as its signal was lost, is asked again. The
 * outer window keeps what the sampler knows of it. */
static void
test_a_lost_answer(void **state)
{
    (void)state;
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction ours;
    evprof_wall_stats_t stats;
    pthread_t burner;
    begin();
    evprof_sample_window_t *outer = window;
    assert_int_equal(sigaction(SIGPROF, &ignore, &ours), 0);
    atomic_store(&is_over, false);
    assert_int_equal(pthread_create(&burner, NULL, burn_here, NULL), 0);
    /* The burner, and the thread that waits here. */
    const time_t end_s = seconds_now() + 60;
    do {
        sched_yield();
        evprof_wall_stats(&stats);
    } while (stats.unanswered < 2 && seconds_now() < end_s);
    assert_int_equal(sigaction(SIGPROF, &ours, NULL), 0);
    int64_t ns = 0;
    while (ns == 0 && seconds_now() < end_s) {
        ns = burnt_ns(LOOKS);
    }
    atomic_store(&is_over, true);
    pthread_join(burner, NULL);
    assert_int_equal(evprof_wall_end(outer, NULL, NULL), 0);
    assert_true(stats.unanswered >= 2);
    assert_true(ns > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_goes_to_where_threads_are),
        cmocka_unit_test(test_windows_are_joined),
        cmocka_unit_test_teardown(test_sleeping_calls_are_not_interrupted,
                                  stop_workers),
        cmocka_unit_test(test_a_lost_answer),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_a_forked_child_is_not_watched),
    };
    return cmocka_run_group_tests_name("wall", tests, take_wakes, NULL);
}
