/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals as fast as they can be queued into threads that do what a handler
 * must not wait for: load and unload objects, throw, allocate. A handler that
 * takes a lock of these never returns, and the counts below are not reached.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/e2e/sample/scene.h"

enum {
    LOADERS = 2,
    LOADS = SCENE_IS_TSAN ? 100 : 3000,
    THROWS = SCENE_IS_TSAN ? 1000 : 10000,
    STACKS = SCENE_IS_TSAN ? 500 : 5000,
    /* libunwind 1.6.2 in the handler hangs before this, three times of three.
     */
    LOADER_STACKS = SCENE_IS_TSAN ? 500 : 20000,
};

static const char *
dso_path(int number)
{
    static const char *const paths[] = {
        DSO_DIRECTORY "/storm_dso1.so",
        DSO_DIRECTORY "/storm_dso2.so",
        DSO_DIRECTORY "/storm_dso3.so",
        DSO_DIRECTORY "/storm_dso4.so",
    };
    return paths[number % 4];
}

/* Each loader has two objects of its own, so that every close unloads. */
static void
load_once(int number)
{
    void *handle = dlopen(dso_path(number), RTLD_NOW);
    assert_non_null(handle);
    void *symbol = dlsym(handle, "storm_answer");
    int (*answer)(int);
    memcpy(&answer, &symbol, sizeof(answer));
    assert_int_equal(answer(41), 42);
    dlclose(handle);
    assert_null(dlopen(dso_path(number), RTLD_NOW | RTLD_NOLOAD));
}

static void *
load_objects(void *arg)
{
    const int first = *(const int *)arg;
    for (int i = 0; i < LOADS || scene_storm_count() < LOADER_STACKS; i++) {
        load_once(first + i % 2);
    }
    return NULL;
}

static void
test_handlers_do_not_wait_for_the_loader(void **state)
{
    (void)state;
    pthread_t threads[LOADERS];
    int firsts[LOADERS] = { 0, 2 };
    for (int i = 0; i < 4; i++) {
        assert_null(dlopen(dso_path(i), RTLD_NOW | RTLD_NOLOAD));
    }
    scene_storm_begin();
    for (int i = 0; i < LOADERS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, load_objects, &firsts[i]), 0);
    }
    for (int i = 0; i < LOADERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(scene_storm_end() >= LOADER_STACKS);
}

static void
test_handlers_do_not_wait_for_exceptions(void **state)
{
    (void)state;
    assert_null(dlopen(DSO_DIRECTORY "/throw_dso.so", RTLD_NOW | RTLD_NOLOAD));
    void *plugin = dlopen(DSO_DIRECTORY "/throw_dso.so", RTLD_NOW);
    assert_non_null(plugin);
    void *symbol = dlsym(plugin, "throw_and_catch");
    int (*throw_and_catch)(int);
    memcpy(&throw_and_catch, &symbol, sizeof(throw_and_catch));
    scene_storm_begin();
    for (int i = 0; i < THROWS || scene_storm_count() < STACKS; i++) {
        assert_int_equal(throw_and_catch(8), -1);
    }
    assert_true(scene_storm_end() >= STACKS);
    dlclose(plugin);
}

static void *
allocate(void *arg)
{
    (void)arg;
    unsigned seed = 1;
    for (int i = 0; i < 20000 || scene_storm_count() < STACKS; i++) {
        seed = seed * 1103515245u + 12345u;
        char *block = malloc(1 + seed % 100000);
        assert_non_null(block);
        block[0] = (char)i;
        free(block);
    }
    return NULL;
}

static void
test_handlers_do_not_wait_for_the_allocator(void **state)
{
    (void)state;
    pthread_t threads[2];
    scene_storm_begin();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, allocate, NULL), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(scene_storm_end() >= STACKS);
}

static _Atomic int chained;

static void
spoil_errno(int signum)
{
    (void)signum;
    atomic_fetch_add(&chained, 1);
    errno = EOVERFLOW;
}

/* The handler that stood before ours is called for signals that are not ours,
 * and even if it changes errno the interrupted code does not notice. */
static void
test_errno_survives(void **state)
{
    (void)state;
    struct sigaction spoiler = { .sa_handler = spoil_errno };
    struct sigaction before;
    assert_int_equal(sigaction(SIGPROF, &spoiler, &before), 0);
    atomic_store(&chained, 0);
    scene_storm_begin();
    for (int i = 0; atomic_load(&chained) < 500 || scene_storm_count() < STACKS;
         i++) {
        errno = i & 0xff;
        if (i % 64 == 0) {
            syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGPROF);
        }
        for (volatile int spin = 0; spin < 50; spin++) {
        }
        assert_int_equal(errno, i & 0xff);
    }
    assert_true(scene_storm_end() >= STACKS);
    assert_true(atomic_load(&chained) >= 500);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handlers_do_not_wait_for_the_loader),
        cmocka_unit_test(test_handlers_do_not_wait_for_exceptions),
        cmocka_unit_test(test_handlers_do_not_wait_for_the_allocator),
        cmocka_unit_test(test_errno_survives),
    };
    return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}
