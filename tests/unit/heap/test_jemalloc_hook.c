/* SPDX-License-Identifier: Apache-2.0 */
/* The backtrace hook with an unwinder that gives out made-up stacks. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/heap/jemalloc_hook.h"

#define MAX_STACKS ((size_t)64)
#define DEPTH 20u

static _Thread_local uintptr_t wanted;

/* A stack of DEPTH frames that only its root tells from the others. */
static void
walk_made_up(evprof_walk_t *walk, const struct evprof_regs *regs, size_t skip)
{
    (void)regs;
    (void)skip;
    walk->count = 0;
    while (walk->count < DEPTH && walk->count < walk->max) {
        walk->pcs[walk->count] = 0x1001 + walk->count;
        walk->count++;
    }
    walk->pcs[walk->count - 1] = 0x100000 + wanted;
}

static const evprof_unwinder_t made_up = { .name = "made up",
                                           .is_signal_safe = true,
                                           .walk_regs = walk_made_up };

static unsigned
take(uintptr_t which, void **out)
{
    unsigned len = 0;
    wanted = which;
    evprof_jemalloc_hook(out, &len, 128);
    return len;
}

static uintptr_t
last_of(void *const *stack, unsigned len)
{
    return (uintptr_t)stack[len - 1];
}

static void
test_bounded_stacks(void **state)
{
    (void)state;
    void *stack[128];
    uintptr_t marker = (uintptr_t)&evprof_heap_more_stacks + 1;
    evprof_jemalloc_stats_t stats;
    assert_int_equal(evprof_jemalloc_hook_prepare(&made_up, MAX_STACKS), 0);
    for (uintptr_t i = 0; i < MAX_STACKS; i++) {
        assert_int_equal(take(i, stack), DEPTH);
        assert_int_equal(last_of(stack, DEPTH), 0x100000 + i);
    }
    /* Later ones all look the same: one more for jemalloc to keep. */
    for (uintptr_t i = MAX_STACKS; i < 10 * MAX_STACKS; i++) {
        unsigned len = take(i, stack);
        assert_true(len > 1 && len < DEPTH);
        assert_int_equal(last_of(stack, len), marker);
        assert_int_equal((uintptr_t)stack[0], 0x1001);
    }
    /* Those that were there first stay whole. */
    assert_int_equal(take(3, stack), DEPTH);
    evprof_jemalloc_hook_stats(&stats);
    assert_int_equal(stats.stacks, MAX_STACKS + 1);
    assert_int_equal(stats.max_stacks, MAX_STACKS);
    assert_int_equal(stats.samples, 10 * MAX_STACKS + 1);
    assert_int_equal(stats.shortened, 9 * MAX_STACKS);
}

static void
test_bound_is_raised(void **state)
{
    (void)state;
    void *stack[128];
    evprof_jemalloc_stats_t stats;
    size_t more = 100 * MAX_STACKS;
    assert_int_equal(evprof_jemalloc_hook_prepare(&made_up, more), 0);
    for (uintptr_t i = 0; i < 10 * MAX_STACKS; i++) {
        assert_int_equal(take(i, stack), DEPTH);
    }
    evprof_jemalloc_hook_stats(&stats);
    assert_int_equal(stats.stacks, 10 * MAX_STACKS + 1);
}

static void *
take_many(void *arg)
{
    void *stack[128];
    (void)arg;
    for (uintptr_t i = 0; i < 4000; i++) {
        (void)take(50000 + i, stack);
    }
    return NULL;
}

static void
test_threads_agree(void **state)
{
    (void)state;
    pthread_t threads[4];
    evprof_jemalloc_stats_t before;
    evprof_jemalloc_stats_t after;
    assert_int_equal(evprof_jemalloc_hook_prepare(&made_up, 100000), 0);
    evprof_jemalloc_hook_stats(&before);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, NULL), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    evprof_jemalloc_hook_stats(&after);
    assert_int_equal(after.stacks - before.stacks, 4000);
    assert_int_equal(after.samples - before.samples, 16000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounded_stacks),
        cmocka_unit_test(test_bound_is_raised),
        cmocka_unit_test(test_threads_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
