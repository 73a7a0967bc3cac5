/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of mutex gives its POSIX results, switched off and switched on. */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/emulated.h"
#include "tests/unit/interpose/tests.h"

static int
switched_off(void **state)
{
    (void)state;
    record_nothing();
    return 0;
}

static int
switched_on(void **state)
{
    (void)state;
    record_all();
    return 0;
}

static pthread_mutex_t
make_mutex(int type, int robust, int protocol, int shared)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t mutex;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type);
    pthread_mutexattr_setrobust(&attr, robust);
    pthread_mutexattr_setprotocol(&attr, protocol);
    pthread_mutexattr_setpshared(&attr, shared);
    assert_int_equal(pthread_mutex_init(&mutex, &attr), 0);
    pthread_mutexattr_destroy(&attr);
    return mutex;
}

static void *
lock_and_unlock(void *arg)
{
    pthread_mutex_t *mutex = arg;
    int error = pthread_mutex_lock(mutex);
    if (error == 0) {
        error = pthread_mutex_unlock(mutex);
    }
    return (void *)(intptr_t)error;
}

static void *
unlock_only(void *arg)
{
    return (void *)(intptr_t)pthread_mutex_unlock(arg);
}

/* Another thread waits until we give the mutex back. */
static void
let_one_wait(pthread_mutex_t *mutex)
{
    sleeper_t waiter;
    assert_int_equal(pthread_mutex_lock(mutex), 0);
    sleeper_start(&waiter, lock_and_unlock, mutex);
    await_asleep(&waiter);
    assert_int_equal(pthread_mutex_unlock(mutex), 0);
    assert_null(sleeper_join(&waiter));
}

static void
test_recursive(void **state)
{
    (void)state;
    SKIP_WITH_TSAN();
    pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    assert_int_equal(pthread_mutex_lock(&mutex), 0);
    assert_int_equal(pthread_mutex_lock(&mutex), 0);
    assert_int_equal(pthread_mutex_unlock(&mutex), 0);
    assert_int_equal(pthread_mutex_unlock(&mutex), 0);
    assert_int_equal(pthread_mutex_unlock(&mutex), EPERM);
    let_one_wait(&mutex);
}

static void
test_errorcheck(void **state)
{
    (void)state;
    SKIP_WITH_TSAN();
    pthread_mutex_t mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
    assert_int_equal(pthread_mutex_unlock(&mutex), EPERM);
    assert_int_equal(pthread_mutex_lock(&mutex), 0);
    assert_int_equal(pthread_mutex_lock(&mutex), EDEADLK);
    struct timespec until = soon(CLOCK_REALTIME);
    assert_int_equal(pthread_mutex_timedlock(&mutex, &until), EDEADLK);
    until = soon(CLOCK_MONOTONIC);
    assert_int_equal(pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &until),
                     EDEADLK);
    sleeper_t other;
    sleeper_start(&other, unlock_only, &mutex);
    assert_int_equal((intptr_t)sleeper_join(&other), EPERM);
    assert_int_equal(pthread_mutex_unlock(&mutex), 0);
    let_one_wait(&mutex);
}

static void
test_adaptive_and_priority_inheriting(void **state)
{
    (void)state;
    pthread_mutex_t adaptive = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
    let_one_wait(&adaptive);
    pthread_mutex_t inheriting =
        make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED,
                   PTHREAD_PRIO_INHERIT, PTHREAD_PROCESS_PRIVATE);
    let_one_wait(&inheriting);
    pthread_mutex_destroy(&inheriting);
}

static void *
lock_and_end(void *arg)
{
    return (void *)(intptr_t)pthread_mutex_lock(arg);
}

static void
test_robust(void **state)
{
    (void)state;
    SKIP_EMULATED("robust mutexes");
    SKIP_WITH_TSAN();
    pthread_mutex_t mutex =
        make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST,
                   PTHREAD_PRIO_NONE, PTHREAD_PROCESS_PRIVATE);
    sleeper_t owner;
    sleeper_start(&owner, lock_and_end, &mutex);
    assert_null(sleeper_join(&owner));
    assert_int_equal(pthread_mutex_lock(&mutex), EOWNERDEAD);
    assert_int_equal(pthread_mutex_consistent(&mutex), 0);
    assert_int_equal(pthread_mutex_unlock(&mutex), 0);
    let_one_wait(&mutex);
    sleeper_start(&owner, lock_and_end, &mutex);
    assert_null(sleeper_join(&owner));
    struct timespec until = soon(CLOCK_REALTIME);
    assert_int_equal(pthread_mutex_timedlock(&mutex, &until), EOWNERDEAD);
    assert_int_equal(pthread_mutex_unlock(&mutex), 0);
    /* For good, and at once. */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_mutex_lock(&mutex), ENOTRECOVERABLE);
        until = soon(CLOCK_REALTIME);
        assert_int_equal(pthread_mutex_timedlock(&mutex, &until),
                         ENOTRECOVERABLE);
    }
    pthread_mutex_destroy(&mutex);
}

static void *
try_only(void *arg)
{
    return (void *)(intptr_t)pthread_mutex_trylock(arg);
}

static int
try_elsewhere(pthread_mutex_t *mutex)
{
    sleeper_t other;
    sleeper_start(&other, try_only, mutex);
    return (int)(intptr_t)sleeper_join(&other);
}

