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
test_numbers(void **state)
{
    (void)state;
    evprof_buf_t buf = { 0 };
    evprof_buf_put_uint(&buf, 0);
    evprof_buf_putc(&buf, ' ');
    evprof_buf_put_uint(&buf, 9);
    evprof_buf_putc(&buf, ' ');
    evprof_buf_put_uint(&buf, 10);
    evprof_buf_putc(&buf, ' ');
    evprof_buf_put_uint(&buf, UINT64_MAX);
    assert_string_equal(buf.data, "0 9 10 18446744073709551615");
    evprof_buf_clear(&buf);
    evprof_buf_put_int(&buf, 0);
    evprof_buf_putc(&buf, ' ');
    evprof_buf_put_int(&buf, -1);
    evprof_buf_putc(&buf, ' ');
    evprof_buf_put_int(&buf, INT64_MIN);
    evprof_buf_putc(&buf, ' ');
    evprof_buf_put_int(&buf, INT64_MAX);
    assert_string_equal(buf.data,
                        "0 -1 -9223372036854775808 9223372036854775807");
    evprof_buf_free(&buf);
}

/* There is a NUL behind every length, and appending copies what was there. */
static void
test_it_grows(void **state)
{
    (void)state;
    for (int is_bulk = 0; is_bulk < 2; is_bulk++) {
        evprof_buf_t buf = { .is_bulk = is_bulk };
        for (size_t i = 0; i < 200000; i++) {
            evprof_buf_putc(&buf, (char)('a' + i % 26));
            assert_true(buf.len == i + 1 && buf.cap > buf.len);
            assert_int_equal(buf.data[buf.len], '\0');
        }
        assert_true(buf.cap <= 4 * buf.len);
        for (size_t i = 0; i < buf.len; i++) {
            assert_int_equal(buf.data[i], 'a' + i % 26);
        }
        const char *data = buf.data;
        evprof_buf_clear(&buf);
        assert_ptr_equal(buf.data, data);
        assert_string_equal(buf.data, "");
        evprof_buf_printf(&buf, "%0100d", 7);
        assert_int_equal(buf.len, 100);
        assert_int_equal(buf.data[99], '7');
        evprof_buf_free(&buf);
        assert_int_equal(buf.is_bulk, is_bulk);
        assert_null(buf.data);
    }
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
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_it_grows),
        cmocka_unit_test(test_writers),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
