/* SPDX-License-Identifier: Apache-2.0 */
/* Samples with one hash: content alone tells them apart. */
#include "core/profile/sample_key.h"

#include "tests/unit/profile/tests.h"

static const char cpu[] = "cpu";
static const char heap[] = "heap";
static const char none[] = "";

static evprof_label_t labels[] = {
    { .key = cpu, .text = heap, .unit = none },
    { .key = heap, .text = heap, .unit = none },
    { .key = cpu, .text = cpu, .unit = none },
    { .key = cpu, .number = 1, .unit = none },
    { .key = cpu, .number = 2, .unit = none },
    { .key = cpu, .number = 2, .unit = heap },
};
static uint32_t stack[] = { 1, 2, 3 };
static uint32_t other_stack[] = { 1, 2, 4 };

static evprof_sample_t samples[] = {
    { .locations = stack, .location_count = 3 },
    { .locations = stack, .location_count = 2 },
    { .locations = other_stack, .location_count = 3 },
    { .locations = stack,
      .location_count = 3,
      .labels = &labels[0],
      .label_count = 1 },
    { .locations = stack,
      .location_count = 3,
      .labels = &labels[1],
      .label_count = 1 },
    { .locations = stack,
      .location_count = 3,
      .labels = &labels[2],
      .label_count = 1 },
    { .locations = stack,
      .location_count = 3,
      .labels = &labels[3],
      .label_count = 1 },
    { .locations = stack,
      .location_count = 3,
      .labels = &labels[4],
      .label_count = 1 },
    { .locations = stack,
      .location_count = 3,
      .labels = &labels[5],
      .label_count = 1 },
    { .locations = stack,
      .location_count = 3,
      .labels = &labels[0],
      .label_count = 2 },
};

enum { COUNT = sizeof(samples) / sizeof(samples[0]), HASH = 7 };

static void
test_one_hash(void **state)
{
    evprof_index_t index = { 0 };
    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_null(evprof_sample_find(&index, samples, &samples[i], HASH));
        assert_int_equal(evprof_index_add(&index, HASH, i), EVPROF_OK);
        for (uint32_t j = 0; j <= i; j++) {
            assert_ptr_equal(
                evprof_sample_find(&index, samples, &samples[j], HASH),
                &samples[j]);
        }
    }
    evprof_index_free(&index);
}

int
run_sample_key_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_hash),
    };
    return cmocka_run_group_tests_name("sample_key", tests, NULL, NULL);
}
