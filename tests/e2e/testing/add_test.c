/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of the tutorial and of the runner's own tests. What fails on
 * purpose does so only when the environment names it, so that the program as a
 * whole passes.
 */
#include <evprof/testing.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/testing/add.h"

static bool
asked_for(const char *what)
{
    const char *asked = getenv("ADD_TEST_DO");
    return asked != NULL && strcmp(asked, what) == 0;
}

BENCHMARK(Add)
{
    for (long long i = 0; i < b->n; i++) {
        EVPROF_KEEP(Add(1, 2));
    }
}

BENCHMARK(Loop)
{
    while (evprof_loop(b)) {
        EVPROF_KEEP(Add(1, 2));
    }
}

BENCHMARK(Alloc)
{
    evprof_report_allocs(b);
    for (long long i = 0; i < b->n; i++) {
        void *p = malloc(100);
        EVPROF_KEEP(p);
        free(p);
        p = calloc(2, 100);
        EVPROF_KEEP(p);
        free(p);
    }
}

static void
draw(evprof_pb_t *pb, void *arg)
{
    (void)arg;
    while (evprof_pb_next(pb)) {
        EVPROF_KEEP(Add(1, 2));
    }
}

BENCHMARK(Parallel)
{
    evprof_run_parallel(b, draw, NULL);
}

static void
sized(evprof_tb_t *b, void *arg)
{
    evprof_set_bytes(b, 100);
    evprof_report_metric(b, 42.5, (const char *)arg);
    for (long long i = 0; i < b->n; i++) {
        EVPROF_KEEP(Add(1, 2));
    }
}

BENCHMARK(Sub)
{
    static char unit[] = "widgets/op";
    evprof_run(b, "size=1 and", sized, unit);
}

/* Run more than once, each time with a folder. */
BENCHMARK(Folder)
{
    for (long long i = 0; i < b->n; i++) {
        if (access(evprof_temp_dir(b), W_OK) != 0) {
            evprof_fatal(b, "no folder");
        }
    }
}

/* Until the stack is used up. */
static long
descend(volatile long *depth)
{
    volatile char room[4096];
    room[0] = (char)++*depth;
    return *depth > 0 ? descend(depth) + room[0] : 0; // NOLINT: the test
}

BENCHMARK(Overflow)
{
    volatile long depth = 0;
    if (asked_for("overflow")) {
        EVPROF_KEEP(descend(&depth));
    }
    (void)b;
}

BENCHMARK(Fails)
{
    if (asked_for("fail")) {
        evprof_error(b, "a wrong sum");
    }
}

TEST(Add)
{
    if (Add(0, 0) <= 0) {
        evprof_error(t, "Add(0, 0) = %ld", Add(0, 0));
    }
    evprof_log(t, "two\nlines");
}

static void
fails(evprof_tb_t *t, void *arg)
{
    (void)arg;
    evprof_error(t, "bad sub");
}

static void
skips(evprof_tb_t *t, void *arg)
{
    (void)arg;
    evprof_skip(t, "not here");
}

TEST(Tree)
{
    if (asked_for("fail")) {
        evprof_run(t, "sub one", fails, NULL);
    }
    evprof_run(t, "sub one", skips, NULL);
}

TEST(Skipped)
{
    evprof_skip(t, "always");
}

TEST(Fatal)
{
    if (asked_for("fatal")) {
        evprof_fatal(t, "ends here");
        abort();
    }
}

TEST(Crash)
{
    if (asked_for("crash")) {
        volatile int *nowhere = NULL;
        *nowhere = (int)Add(1, 2); // NOLINT: what is tested
    }
    (void)t;
}

TEST(Hang)
{
    while (asked_for("hang")) {
        pause();
    }
    (void)t;
}

static int cleanup_order;

static void
cleaned(void *arg)
{
    cleanup_order = cleanup_order * 10 + *(int *)arg;
}

static void
with_cleanups(evprof_tb_t *t, void *arg)
{
    static int one = 1;
    static int two = 2;
    evprof_cleanup(t, cleaned, &one);
    evprof_cleanup(t, cleaned, &two);
    snprintf((char *)arg, 256, "%s", evprof_temp_dir(t));
    evprof_setenv(t, "ADD_TEST_SET", "x");
    if (access((const char *)arg, W_OK) != 0) {
        evprof_error(t, "no folder");
    }
}

TEST(Cleanup)
{
    char folder[256];
    struct stat st;
    evprof_run(t, "inner", with_cleanups, folder);
    if (cleanup_order != 21) {
        evprof_error(t, "cleanups ran as %d", cleanup_order);
    }
    if (stat(folder, &st) == 0) {
        evprof_error(t, "%s is still there", folder);
    }
    if (getenv("ADD_TEST_SET") != NULL) {
        evprof_error(t, "the variable is still set");
    }
}

/* Two parallel tests that wait for each other when asked to: run one after the
 * other, neither would end. */
static _Atomic int arrived;

static void
meet(evprof_tb_t *t)
{
    evprof_parallel(t);
    arrived++;
    while (asked_for("meet") && arrived < 2) {
        usleep(100);
    }
}

TEST(ParallelOne)
{
    meet(t);
}

TEST(ParallelTwo)
{
    meet(t);
}

typedef struct counter {
    int value;
} counter;

static int torn_down;

static void
counter_setup(evprof_tb_t *t, counter *f)
{
    (void)t;
    f->value = 7;
}

static void
counter_teardown(evprof_tb_t *t, counter *f)
{
    (void)t;
    torn_down = f->value;
}

EVPROF_TEST_F(counter, Fixture)
{
    if (f->value != 7 || torn_down != 0) {
        evprof_fatal(t, "the fixture holds %d", f->value);
    }
    f->value = 8;
}

TEST(FixtureIsTornDown)
{
    if (torn_down != 0 && torn_down != 8) {
        evprof_error(t, "torn down with %d", torn_down);
    }
}

EVPROF_TEST_MAIN()
