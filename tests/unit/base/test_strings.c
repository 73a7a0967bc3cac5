/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/strings.h"

#include <stdio.h>

#include "tests/unit/base/tests.h"

static void
test_equal_strings_have_one_address(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    evprof_strings_t set = { 0 };
    static const char *first[COUNT];
    char text[32];
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof(text), "string %d", i);
        first[i] = evprof_strings_intern(&set, text);
        assert_string_equal(first[i], text);
    }
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof(text), "string %d", i);
        assert_ptr_equal(evprof_strings_intern(&set, text), first[i]);
    }
    assert_int_equal(set.count, COUNT);
    evprof_strings_free(&set);
}

static void
test_length_is_part_of_a_string(void **state)
{
    (void)state;
    evprof_strings_t set = { 0 };
    const char *a = evprof_strings_add(&set, "a\0b", 3);
    const char *b = evprof_strings_add(&set, "a", 1);
    const char *c = evprof_strings_add(&set, "a\0", 2);
    assert_ptr_not_equal(a, b);
    assert_ptr_not_equal(b, c);
    assert_ptr_equal(evprof_strings_add(&set, "a\0b", 3), a);
    assert_string_equal(evprof_strings_add(&set, NULL, 0), "");
    evprof_strings_free(&set);
}

int
run_strings_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_strings_have_one_address),
        cmocka_unit_test(test_length_is_part_of_a_string),
    };
    return cmocka_run_group_tests_name("strings", tests, NULL, NULL);
}
