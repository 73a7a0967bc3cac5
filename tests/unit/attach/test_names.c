/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of threads are read once a turn for each thread, however many samples
 * it has; a name that changed is found in the next turn, that of a thread which
 * has ended is kept.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/attach/names.h"

typedef struct named {
    pthread_barrier_t met;
    pid_t tid;
} named_t;

static void *
be_named(void *arg)
{
    named_t *named = arg;
    named->tid = gettid();
    pthread_setname_np(pthread_self(), "first");
    pthread_barrier_wait(&named->met);
    pthread_barrier_wait(&named->met);
    pthread_setname_np(pthread_self(), "second");
    pthread_barrier_wait(&named->met);
    pthread_barrier_wait(&named->met);
    return NULL;
}

static void
test_a_name_is_read_once_a_turn(void **state)
{
    (void)state;
    named_t named;
    pthread_t thread;
    evprof_thread_names_t names = { .pid = getpid() };
    pthread_barrier_init(&named.met, NULL, 2);
    pthread_create(&thread, NULL, be_named, &named);
    pthread_barrier_wait(&named.met);
    for (int i = 0; i < 100; i++) {
        assert_string_equal(evprof_thread_names_of(&names, named.tid), "first");
    }
    assert_int_equal(names.reads, 1);

    pthread_barrier_wait(&named.met);
    pthread_barrier_wait(&named.met);
    assert_string_equal(evprof_thread_names_of(&names, named.tid), "first");
    evprof_thread_names_turn(&names);
    assert_string_equal(evprof_thread_names_of(&names, named.tid), "second");
    assert_int_equal(names.reads, 2);

    pthread_barrier_wait(&named.met);
    pthread_join(thread, NULL);
    evprof_thread_names_turn(&names);
    assert_string_equal(evprof_thread_names_of(&names, named.tid), "second");
    evprof_thread_names_free(&names);
}

static void
test_many_threads_and_none(void **state)
{
    (void)state;
    evprof_thread_names_t names = { .pid = getpid() };
    /* Numbers that no thread has. */
    for (int i = 0; i < 3000; i++) {
        assert_string_equal(evprof_thread_names_of(&names, 1 << 23 | i), "");
    }
    assert_int_equal(names.reads, 3000);
    assert_string_not_equal(evprof_thread_names_of(&names, getpid()), "");
    for (int i = 0; i < 3000; i++) {
        assert_string_equal(evprof_thread_names_of(&names, 1 << 23 | i), "");
    }
    assert_int_equal(names.reads, 3001);
    evprof_thread_names_free(&names);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_is_read_once_a_turn),
        cmocka_unit_test(test_many_threads_and_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
