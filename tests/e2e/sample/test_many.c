/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of threads: all are armed, memory stays small, and where the kernel
 * refuses timers the profile says how many threads it has not seen.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/e2e/sample/scene.h"

enum { THREADS = SCENE_IS_TSAN ? 200 : 5000 };

static evprof_lock_t gate;
static _Atomic int waiting;
static pthread_t threads[THREADS];

static void *
wait_at_gate(void *unused)
{
    atomic_fetch_add(&waiting, 1);
    evprof_lock_enter(&gate);
    evprof_lock_leave(&gate);
    return unused;
}

/* As many as the machine allows; the test is about what was created. */
static int
create_threads(void)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, (size_t)PTHREAD_STACK_MIN + 65536);
    int count = 0;
    while (count < THREADS &&
           pthread_create(&threads[count], &attr, wait_at_gate, NULL) == 0) {
        count++;
    }
    pthread_attr_destroy(&attr);
    while (atomic_load(&waiting) < count) {
        sched_yield();
    }
    return count;
}

static void
join_threads(int count)
{
    evprof_lock_leave(&gate);
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    atomic_store(&waiting, 0);
}

static void
test_thousands_are_armed(void **state)
{
    (void)state;
    evprof_lock_enter(&gate);
    const int count = create_threads();
    print_message("%d threads, %zu bytes a record\n", count,
                  sizeof(evprof_thread_t));
    assert_true(count > THREADS / 10);
    assert_true(sizeof(evprof_thread_t) <= 8192);
    scene_begin(100, 64);
    scene_burn(50000000);
    evprof_cpu_stats_t stats;
    evprof_cpu_stats(&stats);
    evprof_pprof_t *profile = scene_end();
    assert_int_equal(stats.timers.missed, 0);
    assert_int_equal(stats.timers.armed, count + 1 + SCENE_OTHER_THREADS);
    evprof_pprof_free(profile);
    join_threads(count);
}

/* Slots for one thread in five, beside those that all processes of the user
 * have now, among which they are counted. The limit as it was. */
static struct rlimit
leave_few_slots(int count, struct rlimit *few)
{
    struct rlimit before;
    char line[256];
    unsigned long used = ULONG_MAX;
    FILE *status = fopen("/proc/self/status", "re");
    assert_non_null(status);
    while (used == ULONG_MAX && fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, "SigQ:", 5) == 0) {
            used = strtoul(line + 5, NULL, 10);
        }
    }
    (void)fclose(status);
    assert_int_equal(getrlimit(RLIMIT_SIGPENDING, &before), 0);
    *few = (struct rlimit){ .rlim_cur = used + (unsigned long)count / 5,
                            .rlim_max = before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_SIGPENDING, few), 0);
    return before;
}

static void
test_refused_timers_are_said(void **state)
{
    (void)state;
    struct rlimit few;
    evprof_lock_enter(&gate);
    const int count = create_threads();
    const struct rlimit before = leave_few_slots(count, &few);
    scene_begin(100, 64);
    scene_burn(50000000);
    evprof_cpu_stats_t stats;
    evprof_cpu_stats(&stats);
    evprof_pprof_t *profile = scene_end();
    assert_int_equal(setrlimit(RLIMIT_SIGPENDING, &before), 0);
    assert_true(stats.timers.missed > 0);
    assert_true(stats.timers.missed + few.rlim_cur >= (uint64_t)count);
    const int all = count + 1 + SCENE_OTHER_THREADS;
    /* One of these may find a slot later, that another process gave back. */
    assert_int_equal(
        stats.timers.armed + stats.timers.missed - stats.timers.late, all);
    char text[128];
    (void)snprintf(text, sizeof(text),
                   "cpu: %llu of %d threads were not sampled",
                   (unsigned long long)stats.timers.missed, all);
    assert_true(scene_has_comment(profile, text));
    evprof_pprof_free(profile);
    join_threads(count);
}

/* A window that begins when those are gone which found no slot says nothing of
 * them, although the sampler has gone on. */
static void
test_refused_threads_that_ended_are_forgotten(void **state)
{
    (void)state;
    struct rlimit few;
    evprof_lock_enter(&gate);
    const int count = create_threads();
    const struct rlimit before = leave_few_slots(count, &few);
    scene_begin(100, 64);
    evprof_sample_window_t *first = scene_window;
    join_threads(count);
    assert_int_equal(setrlimit(RLIMIT_SIGPENDING, &before), 0);
    evprof_cpu_stats_t stats;
    do {
        scene_burn(10000000);
        evprof_cpu_stats(&stats);
    } while (stats.timers.missing > 0);
    scene_begin(100, 64);
    scene_burn(50000000);
    evprof_pprof_t *second = scene_end();
    evprof_pprof_t *whole = scene_end_window(first);
    assert_false(scene_has_comment(second, "were not sampled"));
    assert_true(scene_has_comment(whole, "were not sampled"));
    evprof_pprof_free(second);
    evprof_pprof_free(whole);
}

int
main(void)
{
    (void)evprof_thread_self();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thousands_are_armed),
        cmocka_unit_test(test_refused_timers_are_said),
        cmocka_unit_test(test_refused_threads_that_ended_are_forgotten),
    };
    return cmocka_run_group_tests_name("many", tests, NULL, NULL);
}
