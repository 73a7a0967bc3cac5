/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CPU profile interrupts nobody who sleeps: its timers stand still while
 * their threads do. And what is interrupted by a queued signal and can be
 * restarted is restarted.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/e2e/sample/scene.h"

static const uint64_t second_ns = 1000000000;

static atomic_bool is_done;
static _Atomic uint64_t calls;
static _Atomic uint64_t interrupted;

static void
note(int result)
{
    atomic_fetch_add(&calls, 1);
    if (result < 0 && errno == EINTR) {
        atomic_fetch_add(&interrupted, 1);
    }
}

static void
call_poll(void)
{
    note(poll(NULL, 0, 1));
}

static void
call_epoll(void)
{
    struct epoll_event event;
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < 10; i++) {
        note(epoll_wait(epoll, &event, 1, 1));
    }
    close(epoll);
}

static void
call_usleep(void)
{
    note(usleep(1000));
}

static void
call_sem_timedwait(void)
{
    sem_t never;
    struct timespec deadline;
    sem_init(&never, 0, 0);
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_nsec += 1000000;
    deadline.tv_sec += deadline.tv_nsec / 1000000000;
    deadline.tv_nsec %= 1000000000;
    note(sem_timedwait(&never, &deadline));
    sem_destroy(&never);
}

static void
call_socket(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);
    const struct timeval short_time = { .tv_usec = 1000 };
    char byte;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, len) == 0 &&
        getsockname(listener, (struct sockaddr *)&address, &len) == 0 &&
        listen(listener, 8) == 0) {
        note(connect(client, (struct sockaddr *)&address, len));
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &short_time,
                   sizeof(short_time));
        note((int)recv(client, &byte, 1, 0));
    }
    close(client);
    close(listener);
}

static void *
repeat(void *arg)
{
    void (*const *call)(void) = arg;
    while (!atomic_load(&is_done)) {
        (*call)();
    }
    return NULL;
}

static void
test_sleepers_are_not_interrupted(void **state)
{
    (void)state;
    static void (*const sleepers[])(void) = { call_poll, call_epoll,
                                              call_usleep, call_sem_timedwait,
                                              call_socket };
    enum { COUNT = sizeof(sleepers) / sizeof(sleepers[0]) };
    pthread_t threads[COUNT];
    atomic_store(&is_done, false);
    scene_begin(1000, 64);
    for (int i = 0; i < COUNT; i++) {
        union {
            void (*const *call)(void);
            void *arg;
        } sleeper = { .call = &sleepers[i] };
        assert_int_equal(pthread_create(&threads[i], NULL, repeat, sleeper.arg),
                         0);
    }
    evprof_cpu_stats_t stats;
    do {
        scene_burn(second_ns / 10);
        evprof_cpu_stats(&stats);
    } while (atomic_load(&calls) < 2000 || stats.tap.weight < 1000);
    atomic_store(&is_done, true);
    for (int i = 0; i < COUNT; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(evprof_cpu_end(scene_window, NULL, NULL), EVPROF_OK);
    print_message("%llu of %llu calls were interrupted\n",
                  (unsigned long long)atomic_load(&interrupted),
                  (unsigned long long)atomic_load(&calls));
    assert_int_equal(atomic_load(&interrupted), 0);
}

/* A read that signals hit again and again sees nothing of them (SA_RESTART). */
static void *
read_slowly(void *arg)
{
    const int fd = *(const int *)arg;
    char byte;
    ssize_t got;
    do {
        got = read(fd, &byte, 1);
        if (got < 0 && errno == EINTR) {
            atomic_fetch_add(&interrupted, 1);
        }
    } while (got > 0 || (got < 0 && errno == EINTR));
    return NULL;
}

static void
test_restartable_calls_are_restarted(void **state)
{
    (void)state;
    int ends[2];
    pthread_t reader;
    assert_int_equal(pipe(ends), 0);
    atomic_store(&interrupted, 0);
    scene_storm_begin();
    assert_int_equal(pthread_create(&reader, NULL, read_slowly, &ends[0]), 0);
    const uint64_t stacks = SCENE_IS_TSAN ? 500 : 20000;
    while (scene_storm_count() < stacks) {
        assert_int_equal(write(ends[1], "x", 1), 1);
        scene_burn(100000);
    }
    assert_true(scene_storm_end() >= stacks);
    close(ends[1]);
    pthread_join(reader, NULL);
    close(ends[0]);
    assert_int_equal(atomic_load(&interrupted), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sleepers_are_not_interrupted),
        cmocka_unit_test(test_restartable_calls_are_restarted),
    };
    return cmocka_run_group_tests_name("syscalls", tests, NULL, NULL);
}
