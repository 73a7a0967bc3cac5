/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <evprof/status.h>

#include "tests/unit/base/tests.h"

enum { LEN = 100000 };

static char path[64];

static int
make_file(void **state)
{
    (void)state;
    strcpy(path, "/tmp/evprof_read_XXXXXX");
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    for (int i = 0; i < LEN; i++) {
        (void)fputc('a' + i % 26, file);
    }
    return fclose(file);
}

static int
remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void
test_a_whole_file_is_appended(void **state)
{
    (void)state;
    evprof_buf_t out = { 0 };
    evprof_buf_puts(&out, "first ");
    errno = EINTR; /* of an earlier call */
    assert_int_equal(evprof_read_file(path, LEN, &out), EVPROF_OK);
    assert_int_equal(out.len, LEN + 6);
    assert_int_equal(strlen(out.data), out.len);
    for (int i = 0; i < LEN; i++) {
        assert_int_equal(out.data[i + 6], 'a' + i % 26);
    }
    evprof_buf_free(&out);
}

static void
test_a_file_beyond_the_bound_is_refused(void **state)
{
    (void)state;
    evprof_buf_t out = { 0 };
    assert_int_equal(evprof_read_file(path, LEN - 1, &out), EVPROF_ELIMIT);
    assert_true(out.len < LEN);
    assert_int_equal(strlen(out.data), out.len);
    evprof_buf_free(&out);
}

static void
test_files_of_proc_have_no_size(void **state)
{
    (void)state;
    evprof_buf_t out = { 0 };
    assert_int_equal(evprof_read_file("/proc/self/status", SIZE_MAX, &out),
                     EVPROF_OK);
    assert_non_null(strstr(out.data, "\nPid:"));
    evprof_buf_free(&out);
}

static void
test_what_cannot_be_read_is_told(void **state)
{
    (void)state;
    evprof_buf_t out = { 0 };
    assert_int_equal(evprof_read_file("/no/such/file", LEN, &out), EVPROF_EIO);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(evprof_read_file("/proc", LEN, &out), EVPROF_EIO);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(out.len, 0);
    evprof_buf_free(&out);
}

static void
test_a_beginning_is_a_string(void **state)
{
    (void)state;
    char text[8];
    errno = EXDEV;
    assert_int_equal(evprof_read_start(AT_FDCWD, path, text, sizeof(text)), 7);
    assert_string_equal(text, "abcdefg");
    assert_int_equal(
        evprof_read_start(AT_FDCWD, "/no/such/file", text, sizeof(text)),
        -ENOENT);
    assert_string_equal(text, "");
    assert_int_equal(evprof_read_start(AT_FDCWD, "/proc", text, sizeof(text)),
                     -EISDIR);
    assert_string_equal(text, "");
    int folder = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder >= 0);
    assert_true(evprof_read_start(folder, "self/comm", text, sizeof(text)) > 0);
    close(folder);
    assert_int_equal(errno, EXDEV);
}

int
run_read_file_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_file_is_appended),
        cmocka_unit_test(test_a_file_beyond_the_bound_is_refused),
        cmocka_unit_test(test_files_of_proc_have_no_size),
        cmocka_unit_test(test_what_cannot_be_read_is_told),
        cmocka_unit_test(test_a_beginning_is_a_string),
    };
    return cmocka_run_group_tests_name("read_file", tests, make_file,
                                       remove_file);
}
