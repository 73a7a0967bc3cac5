/* SPDX-License-Identifier: Apache-2.0 */
/* For how long a process has been there, by files as the kernel writes them. */
#include "core/base/process_age.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "tests/memory_file.h"
#include "tests/unit/base/tests.h"

static int64_t
age_by(const char *text)
{
    char path[MEMORY_FILE_PATH];
    int fd = memory_file(text, strlen(text), path);
    int64_t age_ns = evprof_process_age_ns(path);
    close(fd);
    return age_ns;
}

#define UP_TO_THE_START                                                        \
    "42 (a) S (b c) S 1 42 42 0 -1 4194304 9 0 0 0 0 0 0 0 20 0 1 0 "

static void
test_age(void **state)
{
    (void)state;
    const int64_t before = evprof_clock_ns(CLOCK_BOOTTIME);
    const int64_t age = age_by(UP_TO_THE_START "0 8192 1\n");
    assert_true(age >= before);
    assert_true(age <= evprof_clock_ns(CLOCK_BOOTTIME));
    /* The clock of another machine, or its own rounded up. */
    assert_int_equal(age_by(UP_TO_THE_START "9000000000 8192 1\n"), 0);
}

static void
test_no_age(void **state)
{
    (void)state;
    assert_int_equal(evprof_process_age_ns("/none/stat"), -1);
    assert_int_equal(age_by(""), -1);
    assert_int_equal(age_by("42 (a S 1 42"), -1);
    assert_int_equal(age_by("42 (a) S 1 42"), -1);
}

int
run_process_age_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_no_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
