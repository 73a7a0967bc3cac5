/* SPDX-License-Identifier: Apache-2.0 */
/* Go's TestCPUProfileLabel and TestLabelRace: samples have the labels of the
 * moment they were taken at, and no others, however often those change. */
#include "tests/e2e/locks/profile.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static evprof_t *prof;
static atomic_bool is_over;

/* Uses CPU time for long enough to be sampled now and then. */
#define BURN() burn_in(__func__)

__attribute__((noinline)) static void
burn_in(const char *name)
{
    for (volatile int i = name[0] != '\0' ? 20000 : 0; i > 0; i--) {
    }
}

__attribute__((noinline)) static void
work_unlabelled(void)
{
    BURN();
    __asm__ volatile("");
}

__attribute__((noinline)) static void
work_inside(void)
{
    BURN();
    __asm__ volatile("");
}

__attribute__((noinline)) static void
work_outside(const char *route)
{
    EVPROF_LABEL("route", route);
    BURN();
    {
        EVPROF_LABEL("part", "inside");
        work_inside();
    }
    BURN();
}

/* One request after the other on the same thread, as in a loop of events. */
static void *
serve(void *arg)
{
    while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
        work_outside("/one");
        work_unlabelled();
        work_outside("/two");
        work_unlabelled();
    }
    return arg;
}

static evprof_pprof_t *
take_cpu_profile(long ns)
{
    evprof_buf_t body = { 0 };
    evprof_writer_t out = evprof_writer_buf(&body);
    evprof_pprof_t *p = NULL;
    struct timespec until;
    assert_int_equal(evprof_cpu_start(prof, &out, NULL), EVPROF_OK);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (until.tv_nsec + ns) / 1000000000;
    until.tv_nsec = (until.tv_nsec + ns) % 1000000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) {
    }
    assert_int_equal(evprof_cpu_stop(prof, NULL), EVPROF_OK);
    assert_int_equal(evprof_pprof_decode(body.data, body.len, 0, &p, NULL), 0);
    evprof_buf_free(&body);
    return p;
}

typedef struct tally {
    int unlabelled;
    int routes[2];
    int inside;
} tally_t;

static void
check_sample(const evprof_pprof_t *p, const evprof_sample_t *sample,
             tally_t *tally)
{
    const char *route = label_of(sample, "route");
    const char *part = label_of(sample, "part");
    if (sample_has(p, sample, "work_unlabelled")) {
        assert_null(route);
        assert_null(part);
        tally->unlabelled++;
    } else if (sample_has(p, sample, "work_inside")) {
        assert_non_null(route);
        assert_non_null(part);
        assert_string_equal(part, "inside");
        tally->inside++;
    } else if (sample_leaf_is(p, sample, "burn_in")) {
        /* In the scope of one label, before the other or after it. */
        assert_true(sample_has(p, sample, "work_outside"));
        assert_non_null(route);
        assert_null(part);
        tally->routes[strcmp(route, "/two") == 0]++;
    } else if (part != NULL) {
        assert_non_null(route);
    }
}

static void
test_labels_are_where_they_are_due(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip(); /* its signals come later than where they say */
#endif
    enum { THREADS = 2, TRIES = 8, LEAST = 1 };
    pthread_t threads[THREADS];
    tally_t tally = { 0 };
    bool is_enough = false;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, serve, NULL), 0);
    }
    long ns = 100000000;
    for (int i = 0; i < TRIES && !is_enough; i++, ns *= 2) {
        evprof_pprof_t *p = take_cpu_profile(ns);
        for (size_t k = 0; k < p->sample_count; k++) {
            check_sample(p, &p->samples[k], &tally);
        }
        evprof_pprof_free(p);
        is_enough = tally.unlabelled >= LEAST && tally.inside >= LEAST &&
                    tally.routes[0] >= LEAST && tally.routes[1] >= LEAST;
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(is_enough);
}

static int
open_profiler(void **state)
{
    (void)state;
    prof = evprof_new(NULL, NULL);
    return prof == NULL;
}

static int
close_profiler(void **state)
{
    (void)state;
    evprof_free(prof);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels_are_where_they_are_due),
    };
    return cmocka_run_group_tests_name("cpu labels", tests, open_profiler,
                                       close_profiler);
}
