/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stopping: a signal may still be on its way when a profile ends. It must find
 * a handler, and it must add nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/sample/ask.h"
#include "core/sample/sig_handler.h"
#include "tests/e2e/sample/scene.h"

enum {
    BUSY_THREADS = 3,
    ROUNDS = SCENE_IS_TSAN ? 50 : 1000,
};

static atomic_bool is_done;

static void *
stay_busy(void *unused)
{
    while (!atomic_load(&is_done)) {
        scene_burn(100000);
    }
    return unused;
}

static void
start_busy(pthread_t *threads)
{
    atomic_store(&is_done, false);
    for (int i = 0; i < BUSY_THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, stay_busy, NULL), 0);
    }
}

static void
stop_busy(const pthread_t *threads)
{
    atomic_store(&is_done, true);
    for (int i = 0; i < BUSY_THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* With thousands of profiles, some expiry is always in flight at the end. */
static void
test_start_and_stop_under_load(void **state)
{
    (void)state;
    pthread_t threads[BUSY_THREADS];
    uint64_t samples = 0;
    start_busy(threads);
    const char *more = getenv("EVPROF_STOP_ROUNDS");
    const int rounds = more != NULL ? atoi(more) : ROUNDS;
    for (int i = 0; i < rounds || samples == 0; i++) {
        evprof_cpu_stats_t at_end;
        evprof_cpu_stats_t later;
        scene_begin(1000, 64);
        scene_burn(300000);
        assert_int_equal(evprof_cpu_end(scene_window, NULL, NULL), EVPROF_OK);
        evprof_cpu_stats(&at_end);
        scene_burn(100000);
        evprof_cpu_stats(&later);
        assert_int_equal(at_end.tap.records, later.tap.records);
        samples += later.tap.records;
    }
    stop_busy(threads);
    print_message("%llu samples in %d profiles\n", (unsigned long long)samples,
                  rounds);
}

static _Atomic uint64_t late_records;

static void
count_record(void *ctx, const evprof_record_t *record)
{
    (void)ctx;
    (void)record;
    atomic_fetch_add(&late_records, 1);
}

/* Signals that were queued while the tap was open and arrive when it is closed:
 * held back by the thread's mask, so that all of them are late. */
static void
test_late_signals_add_nothing(void **state)
{
    (void)state;
    const evprof_tap_t tap = { .unwinder = evprof_unwinder_find("fp"),
                               .depth = 64,
                               .uses_signals = true,
                               .sink = count_record };
    evprof_thread_t *self = evprof_thread_self();
    sigset_t sigprof;
    sigset_t before;
    sigemptyset(&sigprof);
    sigaddset(&sigprof, SIGPROF);
    evprof_tap_stats_t stats;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(evprof_tap_open(EVPROF_TAP_WALL, &tap, NULL),
                         EVPROF_OK);
        pthread_sigmask(SIG_BLOCK, &sigprof, &before);
        assert_int_equal(evprof_ask_sleeper(EVPROF_TAP_WALL, self,
                                           atomic_load(&self->generation)),
                         EVPROF_OK);
        evprof_tap_close(EVPROF_TAP_WALL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        evprof_tap_stats(EVPROF_TAP_WALL, &stats);
        assert_int_equal(stats.late, 1);
    }
    assert_int_equal(atomic_load(&late_records), 0);
}

/* After the last profile the handler is still ours, and a plain SIGPROF from
 * elsewhere harms nobody. */
static void
test_the_handler_stays(void **state)
{
    (void)state;
    struct sigaction current;
    scene_begin(100, 64);
    assert_int_equal(evprof_cpu_end(scene_window, NULL, NULL), EVPROF_OK);
    assert_int_equal(sigaction(SIGPROF, NULL, &current), 0);
    assert_ptr_equal(current.sa_sigaction, evprof_sig_handler);
    assert_true(current.sa_flags & SA_RESTART);
    assert_int_equal(
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGPROF), 0);
}

static _Atomic int calls;

static void
call_back(int signum, siginfo_t *info, void *context)
{
    atomic_fetch_add(&calls, 1);
    /* A handler that calls the one that it had found: ours. */
    evprof_sig_handler(signum, info, context);
}

/* Somebody put a handler over ours: it is taken into the chain, once. */
static void
test_two_handlers_that_chain_to_each_other(void **state)
{
    (void)state;
    struct sigaction theirs = { .sa_flags = SA_SIGINFO };
    theirs.sa_sigaction = call_back;
    scene_begin(100, 64);
    assert_int_equal(evprof_cpu_end(scene_window, NULL, NULL), EVPROF_OK);
    assert_int_equal(sigaction(SIGPROF, &theirs, NULL), 0);
    scene_begin(1000, 64);
    scene_burn(50000000);
    assert_int_equal(
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGPROF), 0);
    evprof_cpu_stats_t stats;
    assert_int_equal(evprof_cpu_end(scene_window, NULL, NULL), EVPROF_OK);
    evprof_cpu_stats(&stats);
    assert_int_equal(atomic_load(&calls), 1);
    assert_true(stats.tap.records > 0);
}

static void
test_ends_without_begin(void **state)
{
    (void)state;
    evprof_error_t err;
    assert_int_equal(evprof_cpu_end(NULL, NULL, &err), EVPROF_ESTATE);
    assert_int_equal(evprof_cpu_end(scene_window, NULL, &err), EVPROF_ESTATE);
    scene_begin(100, 64);
    const evprof_sampling_options_t options = {
        .rate_hz = 101, .unwinder = evprof_unwinder_find("fp"), .depth = 64
    };
    evprof_sample_window_t *other = NULL;
    assert_int_equal(evprof_cpu_begin(&options, &other, &err), EVPROF_EBUSY);
    assert_null(other);
    assert_int_equal(evprof_cpu_end(scene_window, NULL, &err), EVPROF_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_and_stop_under_load),
        cmocka_unit_test(test_late_signals_add_nothing),
        cmocka_unit_test(test_the_handler_stays),
        cmocka_unit_test(test_two_handlers_that_chain_to_each_other),
        cmocka_unit_test(test_ends_without_begin),
    };
    return cmocka_run_group_tests_name("stop", tests, NULL, NULL);
}
