/* SPDX-License-Identifier: Apache-2.0 */
#include "core/profile/builder.h"

#include <string.h>

#include "tests/unit/profile/tests.h"

static evprof_builder_t *
new_cpu_builder(size_t max_bytes)
{
    evprof_builder_t *b = evprof_builder_new(max_bytes);
    assert_non_null(b);
    assert_int_equal(evprof_builder_type(b, "samples", "count"), EVPROF_OK);
    assert_int_equal(evprof_builder_type(b, "cpu", "nanoseconds"), EVPROF_OK);
    assert_int_equal(evprof_builder_period(b, "cpu", "nanoseconds", 10000000),
                     EVPROF_OK);
    return b;
}

static int
add(evprof_builder_t *b, const evprof_stack_t *stack, const char *label,
    int64_t count)
{
    evprof_sample_label_t labels[] = { { .key = "route", .text = label } };
    int64_t values[] = { count, count * 10000000 };
    return evprof_builder_add(b, stack, labels, label == NULL ? 0 : 1, values);
}

/* The first two stacks are kept, the others only counted. */
static void
test_stacks_beyond_the_limit(void **state)
{
    (void)state;
    evprof_builder_t *b = new_cpu_builder(0);
    evprof_builder_limit(b, 2);
    for (uintptr_t i = 0; i < 5; i++) {
        uintptr_t pc = 0x1000 + i;
        evprof_stack_t stack = { &pc, 1, true };
        assert_int_equal(add(b, &stack, i == 4 ? "/a" : NULL, 1), EVPROF_OK);
        assert_int_equal(add(b, &stack, NULL, i < 2 ? 1 : 0), EVPROF_OK);
    }
    assert_int_equal(evprof_builder_folded(b), 6);
    evprof_pprof_t *p = NULL;
    assert_int_equal(evprof_builder_finish(b, &p, NULL), EVPROF_OK);
    assert_int_equal(p->sample_count, 3);
    assert_int_equal(p->samples[0].values[0], 2);
    assert_int_equal(p->samples[1].values[0], 2);
    assert_int_equal(p->samples[2].values[0], 3);
    assert_int_equal(p->samples[2].location_count, 0);
    evprof_pprof_free(p);
    evprof_builder_free(b);
}

static void
test_equal_stacks_become_one_sample(void **state)
{
    (void)state;
    evprof_builder_t *b = new_cpu_builder(0);
    uintptr_t pcs[] = { 0x1000, 0x2001, 0x3001 };
    evprof_stack_t stack = { pcs, 3, true };
    assert_int_equal(add(b, &stack, NULL, 2), EVPROF_OK);
    assert_int_equal(add(b, &stack, "/a", 1), EVPROF_OK);
    assert_int_equal(add(b, &stack, NULL, 3), EVPROF_OK);
    assert_int_equal(add(b, &stack, "/a", 5), EVPROF_OK);

    evprof_pprof_t *p = NULL;
    assert_int_equal(evprof_builder_finish(b, &p, NULL), EVPROF_OK);
    assert_int_equal(p->sample_count, 2);
    assert_int_equal(p->samples[0].values[0], 5);
    assert_int_equal(p->samples[0].values[1], 50000000);
    assert_int_equal(p->samples[0].label_count, 0);
    assert_int_equal(p->samples[1].values[0], 6);
    assert_string_equal(p->samples[1].labels[0].key, "route");
    assert_string_equal(p->samples[1].labels[0].text, "/a");
    assert_int_equal(p->period, 10000000);
    assert_true(p->time_ns > 0);
    evprof_pprof_free(p);
    evprof_builder_free(b);
}

static void
test_a_return_address_means_the_call(void **state)
{
    (void)state;
    evprof_builder_t *b = new_cpu_builder(0);
    uintptr_t pcs[] = { 0x1000, 0x2001 };
    evprof_stack_t exact = { pcs, 2, true };
    evprof_stack_t call = { pcs, 2, false };
    assert_int_equal(add(b, &exact, NULL, 1), EVPROF_OK);
    assert_int_equal(add(b, &call, NULL, 1), EVPROF_OK);

    evprof_pprof_t *p = NULL;
    assert_int_equal(evprof_builder_finish(b, &p, NULL), EVPROF_OK);
    assert_int_equal(p->location_count, 3);
    const uint32_t *leaf_first = p->samples[0].locations;
    assert_int_equal(p->locations[leaf_first[0]].address, 0x1000);
    assert_int_equal(p->locations[leaf_first[1]].address, 0x2000);
    assert_int_equal(p->locations[p->samples[1].locations[0]].address, 0xfff);
    assert_int_equal(p->locations[0].mapping, EVPROF_NO_INDEX);
    evprof_pprof_free(p);
    evprof_builder_free(b);
}

