/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/own_thread.h"
#include "core/sample/threads.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "core/sample/sig_labels.h"
#include "tests/unit/emulated.h"
#include "tests/unit/sample/record_of.h"

static void
test_the_main_thread(void **state)
{
    (void)state;
    char here;
    evprof_thread_t *self = evprof_thread_self();
    assert_non_null(self);
    assert_ptr_equal(self, evprof_thread_self());
    assert_ptr_equal(self, evprof_thread_current);
    assert_ptr_equal(self, record_of(getpid()));
    assert_ptr_equal(self, evprof_thread_at(self->index));
    assert_true(self->bounds.low < (uintptr_t)&here);
    assert_true(self->bounds.high > (uintptr_t)&here);
    assert_null(evprof_thread_at(evprof_thread_limit()));
}

static void
test_an_abandoned_record_is_used_again(void **state)
{
    (void)state;
    evprof_thread_t *thread = evprof_thread_prepare(0);
    const uint32_t generation = atomic_load(&thread->generation);
    const uint32_t count = evprof_thread_count();
    assert_int_equal(atomic_load(&thread->state), EVPROF_THREAD_STARTING);
    assert_true(thread->creator_count > 0);
    evprof_thread_abandon(thread);
    assert_int_equal(atomic_load(&thread->state), EVPROF_THREAD_FREE);
    assert_ptr_equal(evprof_thread_prepare(0), thread);
    assert_int_equal(atomic_load(&thread->generation), generation + 1);
    assert_int_equal(evprof_thread_count(), count);
    evprof_thread_abandon(thread);
}

static _Atomic int entered;
static _Atomic int left;

static void
on_enter(evprof_thread_t *thread)
{
    assert_ptr_equal(thread, evprof_thread_current);
    atomic_fetch_add(&entered, 1);
}

static void
on_leave(evprof_thread_t *thread)
{
    assert_ptr_equal(thread, evprof_thread_current);
    atomic_fetch_add(&left, 1);
}

static void *
look(void *arg)
{
    const evprof_thread_t *self = evprof_thread_current;
    *(evprof_thread_t *)arg = *self;
    assert_string_equal(evprof_label_get("route"), "/a");
    assert_int_equal(atomic_load(&self->tid), syscall(SYS_gettid));
    return NULL;
}

static void
test_a_created_thread(void **state)
{
    (void)state;
    static evprof_thread_hook_t hook = { .enter = on_enter, .leave = on_leave };
    evprof_thread_t seen;
    pthread_t thread;
    uintptr_t pcs[4];
    const uint32_t count = evprof_thread_count();
    evprof_thread_add_hook(&hook);
    const int token = evprof_label_push("route", "/a");
    assert_int_equal(pthread_create(&thread, NULL, look, &seen), 0);
    evprof_label_restore(token);
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&seen.state), EVPROF_THREAD_LIVE);
    assert_true(seen.bounds.high > seen.bounds.low);
    assert_true(evprof_thread_creator(&seen, pcs, 4) > 0);
    assert_int_equal(atomic_load(&entered), 1);
    assert_int_equal(atomic_load(&left), 1);
    assert_int_equal(evprof_thread_count(), count);
}

static void
test_creation_fails_cleanly(void **state)
{
    (void)state;
    pthread_t thread;
    pthread_attr_t attr;
    const uint32_t count = evprof_thread_count();
    assert_int_equal(pthread_attr_init(&attr), 0);
    /* More than the address space has. */
    assert_int_equal(pthread_attr_setstacksize(&attr, (size_t)1 << 62), 0);
    assert_int_not_equal(pthread_create(&thread, &attr, look, NULL), 0);
    assert_int_equal(evprof_thread_count(), count);
    pthread_attr_destroy(&attr);
}

