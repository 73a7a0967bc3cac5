/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue keeps its order, its bound, and in a folder what an earlier process
 * has left; two processes do not share a part.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/push/queue.h"

static void
add(evprof_queue_t *q, const char *text)
{
    evprof_buf_t message = { 0 };
    evprof_buf_puts(&message, text);
    evprof_queue_add(q, &message);
    evprof_buf_free(&message);
}

/* The oldest one is this, and goes. */
static void
expect(evprof_queue_t *q, const char *text)
{
    evprof_buf_t message = { 0 };
    assert_true(evprof_queue_peek(q, &message));
    assert_string_equal(message.data, text);
    evprof_queue_drop(q);
    evprof_buf_free(&message);
}

static void
expect_none(evprof_queue_t *q)
{
    evprof_buf_t message = { 0 };
    assert_false(evprof_queue_peek(q, &message));
    assert_int_equal(evprof_queue_stats(q).bytes, 0);
    evprof_buf_free(&message);
}

/* Ten bytes: two messages of four fit, three do not. */
static void
check_bound(const char *folder)
{
    evprof_error_t err;
    evprof_queue_t *q = evprof_queue_open(folder, 10, &err);
    evprof_buf_t message = { 0 };
    assert_non_null(q);
    add(q, "aaaa");
    add(q, "bbbb");
    assert_int_equal(evprof_queue_stats(q).messages, 2);
    assert_true(evprof_queue_peek(q, &message));
    /* What is being sent has to go as well; dropping it then drops no other. */
    add(q, "cccc");
    evprof_queue_drop(q);
    assert_int_equal(evprof_queue_stats(q).dropped, 1);
    assert_int_equal(evprof_queue_stats(q).bytes, 8);
    add(q, "longer than all");
    assert_int_equal(evprof_queue_stats(q).failed, 1);
    expect(q, "bbbb");
    expect(q, "cccc");
    expect_none(q);
    evprof_queue_close(q);
    evprof_buf_free(&message);
}

static void
test_memory(void **state)
{
    (void)state;
    check_bound(NULL);
}

static void
remove_parts(const char *folder, int count)
{
    char name[128];
    for (int i = 0; i < count; i++) {
        (void)snprintf(name, sizeof(name), "%s/%d", folder, i);
        assert_int_equal(rmdir(name), 0);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void
test_folder(void **state)
{
    (void)state;
    char folder[] = "/tmp/evprof_queue_XXXXXX";
    evprof_error_t err;
    assert_non_null(mkdtemp(folder));
    check_bound(folder);
    evprof_queue_t *q = evprof_queue_open(folder, 100, &err);
    add(q, "first");
    add(q, "second");
    /* Another one has a part of its own. */
    evprof_queue_t *other = evprof_queue_open(folder, 100, &err);
    expect_none(other);
    add(other, "other");
    expect(other, "other");
    evprof_queue_close(other);
    evprof_queue_close(q);
    q = evprof_queue_open(folder, 100, &err);
    assert_int_equal(evprof_queue_stats(q).messages, 2);
    add(q, "third");
    expect(q, "first");
    expect(q, "second");
    expect(q, "third");
    expect_none(q);
    evprof_queue_close(q);
    remove_parts(folder, 2);
}

static void
test_no_folder(void **state)
{
    (void)state;
    evprof_error_t err;
    assert_null(evprof_queue_open("/proc/no/such", 100, &err));
    assert_int_equal(err.status, EVPROF_EIO);
    /* All users may write to this one. */
    assert_null(evprof_queue_open("/tmp", 100, &err));
    assert_int_equal(err.status, EVPROF_EIO);
    assert_non_null(strstr(err.message, "spool: /tmp"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
