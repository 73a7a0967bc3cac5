/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread of ours begins with, what is left when it cannot be made, and
 * that a program ends once. */
#include "core/base/own_thread.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/lock.h"
#include "tests/unit/base/tests.h"

/* The linker gives the library's calls of pthread_create() to
 * __wrap_pthread_create(). */
int __real_pthread_create(pthread_t *out, const pthread_attr_t *attr,
                          void *(*routine)(void *), void *arg);
int __wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr,
                          void *(*routine)(void *), void *arg);

static int refusal;
static void *(*last_routine)(void *);
static size_t last_stack;

int
__wrap_pthread_create(pthread_t *out, const pthread_attr_t *attr,
                      void *(*routine)(void *), void *arg)
{
    if (refusal != 0) {
        return refusal;
    }
    last_routine = routine;
    if (attr != NULL) {
        assert_int_equal(pthread_attr_getstacksize(attr, &last_stack), 0);
    }
    return __real_pthread_create(out, attr, routine, arg);
}

/* What the thread has seen of itself. */
typedef struct seen {
    char name[16];
    sigset_t blocked;
    bool has_begun; /* before it ran */
} seen_t;

static bool has_begun;

static void
note_begin(void)
{
    has_begun = true;
}

static void *
look(void *arg)
{
    seen_t *seen = arg;
    seen->has_begun = has_begun;
    pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
    pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
    return arg;
}

static void
check_signals(const sigset_t *blocked)
{
    static const int kept[] = { SIGPROF, SIGSEGV, SIGBUS,  SIGFPE,
                                SIGILL,  SIGABRT, SIGTRAP, SIGSYS };
    static const int others[] = { SIGINT,  SIGTERM, SIGHUP,  SIGCHLD,
                                  SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE };
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        assert_int_equal(sigismember(blocked, kept[i]), 0);
        assert_int_equal(sigismember(blocked, others[i]), 1);
    }
}

/* Whether the calling thread blocks what it blocked before. */
static bool
has_mask(const sigset_t *before)
{
    sigset_t now;
    bool is_same = true;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    for (int number = 1; number < NSIG; number++) {
        is_same =
            is_same && sigismember(&now, number) == sigismember(before, number);
    }
    return is_same;
}

static void
test_each_thread(void **state)
{
    (void)state;
    sigset_t before;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    for (int i = 0; i < EVPROF_OWN_THREADS; i++) {
        const enum evprof_own_thread which = (enum evprof_own_thread)i;
        const evprof_own_thread_row_t *row = evprof_own_thread_row(which);
        seen_t seen = { .name = "" };
        pthread_t thread;
        void *result = NULL;
        has_begun = false;
        evprof_own_thread_on_begin(i % 2 == 0 ? note_begin : NULL);
        assert_int_equal(evprof_own_thread_start(which, &thread, look, &seen),
                         0);
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_ptr_equal(result, &seen);
        assert_int_equal(seen.has_begun, i % 2 == 0);
        assert_true(strlen(row->name) <= 15);
        assert_string_equal(seen.name, row->name);
        assert_true(last_stack > row->stack_bytes);
        check_signals(&seen.blocked);
        assert_true(evprof_own_thread_is(last_routine));
    }
    evprof_own_thread_on_begin(NULL);
    assert_false(evprof_own_thread_is(look));
    assert_true(has_mask(&before));
}

static void
test_refused(void **state)
{
    (void)state;
    sigset_t before;
    pthread_t thread;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    refusal = EAGAIN;
    assert_int_equal(
        evprof_own_thread_start(EVPROF_OWN_WORKER, &thread, look, NULL),
        EAGAIN);
    refusal = 0;
    assert_true(has_mask(&before));
}

/* ---- The end of a program whose main() has left ---- */

enum { ENDS_ONCE = 7 };

static pthread_t waiting;
static _Atomic uint32_t has_left;

static void *
await_end(void *arg)
{
    evprof_futex_await(&has_left, 0, 0);
    return arg;
}

static void *
do_nothing(void *arg)
{
    return arg;
}

/* One of our threads ends while exit() runs, and one is made. */
static void
use_threads_at_end(void)
{
    pthread_t thread;
    atomic_store(&has_left, 1);
    evprof_futex_wake(&has_left);
    pthread_join(waiting, NULL);
    if (evprof_own_thread_start(EVPROF_OWN_WORKER, &thread, do_nothing, NULL) ==
        0) {
        pthread_join(thread, NULL);
        _exit(ENDS_ONCE);
    }
}

static void
leave_main(void)
{
    if (atexit(use_threads_at_end) == 0 &&
        evprof_own_thread_start(EVPROF_OWN_WORKER, &waiting, await_end, NULL) ==
            0) {
        pthread_exit(NULL);
    }
}

static void
test_end(void **state)
{
    (void)state;
    int status = 0;
#ifdef __SANITIZE_THREAD__
    skip(); /* it has a thread of its own, which does not end */
#endif
    if (dlsym(RTLD_DEFAULT, "__nptl_nthreads") == NULL) {
        skip(); /* there ours are counted, and such a program does not end */
    }
    pid_t child = fork();
    if (child == 0) {
        leave_main();
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), ENDS_ONCE);
}

int
run_own_thread_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_thread),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_end),
    };
    return cmocka_run_group_tests_name("own thread", tests, NULL, NULL);
}
