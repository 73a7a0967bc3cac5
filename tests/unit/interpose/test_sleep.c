/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeps are told of while somebody watches, with what is waited for; a look
 * that does not wait is none. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "tests/unit/interpose/tests.h"

typedef struct told {
    int begun;
    int ended;
    enum evprof_wait_kind kind;
    const void *object;
    int error;
} told_t;

static told_t told;
static pthread_t watched;

static void
watch_wait(const evprof_wait_t *wait)
{
    if (pthread_equal(pthread_self(), watched)) {
        told.begun++;
        told.kind = wait->kind;
        told.object = wait->object;
    }
}

static void
watch_return(const evprof_wait_t *wait, int error)
{
    (void)wait;
    if (pthread_equal(pthread_self(), watched)) {
        told.ended++;
        told.error = error;
    }
}

static void
watch_wake(enum evprof_wait_kind kind, const void *object, int64_t at_ns,
           bool is_for_all, const void *caller)
{
    (void)kind;
    (void)object;
    (void)at_ns;
    (void)is_for_all;
    (void)caller;
}

static void
watch(bool is_on)
{
    static const evprof_wait_watcher_t watcher = { .begin = watch_wait,
                                                   .end = watch_return,
                                                   .wake = watch_wake };
    evprof_wait_watch(is_on ? &watcher : NULL);
    watched = pthread_self();
    told = (told_t){ .begun = 0 };
}

static void
check(int waits, enum evprof_wait_kind kind, const void *object, int error)
{
    assert_int_equal(told.begun, waits);
    assert_int_equal(told.ended, waits);
    if (waits > 0) {
        assert_int_equal(told.kind, kind);
        assert_ptr_equal(told.object, object);
        assert_int_equal(told.error, error);
    }
    told = (told_t){ .begun = 0 };
}

static const struct timespec short_time = { .tv_nsec = 1000 };

static void
test_sleeps(void **state)
{
    (void)state;
    for (int waits = 0; waits < 2; waits++) {
        watch(waits != 0);
        assert_int_equal(nanosleep(&short_time, NULL), 0);
        check(waits, EVPROF_WAIT_SLEEP, NULL, 0);
        assert_int_equal(clock_nanosleep(CLOCK_MONOTONIC, 0, &short_time, NULL),
                         0);
        check(waits, EVPROF_WAIT_SLEEP, NULL, 0);
        struct timeval shortly = { .tv_usec = 1 };
        assert_int_equal(select(0, NULL, NULL, NULL, &shortly), 0);
        check(waits, EVPROF_WAIT_SLEEP, NULL, 0);
        watch(false);
    }
}

static void
test_descriptors(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN };
    assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    struct pollfd one = { .fd = ends[0], .events = POLLIN };
    for (int waits = 0; waits < 2; waits++) {
        watch(waits != 0);
        assert_int_equal(poll(&one, 1, -1), 1);
        check(waits, EVPROF_WAIT_NETWORK, &one, 0);
        assert_int_equal(epoll_wait(set, &event, 1, -1), 1);
        check(waits, EVPROF_WAIT_NETWORK, &event, 0);
        fd_set reads;
        FD_ZERO(&reads);
        FD_SET(ends[0], &reads);
        assert_int_equal(select(ends[0] + 1, &reads, NULL, NULL, NULL), 1);
        check(waits, EVPROF_WAIT_NETWORK, &reads, 0);
        assert_int_equal(epoll_wait(-1, &event, 1, -1), -1);
        assert_int_equal(errno, EBADF);
        check(waits, EVPROF_WAIT_NETWORK, &event, EBADF);
        watch(false);
    }
    close(set);
    close(ends[0]);
    close(ends[1]);
}

static void
test_a_look_is_no_wait(void **state)
{
    (void)state;
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event;
    watch(true);
    assert_int_equal(poll(NULL, 0, 0), 0);
    check(0, EVPROF_WAIT_NETWORK, NULL, 0);
    assert_int_equal(epoll_wait(set, &event, 1, 0), 0);
    check(0, EVPROF_WAIT_NETWORK, NULL, 0);
    watch(false);
    close(set);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sleeps),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_a_look_is_no_wait),
    };
    return cmocka_run_group_tests_name("sleep", tests, NULL, NULL);
}
