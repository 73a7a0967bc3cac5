/* SPDX-License-Identifier: Apache-2.0 */
/* Dumps of all threads: who answers, who is left alone, who cannot. */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "core/sample/dump.h"
#include "core/sample/threads.h"
#include "tests/e2e/locks/sleepers.h"

static const evprof_dump_thread_t *
find(const evprof_dump_t *dump, pid_t tid)
{
    for (size_t i = 0; i < dump->count; i++) {
        if (dump->threads[i].tid == tid) {
            return &dump->threads[i];
        }
    }
    return NULL;
}

static void
take(evprof_dump_t *dump)
{
    evprof_error_t err;
    if (evprof_dump_take(dump, false, &err) != EVPROF_OK) {
        fail_msg("%s", err.message);
    }
}

FRAME static void
sleep_in_semaphore(worker_t *self)
{
    EVPROF_LABEL("tenant", "t1");
    prctl(PR_SET_NAME, "sleeper", 0, 0, 0);
    while (!atomic_load(&self->is_over)) {
        sem_wait(&self->go);
    }
}

static bool
has_frame(const evprof_stack_t *stack, uintptr_t function)
{
    for (size_t i = 0; i < stack->count; i++) {
        if (stack->pcs[i] > function &&
            stack->pcs[i] < function + FRAME_BYTES) {
            return true;
        }
    }
    return false;
}

static void
test_a_sleeper_is_walked_once(void **state)
{
    (void)state;
    worker_t *worker = start_worker(sleep_in_semaphore);
    await_asleep(worker);
    evprof_dump_t dump;
    take(&dump);
    evprof_dump_describe(&dump);
    const evprof_dump_thread_t *seen = find(&dump, worker->tid);
    assert_non_null(seen);
    assert_int_equal(seen->answer, EVPROF_DUMP_FRESH);
    assert_int_equal(seen->task.state, 'S');
    assert_string_equal(seen->task.name, "sleeper");
    assert_true(has_frame(&seen->stack, (uintptr_t)sleep_in_semaphore));
    assert_true(has_frame(&seen->creator, (uintptr_t)start_worker));
    assert_non_null(seen->labels);
    assert_string_equal(seen->labels->items[0].text, "t1");
    evprof_dump_free(&dump);

    for (int i = 0; i < 3; i++) {
        await_asleep(worker);
        take(&dump);
        seen = find(&dump, worker->tid);
        assert_int_equal(seen->answer, EVPROF_DUMP_KEPT);
        assert_true(has_frame(&seen->stack, (uintptr_t)sleep_in_semaphore));
        assert_string_equal(seen->labels->items[0].text, "t1");
        evprof_dump_free(&dump);
    }

    /* It wakes up on its own and sleeps again: that is another sleep. */
    for (int i = 0; i < 3; i++) {
        sem_post(&worker->go);
        int value = 1;
        while (value != 0) {
            sem_getvalue(&worker->go, &value);
        }
        await_asleep(worker);
    }
    take(&dump);
    assert_int_equal(find(&dump, worker->tid)->answer, EVPROF_DUMP_FRESH);
    evprof_dump_free(&dump);
}

/* However often a scraper asks, and with whatever pauses, no sleeping call is
 * interrupted. */
static void
test_scrapes_do_not_interrupt(void **state)
{
    (void)state;
    worker_t *sleepers[SLEEPING_CALLS];
    start_sleepers(sleepers);
    evprof_dump_stats_t before;
    evprof_dump_stats_t after;
    evprof_dump_stats(&before);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < SLEEPING_CALLS; i++) {
            await_asleep(sleepers[i]);
        }
        evprof_dump_t dump;
        take(&dump);
        evprof_dump_free(&dump);
    }
    evprof_dump_stats(&after);
    for (int i = 0; i < SLEEPING_CALLS; i++) {
        assert_int_equal(sleepers[i]->interrupted, 0);
    }
    assert_int_equal(after.interrupted - before.interrupted, 0);
    assert_true(after.kept - before.kept >= 9 * SLEEPING_CALLS);
}

