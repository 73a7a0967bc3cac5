/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/index.h"

#include <stdlib.h>

#include <evprof/status.h>

#include "core/base/grow.h"

#include "tests/unit/base/tests.h"

static uint32_t
find(const evprof_index_t *index, const uint64_t *rows, uint64_t key)
{
    evprof_index_walk_t walk = evprof_index_walk(index, key);
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && rows[row] != key) {
        row = evprof_index_next(&walk);
    }
    return row;
}

static void
test_finds_what_was_added(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static uint64_t rows[COUNT];
    evprof_index_t index = { 0 };
    assert_int_equal(find(&index, rows, 1), EVPROF_INDEX_END);
    for (uint32_t i = 0; i < COUNT; i++) {
        rows[i] = (uint64_t)i * 4096;
        assert_int_equal(evprof_index_add(&index, rows[i], i), EVPROF_OK);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(find(&index, rows, rows[i]), i);
        assert_int_equal(find(&index, rows, rows[i] + 1), EVPROF_INDEX_END);
    }
    assert_true(evprof_index_bytes(&index) >= (size_t)COUNT * 16);
    evprof_index_free(&index);
    assert_int_equal(evprof_index_bytes(&index), 0);
}

static void
test_equal_hashes_are_all_walked(void **state)
{
    (void)state;
    evprof_index_t index = { 0 };
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(evprof_index_add(&index, 42, i), EVPROF_OK);
    }
    evprof_index_walk_t walk = evprof_index_walk(&index, 42);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(evprof_index_next(&walk), i);
    }
    assert_int_equal(evprof_index_next(&walk), EVPROF_INDEX_END);
    evprof_index_free(&index);
}

static void
test_arrays_grow(void **state)
{
    (void)state;
    size_t cap = 0;
    int *items = evprof_grow(NULL, &cap, 1, sizeof(*items));
    assert_non_null(items);
    assert_true(cap >= 1);
    items[0] = 7;
    items = evprof_grow(items, &cap, 1000, sizeof(*items));
    assert_non_null(items);
    assert_true(cap >= 1000);
    assert_int_equal(items[0], 7);
    size_t before = cap;
    assert_null(evprof_grow(items, &cap, SIZE_MAX / 2, sizeof(*items)));
    assert_int_equal(cap, before);
    free(items);
}

int
run_index_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_what_was_added),
        cmocka_unit_test(test_equal_hashes_are_all_walked),
        cmocka_unit_test(test_arrays_grow),
    };
    return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
