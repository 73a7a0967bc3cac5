/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sample/stacktable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static evprof_stack_t
stack_of(const uintptr_t *pcs, size_t count)
{
    return (evprof_stack_t){ .pcs = pcs, .count = count };
}

static void
test_equal_stacks_are_summed(void **state)
{
    (void)state;
    uintptr_t pcs[] = { 1, 2, 3 };
    const evprof_stack_t stack = stack_of(pcs, 3);
    evprof_stacktable_t *table = evprof_stacktable_new(0);
    const uint32_t id = evprof_stacktable_add(table, &stack, NULL, 1.5, 10);
    assert_int_equal(id, 1);
    assert_int_equal(evprof_stacktable_add(table, &stack, NULL, 2, -3), id);
    pcs[0] = 99; /* the table has its own copy */
    const evprof_stack_sums_t sums = evprof_stacktable_get(table, id);
    assert_true(sums.count > 3.49 && sums.count < 3.51);
    assert_int_equal(sums.total, 7);
    assert_int_equal(sums.stack.count, 3);
    assert_int_equal(sums.stack.pcs[0], 1);
    assert_int_equal(evprof_stacktable_size(table), 1);
    evprof_stacktable_free(table);
}

static void
test_what_makes_stacks_differ(void **state)
{
    (void)state;
    const uintptr_t pcs[] = { 1, 2, 3 };
    static const evprof_label_set_t labels = { .count = 0 };
    evprof_stack_t stack = stack_of(pcs, 3);
    evprof_stacktable_t *table = evprof_stacktable_new(0);
    assert_int_equal(evprof_stacktable_add(table, &stack, NULL, 1, 0), 1);
    assert_int_equal(evprof_stacktable_add(table, &stack, &labels, 1, 0), 2);
    stack.leaf_is_exact = true;
    assert_int_equal(evprof_stacktable_add(table, &stack, NULL, 1, 0), 3);
    stack = stack_of(pcs, 2);
    assert_int_equal(evprof_stacktable_add(table, &stack, NULL, 1, 0), 4);
    stack = stack_of(NULL, 0);
    assert_int_equal(evprof_stacktable_add(table, &stack, NULL, 1, 0), 5);
    assert_int_equal(evprof_stacktable_add(table, &stack, NULL, 1, 0), 5);
    assert_ptr_equal(evprof_stacktable_get(table, 2).labels, &labels);
    evprof_stacktable_free(table);
}

static void
test_many_stacks_keep_their_sums(void **state)
{
    (void)state;
    enum { STACKS = 20000 };
    evprof_stacktable_t *table = evprof_stacktable_new(0);
    for (int round = 0; round < 2; round++) {
        for (uintptr_t i = 0; i < STACKS; i++) {
            const uintptr_t pcs[] = { i, i * 7, 5 };
            const evprof_stack_t stack = stack_of(pcs, 3);
            assert_int_equal(
                evprof_stacktable_add(table, &stack, NULL, 1, (int64_t)i),
                i + 1);
        }
    }
    assert_int_equal(evprof_stacktable_size(table), STACKS);
    for (uint32_t i = 0; i < STACKS; i++) {
        assert_int_equal(evprof_stacktable_get(table, i + 1).total, 2 * i);
    }
    evprof_stacktable_free(table);
}

/* Nothing is lost from the totals: what has no room is summed apart. */
static void
test_memory_is_bounded(void **state)
{
    (void)state;
    enum { STACKS = 50000, BOUND = 1 << 20 };
    evprof_stacktable_t *table = evprof_stacktable_new(BOUND);
    for (uintptr_t i = 0; i < STACKS; i++) {
        const uintptr_t pcs[] = { i, 1, 2, 3, 4, 5, 6, 7 };
        const evprof_stack_t stack = stack_of(pcs, 8);
        evprof_stacktable_add(table, &stack, NULL, 1, 10);
    }
    assert_true(evprof_stacktable_bytes(table) <= BOUND + 65536);
    const uint32_t size = evprof_stacktable_size(table);
    assert_true(size > 1000 && size < STACKS);
    int64_t sum = 0;
    for (uint32_t id = 0; id <= size; id++) {
        sum += evprof_stacktable_get(table, id).total;
    }
    assert_int_equal(sum, STACKS * 10);
    evprof_stacktable_free(table);
}

/* What fits exactly has room, what is larger by one address has none. */
static void
test_the_bound_is_exact(void **state)
{
    (void)state;
    const uintptr_t pcs[] = { 1, 2, 3, 4 };
    const evprof_stack_t first = stack_of(pcs, 4);
    const evprof_stack_t second = stack_of(pcs, 3);
    evprof_stacktable_t *table = evprof_stacktable_new(0);
    assert_int_equal(evprof_stacktable_add(table, &first, NULL, 1, 10), 1);
    const size_t bytes = evprof_stacktable_bytes(table);
    evprof_stacktable_limit(table, bytes + 2 * sizeof(pcs[0]));
    assert_int_equal(evprof_stacktable_add(table, &second, NULL, 1, 10), 0);
    assert_int_equal(evprof_stacktable_size(table), 1);
    assert_int_equal(evprof_stacktable_get(table, 0).total, 10);
    evprof_stacktable_limit(table, bytes + 3 * sizeof(pcs[0]));
    assert_int_equal(evprof_stacktable_add(table, &second, NULL, 1, 10), 2);
    /* What is known needs no room. */
    evprof_stacktable_limit(table, 1);
    assert_int_equal(evprof_stacktable_add(table, &first, NULL, 1, 10), 1);
    assert_int_equal(evprof_stacktable_get(table, 1).total, 20);
    evprof_stacktable_free(table);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_stacks_are_summed),
        cmocka_unit_test(test_what_makes_stacks_differ),
        cmocka_unit_test(test_many_stacks_keep_their_sums),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_the_bound_is_exact),
    };
    return cmocka_run_group_tests_name("stacktable", tests, NULL, NULL);
}
