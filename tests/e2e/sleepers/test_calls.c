/* SPDX-License-Identifier: Apache-2.0 */
/* Thirteen calls that sleep, and every profile that looks at threads: none of
 * the calls returns before its time, and no sleeper is sent a signal. */
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
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/profile/builder.h"
#include "core/sample/cpu.h"
#include "core/sample/dump.h"
#include "core/sample/thread_info.h"
#include "core/sample/threads.h"
#include "core/sample/wall.h"

#ifdef __SANITIZE_THREAD__
enum { REQUESTS = 20 };
#else
enum { REQUESTS = 1000 };
#endif
enum { CALLS = 13, HOUR = 3600 };

static atomic_bool is_over;
static sem_t never;

typedef struct sleeper {
    const char *name;
    void (*call)(void);
    pthread_t thread;
    _Atomic pid_t tid;
    _Atomic int early; /* returns while the test was going on */
} sleeper_t;

static struct timespec
in_an_hour(void)
{
    struct timespec out;
    clock_gettime(CLOCK_REALTIME, &out);
    out.tv_sec += HOUR;
    return out;
}

static void
call_pause(void)
{
    pause();
}

static void
call_sleep(void)
{
    sleep(HOUR);
}

static void
call_nanosleep(void)
{
    const struct timespec hour = { .tv_sec = HOUR };
    nanosleep(&hour, NULL);
}

static void
call_poll(void)
{
    poll(NULL, 0, -1);
}

static void
call_select(void)
{
    struct timeval hour = { .tv_sec = HOUR };
    select(0, NULL, NULL, NULL, &hour);
}

static void
call_epoll_wait(void)
{
    struct epoll_event event;
    int fd = epoll_create1(EPOLL_CLOEXEC);
    epoll_wait(fd, &event, 1, -1);
    close(fd);
}

static void
call_sem_wait(void)
{
    sem_wait(&never);
}

static void
call_sem_timedwait(void)
{
    struct timespec until = in_an_hour();
    sem_timedwait(&never, &until);
}

static void
call_sigsuspend(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigsuspend(&none);
}

/* As a thread does that takes all signals of a server. */
static void
block_all(void)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static void
call_sigwait(void)
{
    sigset_t all;
    int got;
    block_all();
    sigfillset(&all);
    sigwait(&all, &got);
}

static void
call_sigwaitinfo(void)
{
    sigset_t all;
    siginfo_t info;
    block_all();
    sigfillset(&all);
    sigwaitinfo(&all, &info);
}

static void *
wait_for_end(void *unused)
{
    while (!atomic_load(&is_over)) {
        poll(NULL, 0, -1);
    }
    return unused;
}

static pthread_t joined;

static void
call_pthread_join(void)
{
    pthread_create(&joined, NULL, wait_for_end, NULL);
    pthread_join(joined, NULL);
}

static int pipe_ends[2];

static void
call_read(void)
{
    char byte;
    (void)!read(pipe_ends[0], &byte, 1);
}

static sleeper_t sleepers[CALLS] = {
    { .name = "pause", .call = call_pause },
    { .name = "sleep", .call = call_sleep },
    { .name = "nanosleep", .call = call_nanosleep },
    { .name = "poll", .call = call_poll },
    { .name = "select", .call = call_select },
    { .name = "epoll_wait", .call = call_epoll_wait },
    { .name = "sem_wait", .call = call_sem_wait },
    { .name = "sem_timedwait", .call = call_sem_timedwait },
    { .name = "sigsuspend", .call = call_sigsuspend },
    { .name = "sigwait", .call = call_sigwait },
    { .name = "sigwaitinfo", .call = call_sigwaitinfo },
    { .name = "pthread_join", .call = call_pthread_join },
    { .name = "read", .call = call_read },
};

static void *
run(void *arg)
{
    sleeper_t *self = arg;
    atomic_store(&self->tid, (pid_t)syscall(SYS_gettid));
    while (!atomic_load(&is_over)) {
        self->call();
        self->early += !atomic_load(&is_over);
    }
    return NULL;
}

static void
await_asleep(const sleeper_t *sleeper)
{
    evprof_thread_info_t task = { .state = 'R' };
    while (atomic_load(&sleeper->tid) == 0 || task.state != 'S' ||
           task.call < 0) {
        sched_yield();
        (void)evprof_thread_read_status(atomic_load(&sleeper->tid), &task);
        (void)evprof_thread_read_call(atomic_load(&sleeper->tid), &task);
    }
}

