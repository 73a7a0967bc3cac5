/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/name_list.h"

#include "tests/unit/base/tests.h"

static void
test_names_are_copied_and_sorted(void **state)
{
    (void)state;
    evprof_name_list_t list = { 0 };
    char name[] = "b10";
    evprof_name_list_sort(&list);
    for (int i = 0; i < 100; i++) {
        name[1] = (char)('9' - i / 10);
        name[2] = (char)('9' - i % 10);
        assert_int_equal(evprof_name_list_add(&list, name), 0);
    }
    assert_int_equal(evprof_name_list_add(&list, "B"), 0);
    evprof_name_list_sort(&list);
    assert_int_equal(list.count, 101);
    assert_string_equal(list.items[0], "B");
    assert_string_equal(list.items[1], "b00");
    assert_string_equal(list.items[100], "b99");
    evprof_name_list_free(&list);
    assert_int_equal(list.count, 0);
    assert_null(list.items);
    evprof_name_list_free(&list);
}

int
run_name_list_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_copied_and_sorted),
    };
    return cmocka_run_group_tests_name("name_list", tests, NULL, NULL);
}