/* To the first CPU that this process may use. */
static void
stay_on_one_cpu(void)
{
    cpu_set_t all;
    cpu_set_t one;
    size_t cpu = 0;
    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    while (!CPU_ISSET(cpu, &all)) {
        cpu++;
    }
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

static void
keep_cpu_busy(worker_t *self)
{
    stay_on_one_cpu();
    while (!atomic_load(&self->is_over)) {
    }
}

static long
own_preemptions(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_nivcsw;
}

/* A busy machine: its thread gets to sleep again by small steps. */
static void
wait_and_lose_cpu(worker_t *self)
{
    stay_on_one_cpu();
    while (!atomic_load(&self->is_over)) {
        self->interrupted += poll(NULL, 0, -1) < 0;
        long start = own_preemptions();
        while (own_preemptions() < start + 4 && !atomic_load(&self->is_over)) {
            sched_yield();
        }
    }
}

static void
test_losing_the_cpu_is_not_moving(void **state)
{
    (void)state;
    start_worker(keep_cpu_busy);
    worker_t *sleeper = start_worker(wait_and_lose_cpu);
    for (int round = 0; round < 4; round++) {
        await_asleep(sleeper);
        evprof_dump_t dump;
        take(&dump);
        assert_int_equal(find(&dump, sleeper->tid)->answer,
                         round == 0 ? EVPROF_DUMP_FRESH : EVPROF_DUMP_KEPT);
        evprof_dump_free(&dump);
    }
    assert_int_equal(sleeper->interrupted, 0);
}

static void
sleep_with_signals_blocked(worker_t *self)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPROF);
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    sem_post(&self->go);
    poll(NULL, 0, -1);
    sigset_t pending;
    sigpending(&pending);
    self->interrupted = sigismember(&pending, SIGPROF);
}

static void
test_a_sleeper_may_hold_signals_back(void **state)
{
    (void)state;
    worker_t *worker = start_worker(sleep_with_signals_blocked);
    sem_wait(&worker->go);
    await_asleep(worker);
    evprof_dump_t dump;
    take(&dump);
    const evprof_dump_thread_t *seen = find(&dump, worker->tid);
    assert_non_null(seen);
    assert_int_equal(seen->answer, EVPROF_DUMP_FRESH);
    assert_true(has_frame(&seen->stack, (uintptr_t)sleep_with_signals_blocked));
    evprof_dump_free(&dump);
    stop_workers(NULL);
    assert_int_equal(worker->interrupted, 0);
}

static void
run_with_signals_blocked(worker_t *self)
{
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPROF);
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    sem_post(&self->go);
    while (!atomic_load(&self->is_over)) {
    }
    sigset_t pending;
    sigpending(&pending);
    self->interrupted = sigismember(&pending, SIGPROF);
}

static void
test_who_cannot_answer_is_said_to(void **state)
{
    (void)state;
    worker_t *worker = start_worker(run_with_signals_blocked);
    sem_wait(&worker->go);
    evprof_dump_t dump;
    take(&dump);
    const evprof_dump_thread_t *seen = find(&dump, worker->tid);
    assert_non_null(seen);
    assert_int_equal(seen->answer, EVPROF_DUMP_UNRESPONSIVE);
    assert_int_equal(seen->stack.count, 0);
    assert_true(has_frame(&seen->creator, (uintptr_t)start_worker));
    evprof_dump_free(&dump);
    stop_workers(NULL);
    assert_int_equal(worker->interrupted, 0);
}

/* Most of these threads' time is spent with signals held back, when they make
 * others, begin and end; nobody may be called unresponsive for that. A thread
 * sanitizer holds them back for much longer. */
enum { DEATHS_DUMPS = 300 };
#ifdef __SANITIZE_THREAD__
enum { SILENT_MAX = 3 * DEATHS_DUMPS };
#else
enum { SILENT_MAX = DEATHS_DUMPS / 3 };
#endif

static atomic_bool births_end;
static pthread_t mothers[2];
static int mother_count;

static void *
live_briefly(void *arg)
{
    return arg;
}

