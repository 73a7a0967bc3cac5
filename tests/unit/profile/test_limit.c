/* SPDX-License-Identifier: Apache-2.0 */
/* What is folded keeps its sums, and what nobody has is dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/profile/builder.h"
#include "core/profile/limit.h"

enum { STACKS = 1000, KEPT = 10 };

static evprof_pprof_t *
make(void)
{
    evprof_pprof_t *p = NULL;
    evprof_builder_t *b = evprof_builder_new(0);
    assert_int_equal(evprof_builder_type(b, "samples", "count"), 0);
    assert_int_equal(evprof_builder_type(b, "cpu", "nanoseconds"), 0);
    for (uintptr_t i = 1; i <= STACKS; i++) {
        const uintptr_t pcs[] = { 0x1000 + i, 0x10 };
        const evprof_stack_t stack = { .pcs = pcs,
                                       .count = 2,
                                       .leaf_is_exact = true };
        const int64_t values[] = { 1, (int64_t)(i * 7919 % STACKS) };
        assert_int_equal(evprof_builder_add(b, &stack, NULL, 0, values), 0);
    }
    assert_int_equal(evprof_builder_finish(b, &p, NULL), 0);
    evprof_builder_free(b);
    return p;
}

static int64_t
sum(const evprof_pprof_t *p, size_t column)
{
    int64_t total = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        total += p->samples[i].values[column];
    }
    return total;
}

static void
test_fold(void **state)
{
    (void)state;
    evprof_pprof_t *p = make();
    const int64_t counts = sum(p, 0);
    const int64_t times = sum(p, 1);
    assert_int_equal(evprof_pprof_fold(p, STACKS), 0);
    assert_int_equal(evprof_pprof_fold(p, KEPT), STACKS - KEPT + 1);
    assert_int_equal(p->sample_count, KEPT);
    assert_int_equal(sum(p, 0), counts);
    assert_int_equal(sum(p, 1), times);
    /* The largest stay: 999 down to 991, in the order they had. */
    int64_t largest = 0;
    for (size_t i = 0; i < KEPT - 1; i++) {
        assert_in_range(p->samples[i].values[1], STACKS - KEPT + 1, STACKS - 1);
        largest += p->samples[i].values[1];
    }
    assert_int_equal(largest, 9 * 995);
    assert_int_equal(evprof_pprof_drop_unused(p), 0);
    /* The leaves of what is kept, and their caller. */
    assert_int_equal(p->location_count, KEPT);
    for (size_t i = 0; i < KEPT - 1; i++) {
        const uint32_t *stack = p->samples[i].locations;
        assert_in_range(p->locations[stack[0]].address, 0x1001,
                        0x1000 + STACKS);
        assert_int_equal(p->locations[stack[1]].address, 0xf);
    }
    assert_int_equal(evprof_pprof_mark_folded(p), 0);
    const evprof_sample_t *rest = &p->samples[KEPT - 1];
    assert_int_equal(rest->location_count, 1);
    const evprof_location_t *at = &p->locations[rest->locations[0]];
    assert_int_equal(at->address, 1);
    assert_string_equal(p->functions[at->lines[0].function].name,
                        "[beyond max_samples]");
    assert_int_equal(evprof_pprof_check(p, NULL), 0);
    evprof_pprof_free(p);
}

/* A difference weighs what it is without its sign, in the default column; of
 * equal ones the first stays. */
static void
test_fold_of_a_difference(void **state)
{
    (void)state;
    static const int64_t values[][2] = {
        { 1, 900 }, { 5, 0 }, { -5, 0 }, { 4, 0 }
    };
    evprof_pprof_t *p = NULL;
    evprof_builder_t *b = evprof_builder_new(0);
    assert_int_equal(evprof_builder_type(b, "samples", "count"), 0);
    assert_int_equal(evprof_builder_type(b, "cpu", "nanoseconds"), 0);
    assert_int_equal(evprof_builder_default_type(b, "samples"), 0);
    for (uintptr_t i = 0; i < 4; i++) {
        const uintptr_t pc = 0x1000 + i;
        const evprof_stack_t stack = { &pc, 1, true };
        assert_int_equal(evprof_builder_add(b, &stack, NULL, 0, values[i]), 0);
    }
    assert_int_equal(evprof_builder_finish(b, &p, NULL), 0);
    evprof_builder_free(b);
    assert_int_equal(evprof_pprof_fold(p, 3), 2);
    assert_int_equal(p->samples[0].values[0], 5);
    assert_int_equal(p->samples[1].values[0], -5);
    assert_int_equal(p->samples[2].values[1], 900);
    assert_int_equal(evprof_pprof_fold(p, 2), 2);
    assert_int_equal(p->samples[0].values[0], 5);
    assert_int_equal(p->samples[1].values[0], 0);
    evprof_pprof_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold),
        cmocka_unit_test(test_fold_of_a_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