static void
wake(int sig)
{
    (void)sig;
}

static int
start(void **state)
{
    (void)state;
    struct sigaction action = { .sa_handler = wake };
    atomic_store(&is_over, false);
    if (sigaction(SIGUSR1, &action, NULL) != 0 || pipe(pipe_ends) != 0 ||
        sem_init(&never, 0, 0) != 0) {
        return -1;
    }
    for (int i = 0; i < CALLS; i++) {
        pthread_create(&sleepers[i].thread, NULL, run, &sleepers[i]);
    }
    for (int i = 0; i < CALLS; i++) {
        await_asleep(&sleepers[i]);
    }
    return 0;
}

static int
end_all(void **state)
{
    (void)state;
    atomic_store(&is_over, true);
    (void)!write(pipe_ends[1], "x", 1);
    pthread_kill(joined, SIGUSR1);
    for (int i = 0; i < CALLS; i++) {
        sem_post(&never);
        while (pthread_tryjoin_np(sleepers[i].thread, NULL) == EBUSY) {
            pthread_kill(sleepers[i].thread, SIGUSR1);
            sched_yield();
        }
    }
    return 0;
}

static void
assert_nobody_was_early(const char *profile)
{
    for (int i = 0; i < CALLS; i++) {
        if (atomic_load(&sleepers[i].early) != 0) {
            fail_msg("%s: %s returned early %d times", profile,
                     sleepers[i].name, atomic_load(&sleepers[i].early));
        }
    }
}

/* Whether the thread has a stack in the dump that leads to its start. */
static bool
is_in(const evprof_dump_t *dump, pid_t tid)
{
    for (size_t i = 0; i < dump->count; i++) {
        if (dump->threads[i].tid == tid) {
            return dump->threads[i].stack.count >= 4;
        }
    }
    return false;
}

static void
test_goroutine(void **state)
{
    (void)state;
    evprof_dump_stats_t before;
    evprof_dump_stats_t after;
    evprof_dump_stats(&before);
    for (int i = 0; i < REQUESTS; i++) {
        evprof_dump_t dump;
        assert_int_equal(evprof_dump_take(&dump, false, NULL), 0);
        for (int k = 0; k < CALLS; k++) {
            assert_true(is_in(&dump, sleepers[k].tid));
        }
        evprof_dump_free(&dump);
    }
    evprof_dump_stats(&after);
    assert_nobody_was_early("goroutine");
    assert_int_equal(after.interrupted - before.interrupted, 0);
    assert_true(after.walked - before.walked >= CALLS);
    assert_int_equal(after.unreadable - before.unreadable, 0);
}

static void
await_looks(uint64_t count)
{
    evprof_wall_stats_t stats;
    do {
        sched_yield();
        evprof_wall_stats(&stats);
    } while (stats.looks < count);
}

/* Windows as short as it takes to look at everybody. */
static void
test_wall(void **state)
{
    (void)state;
    const evprof_sampling_options_t options = {
        .rate_hz = 1000,
        .unwinder = evprof_unwinder_find("auto"),
        .depth = 128,
    };
    for (int i = 0; i < REQUESTS / 10; i++) {
        evprof_sample_window_t *window = NULL;
        assert_int_equal(evprof_wall_begin(&options, &window, NULL), 0);
        await_looks(10 * (CALLS + 3));
        assert_int_equal(evprof_wall_end(window, NULL, NULL), 0);
        evprof_wall_stats_t stats;
        evprof_wall_stats(&stats);
        assert_int_equal(stats.interrupted, 0);
        assert_true(stats.walked >= CALLS);
    }
    assert_nobody_was_early("wall");
}

static void
test_profile(void **state)
{
    (void)state;
    const evprof_sampling_options_t options = {
        .rate_hz = 1000,
        .unwinder = evprof_unwinder_find("auto"),
        .depth = 128,
    };
    for (int i = 0; i < REQUESTS / 10; i++) {
        evprof_sample_window_t *window = NULL;
        assert_int_equal(evprof_cpu_begin(&options, &window, NULL), 0);
        assert_int_equal(evprof_cpu_end(window, NULL, NULL), 0);
    }
    assert_nobody_was_early("profile");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_goroutine, start, end_all),
        cmocka_unit_test_setup_teardown(test_wall, start, end_all),
        cmocka_unit_test_setup_teardown(test_profile, start, end_all),
    };
    return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