static void
test_numeric_labels_tell_samples_apart(void **state)
{
    (void)state;
    evprof_builder_t *b = evprof_builder_new(0);
    assert_int_equal(evprof_builder_type(b, "space", "bytes"), EVPROF_OK);
    uintptr_t pcs[] = { 0x10 };
    evprof_stack_t stack = { pcs, 1, false };
    for (int64_t size = 16; size <= 32; size += 16) {
        evprof_sample_label_t label = { .key = "bytes", .number = size };
        assert_int_equal(evprof_builder_add(b, &stack, &label, 1, &size),
                         EVPROF_OK);
    }
    evprof_pprof_t *p = NULL;
    assert_int_equal(evprof_builder_finish(b, &p, NULL), EVPROF_OK);
    assert_int_equal(p->sample_count, 2);
    assert_null(p->samples[1].labels[0].text);
    assert_int_equal(p->samples[1].labels[0].number, 32);
    assert_string_equal(p->samples[1].labels[0].unit, "");
    evprof_pprof_free(p);
    evprof_builder_free(b);
}

static void
test_finish_leaves_an_empty_builder(void **state)
{
    (void)state;
    evprof_builder_t *b = new_cpu_builder(0);
    uintptr_t pcs[] = { 0x1000 };
    evprof_stack_t stack = { pcs, 1, true };
    assert_int_equal(add(b, &stack, NULL, 1), EVPROF_OK);
    assert_int_equal(evprof_builder_type(b, "late", "count"), EVPROF_ESTATE);
    evprof_pprof_t *p = NULL;
    assert_int_equal(evprof_builder_finish(b, &p, NULL), EVPROF_OK);
    evprof_pprof_free(p);

    assert_int_equal(add(b, &stack, NULL, 1), EVPROF_ESTATE);
    assert_int_equal(evprof_builder_finish(b, &p, NULL), EVPROF_OK);
    assert_int_equal(p->sample_count, 0);
    assert_int_equal(p->location_count, 0);
    assert_int_equal(p->type_count, 0);
    evprof_pprof_free(p);
    evprof_builder_free(b);
}

static void
test_memory_is_bounded(void **state)
{
    (void)state;
    enum { LIMIT = 256 * 1024 };
    evprof_builder_t *b = new_cpu_builder(LIMIT);
    uintptr_t pcs[8] = { 0 };
    evprof_stack_t stack = { pcs, 8, false };
    int status = EVPROF_OK;
    long added = 0;
    while (status == EVPROF_OK && added < 1000000) {
        pcs[0] = (uintptr_t)(added + 1) * 64;
        status = add(b, &stack, NULL, 1);
        added += status == EVPROF_OK;
    }
    assert_int_equal(status, EVPROF_ELIMIT);
    assert_in_range(added, 500, 5000);
    /* What is in already can still grow. */
    pcs[0] = 64;
    assert_int_equal(add(b, &stack, NULL, 1), EVPROF_OK);
    evprof_builder_free(b);
}

static void
test_comments_keep_their_order(void **state)
{
    (void)state;
    evprof_builder_t *b = new_cpu_builder(0);
    assert_int_equal(evprof_builder_comment(b, "lost %d", 3), EVPROF_OK);
    assert_int_equal(evprof_builder_comment(b, "# evprof: x"), EVPROF_OK);
    assert_int_equal(evprof_builder_default_type(b, "cpu"), EVPROF_OK);
    evprof_builder_time(b, 7, 9);
    evprof_pprof_t *p = NULL;
    assert_int_equal(evprof_builder_finish(b, &p, NULL), EVPROF_OK);
    assert_int_equal(p->comment_count, 2);
    assert_string_equal(p->comments[0], "lost 3");
    assert_string_equal(p->comments[1], "# evprof: x");
    assert_string_equal(p->default_type, "cpu");
    assert_int_equal(p->time_ns, 7);
    assert_int_equal(p->duration_ns, 9);
    evprof_pprof_free(p);
    evprof_builder_free(b);
}

