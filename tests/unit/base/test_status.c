/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of failures, and the texts of numbers. */
#include "core/base/error.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/base/tests.h"

static void
test_failures(void **state)
{
    (void)state;
    evprof_error_t err = { .status = 0 };
    char wide[2 * sizeof(err.message)];
    assert_int_equal(evprof_fail(NULL, EVPROF_EIO, "x"), EVPROF_EIO);
    assert_int_equal(evprof_fail(&err, EVPROF_ENOMEM, "%s: %d", "a", 7),
                     EVPROF_ENOMEM);
    assert_int_equal(err.status, EVPROF_ENOMEM);
    assert_string_equal(err.message, "a: 7");
    memset(wide, 'w', sizeof(wide));
    wide[sizeof(wide) - 1] = '\0';
    assert_int_equal(evprof_fail(&err, EVPROF_EIO, "%s", wide), EVPROF_EIO);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
}

static void
test_texts_of_the_system(void **state)
{
    (void)state;
    char text[EVPROF_ERRNO_TEXT_SIZE];
    char small[5];
    assert_string_equal(evprof_errno_text(ENOENT, text, sizeof(text)),
                        "no such file or directory");
    assert_ptr_equal(evprof_errno_text(EIO, text, sizeof(text)), text);
    assert_string_equal(evprof_errno_text(4242, text, sizeof(text)),
                        "error 4242");
    assert_string_equal(evprof_errno_text(ENOENT, small, sizeof(small)),
                        "no s");
}

static void
test_texts_of_statuses(void **state)
{
    (void)state;
#define CHECK_TEXT(name, value, text)                                          \
    assert_string_equal(evprof_status_text(value), text);
    EVPROF_STATUS_MAP(CHECK_TEXT)
    assert_string_equal(evprof_status_text(1), "unknown status");
    assert_string_equal(evprof_status_text(-4242), "unknown status");
}

int
run_status_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_texts_of_the_system),
        cmocka_unit_test(test_texts_of_statuses),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
