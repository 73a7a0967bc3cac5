/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/buf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <evprof/status.h>

#include "tests/unit/base/tests.h"

static void
test_appends_in_order(void **state)
{
    (void)state;
    evprof_buf_t buf = { 0 };
    evprof_buf_puts(&buf, "a");
    evprof_buf_putc(&buf, 'b');
    evprof_buf_printf(&buf, "%d-%s", 7, "c");
    evprof_buf_add(&buf, "d\0e", 3);
    assert_int_equal(buf.len, 8);
    assert_memory_equal(buf.data, "ab7-cd\0e", 9);
    evprof_buf_free(&buf);
}

static void
test_an_impossible_size_is_remembered(void **state)
{
    (void)state;
    evprof_buf_t buf = { 0 };
    assert_false(evprof_buf_reserve(&buf, SIZE_MAX / 2));
    evprof_buf_puts(&buf, "lost");
    assert_int_equal(buf.len, 0);
    evprof_writer_t out = evprof_writer_fd(-1);
    assert_int_equal(evprof_buf_write(&buf, &out), EVPROF_ENOMEM);
    evprof_buf_free(&buf);
    assert_false(buf.failed);
}

static void
test_writers(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    evprof_writer_t out = evprof_writer_fd(ends[1]);
    assert_int_equal(out.write(out.ctx, "hello", 5), EVPROF_OK);
    char got[8] = "";
    assert_int_equal(read(ends[0], got, sizeof(got)), 5);
    assert_string_equal(got, "hello");
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(out.write(out.ctx, "x", 1), EVPROF_EIO);

    evprof_buf_t buf = { 0 };
    out = evprof_writer_buf(&buf);
    assert_int_equal(out.write(out.ctx, "xy", 2), EVPROF_OK);
    assert_string_equal(buf.data, "xy");
    evprof_buf_free(&buf);
}

int
run_buf_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends_in_order),
        cmocka_unit_test(test_an_impossible_size_is_remembered),
        cmocka_unit_test(test_writers),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