static void *
bear_threads(void *arg)
{
    sem_post(arg);
    while (!atomic_load(&births_end)) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, live_briefly, NULL) == 0) {
            pthread_join(thread, NULL);
        }
    }
    return NULL;
}

static int
end_births(void **state)
{
    (void)state;
    atomic_store(&births_end, true);
    while (mother_count > 0) {
        pthread_join(mothers[--mother_count], NULL);
    }
    return 0;
}

static void
test_births_and_deaths_meanwhile(void **state)
{
    (void)state;
    static sem_t has_begun;
    sem_init(&has_begun, 0, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            pthread_create(&mothers[i], NULL, bear_threads, &has_begun), 0);
        mother_count++;
    }
    sem_wait(&has_begun);
    sem_wait(&has_begun);
    size_t silent = 0;
    for (int i = 0; i < DEATHS_DUMPS; i++) {
        evprof_dump_t dump;
        take(&dump);
        assert_true(dump.count >= 3);
        for (size_t t = 0; t < dump.count; t++) {
            silent += dump.threads[t].answer == EVPROF_DUMP_UNRESPONSIVE;
        }
        evprof_dump_free(&dump);
    }
    assert_in_range(silent, 0, SILENT_MAX);
}

FRAME static void
sleep_in_crowd(worker_t *self)
{
    while (sem_wait(&self->go) != 0) {
    }
}

/* Sanitizers make each answer so slow that 2,000 of them do not fit in the half
 * second that a dump may last. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { CROWD = 200 };
#else
enum { CROWD = 2000 };
#endif
enum { DUMPS_MAX = 10 };

/* Whether everybody has a stack in one dump. */
static bool
all_answer(const worker_t *crowd, size_t count)
{
    evprof_dump_t dump;
    take(&dump);
    assert_int_equal(dump.count, count);
    bool all = true;
    for (int i = 0; i < CROWD; i++) {
        const evprof_dump_thread_t *seen = find(&dump, crowd[i].tid);
        assert_non_null(seen);
        bool has_answered = seen->answer != EVPROF_DUMP_UNRESPONSIVE;
        assert_true(has_answered ==
                    has_frame(&seen->stack, (uintptr_t)sleep_in_crowd));
        all = all && has_answered;
    }
    evprof_dump_free(&dump);
    return all;
}

static void
test_two_thousand_threads_answer(void **state)
{
    (void)state;
    static worker_t crowd[CROWD];
    /* A sanitizer may have a thread of its own. */
    size_t before = (size_t)evprof_thread_count_application();
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 65536);
    for (int i = 0; i < CROWD; i++) {
        sem_init(&crowd[i].go, 0, 0);
        crowd[i].body = sleep_in_crowd;
        assert_int_equal(
            pthread_create(&crowd[i].thread, &attr, run_worker, &crowd[i]), 0);
    }
    pthread_attr_destroy(&attr);
    for (int i = 0; i < CROWD; i++) {
        await_asleep(&crowd[i]);
    }
    /* A busy machine may leave some of them without a CPU for a dump or two. */
    int dumps = 1;
    while (!all_answer(crowd, before + CROWD)) {
        assert_in_range(++dumps, 2, DUMPS_MAX);
    }
    for (int i = 0; i < CROWD; i++) {
        sem_post(&crowd[i].go);
        pthread_join(crowd[i].thread, NULL);
    }
}

FRAME_END

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_sleeper_is_walked_once, stop_workers),
        cmocka_unit_test_teardown(test_scrapes_do_not_interrupt,
                                  stop_workers),
        cmocka_unit_test_teardown(test_losing_the_cpu_is_not_moving,
                                  stop_workers),
        cmocka_unit_test_teardown(test_a_sleeper_may_hold_signals_back,
                                  stop_workers),
        cmocka_unit_test_teardown(test_who_cannot_answer_is_said_to,
                                  stop_workers),
        cmocka_unit_test_teardown(test_births_and_deaths_meanwhile, end_births),
        cmocka_unit_test(test_two_thousand_threads_answer),
    };
    return cmocka_run_group_tests_name("dump", tests, take_wakes, NULL);
}