/* A difference of two snapshots: what is equal cancels out, what is new or gone
 * stays, in all columns. */
static void
test_a_snapshot_is_subtracted(void **state)
{
    (void)state;
    evprof_builder_t *b = new_cpu_builder(0);
    uintptr_t pcs[] = { 0x1000, 0x2000, 0x3000 };
    const evprof_stack_t stacks[] = { { &pcs[0], 1, true },
                                      { &pcs[1], 1, true },
                                      { &pcs[2], 1, true } };
    const int64_t only_time[] = { 0, 5 };
    assert_int_equal(add(b, &stacks[0], NULL, 4), EVPROF_OK);
    assert_int_equal(add(b, &stacks[1], NULL, 7), EVPROF_OK);
    assert_int_equal(evprof_builder_comment(b, "of the first"), EVPROF_OK);
    evprof_builder_subtract(b);
    assert_int_equal(evprof_builder_type(b, "samples", "count"), EVPROF_OK);
    assert_int_equal(evprof_builder_type(b, "cpu", "nanoseconds"), EVPROF_OK);
    assert_int_equal(add(b, &stacks[0], NULL, 4), EVPROF_OK);
    assert_int_equal(add(b, &stacks[1], NULL, 9), EVPROF_OK);
    assert_int_equal(evprof_builder_add(b, &stacks[2], NULL, 0, only_time),
                     EVPROF_OK);
    evprof_pprof_t *p = NULL;
    assert_int_equal(evprof_builder_finish(b, &p, NULL), EVPROF_OK);
    assert_int_equal(p->comment_count, 0);
    assert_int_equal(p->type_count, 2);
    assert_int_equal(p->sample_count, 2);
    assert_int_equal(p->samples[0].values[0], 2);
    assert_int_equal(p->samples[0].values[1], 20000000);
    assert_int_equal(p->samples[1].values[0], 0);
    assert_int_equal(p->samples[1].values[1], 5);
    evprof_pprof_free(p);
    evprof_builder_free(b);
}

static void
test_a_second_snapshot_has_the_same_columns(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *unit;
    } wrong[] = { { "cpu", "nanoseconds" },
                  { "samples", "bytes" },
                  { "sample", "count" } };
    evprof_builder_t *b = new_cpu_builder(0);
    evprof_builder_subtract(b);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(evprof_builder_type(b, wrong[i].type, wrong[i].unit),
                         EVPROF_ESTATE);
    }
    assert_int_equal(evprof_builder_type(b, "samples", "count"), EVPROF_OK);
    assert_int_equal(evprof_builder_type(b, "samples", "count"), EVPROF_ESTATE);
    assert_int_equal(evprof_builder_type(b, "cpu", "nanoseconds"), EVPROF_OK);
    assert_int_equal(evprof_builder_type(b, "cpu", "nanoseconds"),
                     EVPROF_ESTATE);
    evprof_builder_free(b);
}

/* Only differences drop them: a stack that was seen is told. */
static void
test_zeros_of_one_snapshot_stay(void **state)
{
    (void)state;
    evprof_builder_t *b = new_cpu_builder(0);
    uintptr_t pcs[] = { 0 };
    evprof_stack_t stack = { pcs, 1, false };
    assert_int_equal(add(b, &stack, NULL, 0), EVPROF_OK);
    evprof_pprof_t *p = NULL;
    assert_int_equal(evprof_builder_finish(b, &p, NULL), EVPROF_OK);
    assert_int_equal(p->sample_count, 1);
    assert_int_equal(p->locations[0].address, 0);
    assert_int_equal(p->locations[0].id, 1);
    evprof_pprof_free(p);
    evprof_builder_free(b);
}

int
run_builder_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_stacks_become_one_sample),
        cmocka_unit_test(test_stacks_beyond_the_limit),
        cmocka_unit_test(test_a_return_address_means_the_call),
        cmocka_unit_test(test_numeric_labels_tell_samples_apart),
        cmocka_unit_test(test_finish_leaves_an_empty_builder),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_comments_keep_their_order),
        cmocka_unit_test(test_a_snapshot_is_subtracted),
        cmocka_unit_test(test_a_second_snapshot_has_the_same_columns),
        cmocka_unit_test(test_zeros_of_one_snapshot_stay),
    };
    return cmocka_run_group_tests_name("builder", tests, NULL, NULL);
}