static void
test_tries_of_each_type(void **state)
{
    (void)state;
    SKIP_WITH_TSAN();
    pthread_mutex_t normal = PTHREAD_MUTEX_INITIALIZER;
    assert_int_equal(pthread_mutex_trylock(&normal), 0);
    assert_int_equal(pthread_mutex_trylock(&normal), EBUSY);
    assert_int_equal(try_elsewhere(&normal), EBUSY);
    assert_int_equal(pthread_mutex_unlock(&normal), 0);
    pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    assert_int_equal(pthread_mutex_trylock(&recursive), 0);
    assert_int_equal(pthread_mutex_trylock(&recursive), 0);
    assert_int_equal(try_elsewhere(&recursive), EBUSY);
    assert_int_equal(pthread_mutex_unlock(&recursive), 0);
    assert_int_equal(pthread_mutex_unlock(&recursive), 0);
    pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
    assert_int_equal(pthread_mutex_trylock(&checking), 0);
    assert_int_equal(pthread_mutex_trylock(&checking), EBUSY);
    assert_int_equal(pthread_mutex_lock(&checking), EDEADLK);
    assert_int_equal(pthread_mutex_unlock(&checking), 0);
    SKIP_EMULATED("robust mutexes");
    pthread_mutex_t robust =
        make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST,
                   PTHREAD_PRIO_NONE, PTHREAD_PROCESS_PRIVATE);
    assert_int_equal(try_elsewhere(&robust), 0);
    assert_int_equal(pthread_mutex_trylock(&robust), EOWNERDEAD);
    assert_int_equal(pthread_mutex_consistent(&robust), 0);
    assert_int_equal(pthread_mutex_unlock(&robust), 0);
    pthread_mutex_destroy(&robust);
}

static void
test_timed_locks_time_out(void **state)
{
    (void)state;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    struct timespec until = soon(CLOCK_REALTIME);
    assert_int_equal(pthread_mutex_timedlock(&mutex, &until), 0);
    assert_int_equal(pthread_mutex_timedlock(&mutex, &until), ETIMEDOUT);
    until = soon(CLOCK_MONOTONIC);
    assert_int_equal(pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &until),
                     ETIMEDOUT);
    until.tv_nsec = -1;
    assert_int_equal(pthread_mutex_timedlock(&mutex, &until), EINVAL);
    assert_int_equal(pthread_mutex_trylock(&mutex), EBUSY);
    assert_int_equal(pthread_mutex_unlock(&mutex), 0);
}

static void
test_shared_between_processes(void **state)
{
    (void)state;
    SKIP_WITH_TSAN();
    SKIP_EMULATED("robust mutexes");
    pthread_mutex_t *mutex = mmap(NULL, sizeof(*mutex), PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(mutex, MAP_FAILED);
    *mutex = make_mutex(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST,
                        PTHREAD_PRIO_NONE, PTHREAD_PROCESS_SHARED);
    pid_t child = fork();
    if (child == 0) {
        _exit(pthread_mutex_lock(mutex));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(pthread_mutex_lock(mutex), EOWNERDEAD);
    assert_int_equal(pthread_mutex_unlock(mutex), 0);
    munmap(mutex, sizeof(*mutex));
}

/* A default mutex may be given back by another thread. */
static void
test_unlock_in_another_thread(void **state)
{
    (void)state;
    SKIP_WITH_TSAN();
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    sleeper_t waiter;
    sleeper_t other;
    assert_int_equal(pthread_mutex_lock(&mutex), 0);
    sleeper_start(&waiter, lock_and_unlock, &mutex);
    await_asleep(&waiter);
    sleeper_start(&other, unlock_only, &mutex);
    assert_null(sleeper_join(&other));
    assert_null(sleeper_join(&waiter));
}

static void
test_switched_in_the_middle(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
        sleeper_t waiter;
        round % 2 == 0 ? record_nothing() : record_all();
        assert_int_equal(pthread_mutex_lock(&mutex), 0);
        round / 2 == 0 ? record_nothing() : record_all();
        sleeper_start(&waiter, lock_and_unlock, &mutex);
        await_asleep(&waiter);
        round % 2 == 0 ? record_all() : record_nothing();
        assert_int_equal(pthread_mutex_unlock(&mutex), 0);
        round / 2 == 0 ? record_all() : record_nothing();
        assert_null(sleeper_join(&waiter));
    }
}

/* Memory of a mutex is gone as soon as the last owner has unlocked it. */
typedef struct node {
    pthread_mutex_t mutex;
    _Atomic int users;
} node_t;

static void *
use_and_free(void *arg)
{
    node_t *node = arg;
    pthread_mutex_lock(&node->mutex);
    bool is_last = atomic_fetch_sub(&node->users, 1) == 1;
    pthread_mutex_unlock(&node->mutex);
    if (is_last) {
        munmap(node, sizeof(*node));
    }
    return NULL;
}

static void
test_a_mutex_may_vanish_after_its_last_unlock(void **state)
{
    (void)state;
    record_all();
    for (int round = 0; round < 200; round++) {
        node_t *node = mmap(NULL, sizeof(*node), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(node, MAP_FAILED);
        pthread_mutex_init(&node->mutex, NULL);
        node->users = 2;
        pthread_t other;
        assert_int_equal(pthread_create(&other, NULL, use_and_free, node), 0);
        use_and_free(node);
        pthread_join(other, NULL);
    }
}

#define EACH_WAY(test)                                                         \
    cmocka_unit_test_setup(test, switched_off),                                \
        cmocka_unit_test_setup(test, switched_on)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        EACH_WAY(test_recursive),
        EACH_WAY(test_errorcheck),
        EACH_WAY(test_adaptive_and_priority_inheriting),
        EACH_WAY(test_robust),
        EACH_WAY(test_tries_of_each_type),
        EACH_WAY(test_timed_locks_time_out),
        EACH_WAY(test_shared_between_processes),
        EACH_WAY(test_unlock_in_another_thread),
        cmocka_unit_test(test_switched_in_the_middle),
        cmocka_unit_test(test_a_mutex_may_vanish_after_its_last_unlock),
    };
    return cmocka_run_group_tests_name("mutex", tests, NULL, NULL);
}
