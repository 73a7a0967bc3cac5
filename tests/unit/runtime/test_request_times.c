/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slowest request is told once, a callback that runs as long as it runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "core/runtime/request_times.h"

static evprof_slow_request_t
slowest(int64_t now_ns)
{
    evprof_slow_request_t found;
    assert_true(evprof_requests_slowest(now_ns, &found));
    return found;
}

static void
test_nobody_has_come(void **state)
{
    (void)state;
    evprof_slow_request_t found;
    assert_false(evprof_requests_slowest(1000, &found));
    assert_int_equal(found.ns, 0);
}

static void
test_answers(void **state)
{
    (void)state;
    atomic_store(&evprof_requests_slow_ns, 500);
    assert_true(evprof_requests_are_timed());
    evprof_requests_leave(evprof_requests_enter("/a", 100));
    evprof_requests_note("GET", "/a", 500);
    assert_int_equal(slowest(1000).ns, 0);
    evprof_requests_note("GET", "/a", 700);
    evprof_requests_note("POST", "/b", 900);
    evprof_requests_note("GET", "/c", 800);
    evprof_slow_request_t found = slowest(1000);
    assert_int_equal(found.ns, 900);
    assert_false(found.is_running);
    assert_string_equal(found.name, "POST /b");
    assert_int_equal(slowest(1000).ns, 0);
}

/* A client chooses the path; a terminal must be able to show the name. */
static void
test_a_path_with_control_bytes(void **state)
{
    (void)state;
    evprof_requests_note("GET", "/\x1b]0;a\a\xff\tb", 900);
    assert_string_equal(slowest(1000).name, "GET /\\x1b]0;a\\x07\\xff\\tb");
    char path[500] = "/";
    memset(path + 1, '\x1b', sizeof(path) - 2);
    evprof_requests_note("GET", path, 900);
    evprof_slow_request_t found = slowest(1000);
    assert_int_equal(strlen(found.name), sizeof(found.name) - 1);
    assert_null(strchr(found.name, '\x1b'));
}

static void
test_callbacks_that_run(void **state)
{
    (void)state;
    int first = evprof_requests_enter("/first", 1000);
    int second = evprof_requests_enter("", 2000);
    assert_int_not_equal(first, second);
    evprof_slow_request_t found = slowest(5000);
    assert_int_equal(found.ns, 4000);
    assert_true(found.is_running);
    assert_string_equal(found.name, "/first");
    /* It runs still. */
    assert_int_equal(slowest(6000).ns, 5000);
    evprof_requests_leave(first);
    found = slowest(6000);
    assert_int_equal(found.ns, 4000);
    assert_string_equal(found.name, "a request");
    /* The child has none of its parent's. */
    evprof_requests_fork_child();
    assert_int_equal(slowest(6000).ns, 0);
    assert_true(evprof_requests_enter("/third", 6000) >= 0);
    assert_int_equal(slowest(7000).ns, 1000);
    evprof_requests_fork_child();
}

static void *
exit_inside(void *unused)
{
    (void)evprof_requests_enter("/exits", 1000);
    pthread_exit(unused);
}

/* A thread that ends in a callback does not keep its loop for ever. */
static void
test_a_thread_that_ends_in_one(void **state)
{
    (void)state;
    pthread_t thread;
    alarm(60); /* ends a process that waits for ever */
    for (int i = 0; i < 100; i++) {
        assert_int_equal(pthread_create(&thread, NULL, exit_inside, NULL), 0);
        pthread_join(thread, NULL);
        /* The kernel has it for a moment longer. */
        while (slowest(5000).ns != 0) {
            sched_yield();
        }
    }
    alarm(0);
    /* Nor do they use the places up. */
    int place = evprof_requests_enter("/next", 1000);
    assert_true(place >= 0);
    assert_int_equal(slowest(5000).ns, 4000);
    evprof_requests_leave(place);
}

/* More loops than places: the others are not noticed, and nothing breaks. */
static void
test_too_many(void **state)
{
    (void)state;
    int refused = 0;
    for (int i = 0; i < 1000; i++) {
        refused += evprof_requests_enter("/many", 1000) < 0;
    }
    assert_in_range(refused, 1, 999);
    evprof_requests_leave(-1);
    assert_int_equal(slowest(3000).ns, 2000);
    evprof_requests_fork_child();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_has_come),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_a_path_with_control_bytes),
        cmocka_unit_test(test_callbacks_that_run),
        cmocka_unit_test(test_a_thread_that_ends_in_one),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
