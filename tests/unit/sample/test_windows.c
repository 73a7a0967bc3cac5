/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows over one table: each has its own sums, memory is bounded over all,
 * and what no window counts any more is dropped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/sample/windows.h"

static uint32_t held;

static void
visit_held(void (*visit)(uint32_t *id, void *arg), void *arg)
{
    visit(&held, arg);
}

static evprof_windows_t windows;

static void
start(size_t max_bytes)
{
    windows = (evprof_windows_t){ .max_bytes = max_bytes, .held = visit_held };
    held = 0;
}

/* The stack of one pc. */
static uint32_t
stack_of(uintptr_t pc)
{
    const evprof_stack_t stack = { .pcs = &pc, .count = 1 };
    return evprof_windows_stack(&windows, &stack, NULL);
}

static int64_t
sum_of(const evprof_sample_window_t *window, uintptr_t pc)
{
    const uint32_t id = stack_of(pc);
    return id < window->room ? window->sums[id] : 0;
}

static void
test_each_has_its_own_sums(void **state)
{
    (void)state;
    evprof_sample_window_t a = { 0 };
    evprof_sample_window_t b = { 0 };
    start(1 << 20);
    assert_int_equal(evprof_windows_open(&windows, &a), EVPROF_OK);
    evprof_windows_add(&windows, &a, stack_of(1), 5);
    assert_int_equal(evprof_windows_open(&windows, &b), EVPROF_OK);
    for (uintptr_t pc = 1; pc <= 1000; pc++) {
        evprof_windows_add(&windows, &b, stack_of(pc), (int64_t)pc);
    }
    assert_int_equal(sum_of(&a, 1), 5);
    assert_int_equal(sum_of(&a, 1000), 0);
    assert_int_equal(sum_of(&b, 1000), 1000);
    assert_true(evprof_windows_have(&windows, &a));
    evprof_windows_close(&windows, &a);
    assert_false(evprof_windows_have(&windows, &a));
    evprof_windows_close(&windows, &b);
    assert_null(windows.table);
    assert_int_equal(windows.sums_bytes, 0);
}

static void
test_uncounted_stacks_are_dropped(void **state)
{
    (void)state;
    evprof_sample_window_t a = { 0 };
    evprof_sample_window_t b = { 0 };
    start(1 << 20);
    assert_int_equal(evprof_windows_open(&windows, &a), EVPROF_OK);
    assert_int_equal(evprof_windows_open(&windows, &b), EVPROF_OK);
    for (uintptr_t pc = 1; pc <= 1000; pc++) {
        evprof_windows_add(&windows, &a, stack_of(pc), 1);
    }
    evprof_windows_add(&windows, &b, stack_of(700), 7);
    evprof_windows_add(&windows, &b, stack_of(900), 9);
    held = stack_of(300);
    evprof_windows_close(&windows, &a);
    assert_int_equal(evprof_stacktable_size(windows.table), 3);
    assert_int_equal(stack_of(300), held);
    assert_int_equal(sum_of(&b, 300), 0);
    assert_int_equal(sum_of(&b, 700), 7);
    assert_int_equal(sum_of(&b, 900), 9);
    evprof_windows_close(&windows, &b);
}

/* What finds no room is summed apart, in each window, and nothing is lost. */
static void
test_memory_is_bounded_over_all(void **state)
{
    (void)state;
    enum { COUNT = 4, STACKS = 100000, CHUNK = 1 << 16 };
    evprof_sample_window_t w[COUNT] = { { 0 } };
    const size_t bound = 1 << 20;
    start(bound);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(evprof_windows_open(&windows, &w[i]), EVPROF_OK);
    }
    for (uintptr_t pc = 1; pc <= STACKS; pc++) {
        const uint32_t id = stack_of(pc);
        for (int i = 0; i < COUNT; i++) {
            evprof_windows_add(&windows, &w[i], id, 1);
        }
    }
    /* The table is asked before it takes another chunk of its arena. */
    assert_in_range(evprof_stacktable_bytes(windows.table) + windows.sums_bytes,
                    bound / 4, bound + CHUNK);
    for (int i = 0; i < COUNT; i++) {
        int64_t sum = 0;
        for (size_t id = 0; id < w[i].room; id++) {
            sum += w[i].sums[id];
        }
        assert_int_equal(sum, STACKS);
        assert_true(w[i].sums[0] > 0 && w[i].sums[0] < STACKS);
    }
    for (int i = 0; i < COUNT; i++) {
        evprof_windows_close(&windows, &w[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_has_its_own_sums),
        cmocka_unit_test(test_uncounted_stacks_are_dropped),
        cmocka_unit_test(test_memory_is_bounded_over_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
