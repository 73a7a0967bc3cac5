/* SPDX-License-Identifier: Apache-2.0 */
/* Nobody walks along a list that another thread may be changing. */
#include "adapters/evhttp/list_lock.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/evhttp/pending.h"
#include "tests/thread_state.h"

static void
cancel(void)
{
    evprof_pending_cancel(NULL);
}

static void
count(void)
{
    (void)evprof_pending_count();
}

static void
look_for_one(void)
{
    (void)evprof_pending_has(NULL);
}

static void
count_checks(void)
{
    (void)evprof_pending_checks(&(evprof_plan_t){ .prof = NULL }, true);
}

typedef struct walker {
    void (*walk)(void);
    _Atomic pid_t tid;
    atomic_bool has_walked;
} walker_t;

static void *
run(void *arg)
{
    walker_t *walker = arg;
    atomic_store(&walker->tid, (pid_t)syscall(SYS_gettid));
    walker->walk();
    atomic_store(&walker->has_walked, true);
    return NULL;
}

static void
test_walks_wait_for_the_lock(void **state)
{
    (void)state;
    static void (*const walks[])(void) = { cancel, count, look_for_one,
                                           count_checks };
    for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++) {
        walker_t walker = { .walk = walks[i] };
        pthread_t thread;
        evprof_lists_enter();
        assert_int_equal(pthread_create(&thread, NULL, run, &walker), 0);
        while (!atomic_load(&walker.has_walked) &&
               (atomic_load(&walker.tid) == 0 ||
                thread_state(atomic_load(&walker.tid)) != 'S')) {
            sched_yield();
        }
        bool is_early = atomic_load(&walker.has_walked);
        evprof_lists_leave();
        pthread_join(thread, NULL);
        if (is_early) {
            fail_msg("walk %zu did not wait", i);
        }
        assert_true(atomic_load(&walker.has_walked));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walks_wait_for_the_lock),
    };
    return cmocka_run_group_tests_name("lists", tests, NULL, NULL);
}
