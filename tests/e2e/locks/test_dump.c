/* SPDX-License-Identifier: Apache-2.0 */
/* Dumps of all threads: who answers, who is left alone, who cannot. */
#include <errno.h>
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
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "core/sample/dump.h"
#include "core/sample/threads.h"

/* Functions under test have these bytes for themselves, also with the checks
 * of a sanitizer in them. */
#define FRAME_BYTES 2048
#define FRAME                                                                  \
    __attribute__((noinline, aligned(FRAME_BYTES), section(".text.frames")))

typedef struct worker {
    pthread_t thread;
    _Atomic pid_t tid;
    void (*body)(struct worker *self);
    sem_t go;
    atomic_bool is_over;
    _Atomic int interrupted; /* calls that said EINTR */
} worker_t;

static void *
run_worker(void *arg)
{
    worker_t *self = arg;
    self->tid = (pid_t)syscall(SYS_gettid);
    self->body(self);
    return NULL;
}

/* A test that fails leaves its workers to the teardown, hence not on its
 * stack. */
enum { WORKERS_MAX = 8 };
static worker_t workers[WORKERS_MAX];
static int worker_count;

FRAME static worker_t *
start_worker(void (*body)(worker_t *))
{
    assert_true(worker_count < WORKERS_MAX);
    worker_t *worker = &workers[worker_count];
    memset(worker, 0, sizeof(*worker));
    sem_init(&worker->go, 0, 0);
    worker->body = body;
    assert_int_equal(pthread_create(&worker->thread, NULL, run_worker, worker),
                     0);
    worker_count++;
    return worker;
}

/* Lets it out of its wait, whichever that is. */
static void
wake(int sig)
{
    (void)sig;
}

static int
stop_workers(void **state)
{
    (void)state;
    while (worker_count > 0) {
        worker_t *worker = &workers[--worker_count];
        atomic_store(&worker->is_over, true);
        sem_post(&worker->go);
        while (pthread_tryjoin_np(worker->thread, NULL) == EBUSY) {
            pthread_kill(worker->thread, SIGUSR1);
            sched_yield();
        }
    }
    return 0;
}

static char
state_of(pid_t tid)
{
    evprof_task_info_t info;
    return evprof_task_read(tid, &info) == EVPROF_OK ? info.state : '?';
}

static void
await_asleep(const worker_t *worker)
{
    while (worker->tid == 0 || state_of(worker->tid) != 'S') {
        sched_yield();
    }
}

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
    if (evprof_dump_take(dump, &err) != EVPROF_OK) {
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
test_a_sleeper_is_asked_once(void **state)
{
    (void)state;
    worker_t *worker = start_worker(sleep_in_semaphore);
    await_asleep(worker);
    evprof_dump_t dump;
    take(&dump);
    const evprof_dump_thread_t *seen = find(&dump, worker->tid);
    assert_non_null(seen);
    assert_int_equal(seen->answer, EVPROF_DUMP_FRESH);
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

/* The calls of a server's threads that a signal ends with EINTR. */
static void
wait_in_epoll(worker_t *self)
{
    int fd = epoll_create1(0);
    struct epoll_event event;
    while (!atomic_load(&self->is_over)) {
        self->interrupted += epoll_wait(fd, &event, 1, -1) < 0;
    }
    close(fd);
}

static void
wait_in_poll(worker_t *self)
{
    while (!atomic_load(&self->is_over)) {
        self->interrupted += poll(NULL, 0, -1) < 0;
    }
}

static void
wait_in_nanosleep(worker_t *self)
{
    const struct timespec hour = { .tv_sec = 3600 };
    while (!atomic_load(&self->is_over)) {
        self->interrupted += nanosleep(&hour, NULL) < 0;
    }
}

static void
wait_in_timed_semaphore(worker_t *self)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 3600;
    while (!atomic_load(&self->is_over)) {
        self->interrupted += sem_timedwait(&self->go, &until) < 0;
    }
}

static void
wait_in_timed_receive(worker_t *self)
{
    int pair[2];
    char byte;
    const struct timeval hour = { .tv_sec = 3600 };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &hour, sizeof(hour));
    while (!atomic_load(&self->is_over)) {
        self->interrupted += recv(pair[0], &byte, 1, 0) < 0;
    }
    close(pair[0]);
    close(pair[1]);
}

/* However often a scraper asks, and with whatever pauses, a sleeping call is
 * interrupted once. */
static void
test_scrapes_do_not_interrupt_again(void **state)
{
    (void)state;
    static void (*const bodies[])(
        worker_t *) = { wait_in_epoll, wait_in_poll, wait_in_nanosleep,
                        wait_in_timed_semaphore, wait_in_timed_receive };
    enum { BODIES = sizeof(bodies) / sizeof(bodies[0]) };
    worker_t *sleepers[BODIES];
    for (int i = 0; i < BODIES; i++) {
        sleepers[i] = start_worker(bodies[i]);
    }
    evprof_dump_stats_t before;
    evprof_dump_stats_t after;
    evprof_dump_stats(&before);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < BODIES; i++) {
            await_asleep(sleepers[i]);
        }
        evprof_dump_t dump;
        take(&dump);
        evprof_dump_free(&dump);
    }
    evprof_dump_stats(&after);
    for (int i = 0; i < BODIES; i++) {
        assert_int_equal(sleepers[i]->interrupted, 1);
    }
    assert_int_equal(after.interrupted - before.interrupted, BODIES);
    assert_true(after.kept - before.kept >= 9 * BODIES);
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
    assert_int_equal(sleeper->interrupted, 1);
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
test_who_cannot_answer_is_said_to(void **state)
{
    (void)state;
    worker_t *worker = start_worker(sleep_with_signals_blocked);
    sem_wait(&worker->go);
    await_asleep(worker);
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
enum { SILENT_MAX = DEATHS_DUMPS / 10 };
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

static int
take_wakes(void **state)
{
    (void)state;
    struct sigaction action = { .sa_handler = wake };
    return sigaction(SIGUSR1, &action, NULL);
}

/* Keeps other functions off the bytes of the last frame. */
FRAME __attribute__((used)) static void
end_of_frames(void)
{
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_sleeper_is_asked_once, stop_workers),
        cmocka_unit_test_teardown(test_scrapes_do_not_interrupt_again,
                                  stop_workers),
        cmocka_unit_test_teardown(test_losing_the_cpu_is_not_moving,
                                  stop_workers),
        cmocka_unit_test_teardown(test_who_cannot_answer_is_said_to,
                                  stop_workers),
        cmocka_unit_test_teardown(test_births_and_deaths_meanwhile, end_births),
        cmocka_unit_test(test_two_thousand_threads_answer),
    };
    return cmocka_run_group_tests_name("dump", tests, take_wakes, NULL);
}
