/* SPDX-License-Identifier: Apache-2.0 */
/* A descriptor whose number an event of a closed one still has. */
#include "adapters/evhttp/stale_events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

static void
count(evutil_socket_t fd, short what, void *arg)
{
    uint64_t value;
    (void)what;
    (*(int *)arg) += read(fd, &value, sizeof(value)) > 0;
}

static void
never(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    fail();
}

static void
test_number_of_a_closed_one(void **state)
{
    (void)state;
    struct event_base *base = event_base_new();
    int first = eventfd(0, EFD_NONBLOCK);
    struct event *stale =
        event_new(base, first, EV_READ | EV_PERSIST, never, NULL);
    assert_int_equal(event_add(stale, NULL), 0);
    close(first);
    int fd = eventfd(1, EFD_NONBLOCK);
    assert_int_equal(fd, first);
    assert_int_equal(evprof_stale_leave(base, &fd), 0);
    assert_int_not_equal(fd, first);
    int counted = 0;
    struct event *event =
        event_new(base, fd, EV_READ | EV_PERSIST, count, &counted);
    assert_int_equal(event_add(event, NULL), 0);
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(counted, 1);
    event_free(event);
    event_free(stale);
    close(fd);
    event_base_free(base);
}

static void
test_number_of_nobody(void **state)
{
    (void)state;
    struct event_base *base = event_base_new();
    int fd = eventfd(1, EFD_NONBLOCK);
    int before = fd;
    assert_int_equal(evprof_stale_leave(base, &fd), 0);
    assert_int_equal(fd, before);
    close(fd);
    event_base_free(base);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number_of_a_closed_one),
        cmocka_unit_test(test_number_of_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
