/* SPDX-License-Identifier: Apache-2.0 */
/* How much room an array gets, and that a refusal leaves it as it was. */
#include "core/base/grow.h"

#include <stdlib.h>

#include "tests/unit/base/tests.h"

static void
test_rooms(void **state)
{
    static const struct {
        size_t cap;
        size_t need;
        size_t grown;
    } cases[] = {
        { 0, 0, 16 },    { 0, 1, 16 },   { 0, 16, 16 }, { 0, 17, 17 },
        { 7, 8, 16 },    { 8, 9, 16 },   { 9, 10, 18 }, { 16, 16, 16 },
        { 16, 17, 32 },  { 16, 33, 33 }, { 1, 1, 1 },   { 100, 101, 200 },
        { 100, 1, 100 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(evprof_grown(cases[i].cap, cases[i].need),
                         cases[i].grown);
    }
}

static void
test_arrays(void **state)
{
    (void)state;
    size_t cap = 99; /* of nothing, as yet */
    uint64_t *items = evprof_grow(NULL, &cap, 1, sizeof(*items));
    assert_non_null(items);
    assert_int_equal(cap, 16);
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t *grown = evprof_grow(items, &cap, i + 1, sizeof(*items));
        assert_non_null(grown);
        assert_true(cap > i);
        items = grown;
        items[i] = i;
    }
    assert_int_equal(cap, 1024);
    assert_ptr_equal(evprof_grow(items, &cap, 1024, sizeof(*items)), items);
    assert_null(evprof_grow(items, &cap, PTRDIFF_MAX / 8 + 1, sizeof(*items)));
    assert_null(evprof_grow(items, &cap, SIZE_MAX, sizeof(*items)));
    assert_int_equal(cap, 1024);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(items[i], i);
    }
    free(items);
}

int
run_grow_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rooms),
        cmocka_unit_test(test_arrays),
    };
    return cmocka_run_group_tests_name("grow", tests, NULL, NULL);
}
