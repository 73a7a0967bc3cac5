/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation is sampled, while other threads load and unload libraries
 * and a flood of SIGPROF lands in all of them: the walk of a heap sample must
 * neither wait for the loader nor mind being interrupted by a walk of the CPU
 * profile.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#define ALLOCATORS 2
#define LOADERS 2
#define ALLOCATIONS 20000u
#define SIGNALS 20000u

static atomic_bool is_over;
static atomic_uint loads;

static int
discard(void *ctx, const void *data, size_t len)
{
    (void)data;
    *(size_t *)ctx += len;
    return 0;
}

__attribute__((noinline)) static void
allocate(size_t depth, size_t size)
{
    if (depth > 0) {
        allocate(depth - 1, size);
        __asm__ volatile("");
        return;
    }
    void *volatile block = malloc(size);
    free(block);
}

static void *
run_allocator(void *arg)
{
    unsigned *done = arg;
    for (unsigned i = 0; i < ALLOCATIONS || !is_over; i++) {
        allocate(i % 20, 16 + i % 1000);
        *done = i;
    }
    return NULL;
}

static void *
run_loader(void *arg)
{
    while (!is_over) {
        void *handle = dlopen(arg, RTLD_NOW | RTLD_LOCAL);
        if (handle == NULL) {
            return NULL;
        }
        dlclose(handle);
        atomic_fetch_add(&loads, 1);
    }
    return arg;
}

static void
test_storm(void **state)
{
    (void)state;
    static char plugins[LOADERS][512] = { STORM_PLUGIN_A, STORM_PLUGIN_B };
    pthread_t threads[ALLOCATORS + LOADERS];
    unsigned done[ALLOCATORS] = { 0 };
    evprof_error_t err = { .message = "" };
    size_t cpu_bytes = 0;
    size_t heap_bytes = 0;
    evprof_writer_t cpu = { .write = discard, .ctx = &cpu_bytes };
    evprof_writer_t heap = { .write = discard, .ctx = &heap_bytes };
    evprof_t *prof = evprof_new(NULL, &err);
    assert_non_null(prof);
    /* jemalloc's own locks are contended too: recording them must not wait. */
    assert_int_equal(evprof_set_block_rate(prof, 1), 0);
    assert_true(evprof_set_mutex_fraction(prof, 1) >= 0);
    if (evprof_cpu_start(prof, &cpu, &err) != 0) {
        fail_msg("%s", err.message);
    }
    for (size_t i = 0; i < ALLOCATORS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, run_allocator, &done[i]), 0);
    }
    for (size_t i = 0; i < LOADERS; i++) {
        assert_int_equal(pthread_create(&threads[ALLOCATORS + i], NULL,
                                        run_loader, plugins[i]),
                         0);
    }
    for (unsigned i = 0; i < SIGNALS; i++) {
        pthread_kill(threads[i % (ALLOCATORS + LOADERS)], SIGPROF);
        if (i % 5000 == 0) {
            assert_int_equal(evprof_profile_write(evprof_lookup(prof, "heap"),
                                                  &heap, 0, &err),
                             0);
        }
    }
    is_over = true;
    for (size_t i = 0; i < ALLOCATORS + LOADERS; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_true(i < ALLOCATORS || result != NULL);
    }
    assert_int_equal(evprof_cpu_stop(prof, &err), 0);
    for (size_t i = 0; i < ALLOCATORS; i++) {
        assert_true(done[i] >= ALLOCATIONS - 1);
    }
    assert_true(loads > 0);
    assert_true(cpu_bytes > 0 && heap_bytes > 0);
    evprof_free(prof);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
