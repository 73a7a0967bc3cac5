/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks of fork that other libraries have registered before ours: in the child
 * they run before anything of ours was put right, in the parent while a hook of
 * ours is still to come. They make threads, give back mutexes that threads of
 * the parent wait for, take a lock under which others unload plugins, and
 * unload some themselves.
 */
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/objects/objects.h"
#include "core/sample/contention.h"
#include "core/sample/threads.h"
#include "core/sample/waiters.h"
#include "tests/e2e/sample/scene.h"

/* What the hooks do; they are there in every fork of this program. */
static void (*in_child)(void);
static void (*in_parent)(void);
static void (*in_prepare)(void);

static void
run_prepare_hook(void)
{
    if (in_prepare != NULL) {
        in_prepare();
    }
}

static void
run_child_hook(void)
{
    if (in_child != NULL) {
        /* Ends a child that hangs. */
        alarm(30);
        in_child();
    }
}

static void
run_parent_hook(void)
{
    if (in_parent != NULL) {
        in_parent();
    }
}

/* Before the constructors without a priority, where ours registers. */
__attribute__((constructor(102))) static void
register_first(void)
{
    (void)pthread_atfork(run_prepare_hook, run_parent_hook, run_child_hook);
}

static int
forget_hooks(void **state)
{
    (void)state;
    in_child = NULL;
    in_parent = NULL;
    in_prepare = NULL;
    evprof_contention_set_mutex_fraction(0);
    return 0;
}

static int
wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

static atomic_int ran;

static void *
run(void *arg)
{
    atomic_fetch_add(&ran, evprof_thread_current != NULL);
    return arg;
}

static void
make_a_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, NULL) == 0) {
        pthread_join(thread, NULL);
    }
}

static pthread_t lasting;
static atomic_bool may_end;

static void *
last(void *arg)
{
    atomic_store(&ran, 1);
    while (!atomic_load(&may_end)) {
        sched_yield();
    }
    return arg;
}

static void
make_a_lasting_thread(void)
{
    (void)pthread_create(&lasting, NULL, last, NULL);
}

static void
test_a_parents_hook_makes_a_thread(void **state)
{
    (void)state;
    atomic_store(&ran, 0);
    in_parent = make_a_thread;
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(atomic_load(&ran), 1);
}

/* Its record is one of the child's, also after our own hook has run. */
static void
test_a_childs_hook_makes_a_thread(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    SCENE_SKIP("it is not itself before its own hook has run");
#endif
    atomic_store(&ran, 0);
    in_child = make_a_lasting_thread;
    pid_t child = fork();
    if (child == 0) {
        while (atomic_load(&ran) == 0) {
            sched_yield();
        }
        bool is_known = evprof_thread_count() == 2;
        make_a_thread();
        atomic_store(&may_end, true);
        pthread_join(lasting, NULL);
        _exit(is_known && atomic_load(&ran) == 2 && evprof_thread_count() == 1
                  ? 0
                  : 1);
    }
    assert_int_equal(wait_for(child), 0);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void
give_mutex_back(void)
{
    pthread_mutex_unlock(&mutex);
}

static atomic_int held;

/* In the middle of counting a waiter of the mutex, for the time of the fork. */
static void *
hold_the_guard(void *arg)
{
    evprof_waiters_t *bucket = evprof_waiters_of(&mutex);
    atomic_fetch_add(&bucket->count, 1);
    evprof_lock_enter(&bucket->guard);
    atomic_store(&held, 1);
    while (atomic_load(&held) == 1) {
        sched_yield();
    }
    evprof_lock_leave(&bucket->guard);
    atomic_fetch_sub(&bucket->count, 1);
    return arg;
}

static void
test_a_childs_hook_gives_a_contended_mutex_back(void **state)
{
    (void)state;
    pthread_t holder;
    evprof_contention_set_mutex_fraction(1);
    assert_int_equal(pthread_create(&holder, NULL, hold_the_guard, NULL), 0);
    pthread_mutex_lock(&mutex);
    while (atomic_load(&held) == 0) {
        sched_yield();
    }
    in_child = give_mutex_back;
    pid_t child = fork();
    if (child == 0) {
        _exit(pthread_mutex_trylock(&mutex));
    }
    atomic_store(&held, 2);
    pthread_join(holder, NULL);
    pthread_mutex_unlock(&mutex);
    assert_int_equal(wait_for(child), 0);
}

static void
load_and_unload(void)
{
    void *handle = dlopen(DSO_DIRECTORY "/storm_dso1.so", RTLD_NOW);
    if (handle == NULL || dlclose(handle) != 0) {
        abort();
    }
}

static pthread_mutex_t plugins = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_over;
static atomic_uint unloads;

static void
lock_plugins(void)
{
    pthread_mutex_lock(&plugins);
    load_and_unload();
}

static void
unlock_plugins(void)
{
    load_and_unload();
    pthread_mutex_unlock(&plugins);
}

static void *
unload_under_the_lock(void *arg)
{
    while (!atomic_load(&is_over)) {
        pthread_mutex_lock(&plugins);
        load_and_unload();
        pthread_mutex_unlock(&plugins);
        atomic_fetch_add(&unloads, 1);
        sched_yield();
    }
    return arg;
}

/* Neither the fork nor those who unload wait for each other for ever. */
static void
test_hooks_and_threads_unload_plugins_during_forks(void **state)
{
    (void)state;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
    SCENE_SKIP("its allocator is not fork-safe");
#endif
    pthread_t thread;
    alarm(60);
    assert_int_equal(evprof_objects_refresh(), 0);
    assert_int_equal(
        pthread_create(&thread, NULL, unload_under_the_lock, NULL), 0);
    in_prepare = lock_plugins;
    in_parent = unlock_plugins;
    in_child = unlock_plugins;
    for (int i = 0; i < 200; i++) {
        pid_t child = fork();
        if (child == 0) {
            _exit(0);
        }
        assert_int_equal(wait_for(child), 0);
    }
    while (atomic_load(&unloads) == 0) {
        sched_yield();
    }
    atomic_store(&is_over, true);
    pthread_join(thread, NULL);
    alarm(0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_parents_hook_makes_a_thread,
                                  forget_hooks),
        cmocka_unit_test_teardown(test_a_childs_hook_makes_a_thread,
                                  forget_hooks),
        cmocka_unit_test_teardown(
            test_a_childs_hook_gives_a_contended_mutex_back, forget_hooks),
        cmocka_unit_test_teardown(
            test_hooks_and_threads_unload_plugins_during_forks, forget_hooks),
    };
    return cmocka_run_group_tests_name("fork_hooks", tests, NULL, NULL);
}