static void
test_a_scan_finds_nobody_new(void **state)
{
    (void)state;
    SKIP_EMULATED("list of the program's own threads");
    const uint32_t count = evprof_thread_count();
    assert_int_equal(evprof_thread_scan(), EVPROF_OK);
#if !defined(__SANITIZE_THREAD__)
    /* ThreadSanitizer has a thread of its own. */
    assert_int_equal(evprof_thread_count(), count);
    assert_false(evprof_thread_scan_is_due());
#else
    assert_true(evprof_thread_count() >= count);
#endif
}

static void
test_found_records_come_and_go(void **state)
{
    (void)state;
    SKIP_EMULATED("list of the program's own threads");
    const pid_t nobody = 0x3fffffff;
    const uint32_t count = evprof_thread_count();
    assert_int_equal(evprof_thread_add_found(nobody, 5), EVPROF_OK);
    assert_int_equal(evprof_thread_add_found(nobody, 5), EVPROF_OK);
    assert_int_equal(evprof_thread_count(), count + 1);
    assert_true(evprof_thread_scan_is_due());
    assert_int_equal(evprof_thread_scan(), EVPROF_OK);
    assert_null(record_of(nobody));
}

static void *
look_at_mask(void *mask)
{
    pthread_sigmask(SIG_SETMASK, NULL, mask);
    return NULL;
}

/* The application's signals go to its own threads, a fault of ours to its crash
 * handler. */
static void
test_our_threads_take_faults_only(void **state)
{
    (void)state;
    pthread_t thread;
    sigset_t mask;
    assert_int_equal(evprof_own_thread_start(EVPROF_OWN_WORKER, &thread,
                                             look_at_mask, &mask),
                     0);
    evprof_thread_join_ours(thread);
    assert_true(sigismember(&mask, SIGTERM));
    assert_true(sigismember(&mask, SIGPIPE));
    assert_false(sigismember(&mask, SIGPROF));
    assert_false(sigismember(&mask, SIGSEGV));
    assert_false(sigismember(&mask, SIGABRT));
}

static void *
look_at_stack(void *arg)
{
    pthread_attr_t attr;
    assert_int_equal(pthread_getattr_np(pthread_self(), &attr), 0);
    pthread_attr_getstacksize(&attr, &((size_t *)arg)[0]);
    pthread_attr_getguardsize(&attr, &((size_t *)arg)[1]);
    pthread_attr_destroy(&attr);
    return NULL;
}

/* Whatever `ulimit -s` says, each has the stack of its row and a guard. */
static void
test_our_threads_have_set_stacks(void **state)
{
    (void)state;
    pthread_attr_t small;
    pthread_attr_t saved;
    assert_int_equal(pthread_getattr_default_np(&saved), 0);
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    assert_int_equal(pthread_setattr_default_np(&small), 0);
    for (int i = 0; i < EVPROF_OWN_THREADS; i++) {
        const evprof_own_thread_row_t *row =
            evprof_own_thread_row((enum evprof_own_thread)i);
        pthread_t thread;
        size_t sizes[2] = { 0 };
        assert_int_equal(evprof_own_thread_start((enum evprof_own_thread)i,
                                                 &thread, look_at_stack, sizes),
                         0);
        evprof_thread_join_ours(thread);
        assert_true(sizes[0] >= row->stack_bytes);
        assert_true(sizes[1] >= 4096);
        assert_true(strlen(row->name) < 16);
        assert_memory_equal(row->name, "evprof-", 7);
        assert_non_null(row->exists);
    }
    assert_int_equal(pthread_setattr_default_np(&saved), 0);
    pthread_attr_destroy(&small);
    pthread_attr_destroy(&saved);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_main_thread),
        cmocka_unit_test(test_an_abandoned_record_is_used_again),
        cmocka_unit_test(test_a_created_thread),
        cmocka_unit_test(test_our_threads_take_faults_only),
        cmocka_unit_test(test_our_threads_have_set_stacks),
        cmocka_unit_test(test_creation_fails_cleanly),
        cmocka_unit_test(test_a_scan_finds_nobody_new),
        cmocka_unit_test(test_found_records_come_and_go),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
