/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue keeps its order, its bound, and in a folder what an earlier process
 * has left; two processes do not share a part, but the bound. What the dead
 * have left is taken over, and what the engine fails at is set aside.
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
    /* Who ends with nothing leaves nothing. */
    assert_int_equal(rmdir(folder), 0);
}

/* Forty bytes for all: alone one has them, of two each has twenty. */
static void
test_shares(void **state)
{
    (void)state;
    char folder[] = "/tmp/evprof_queue_XXXXXX";
    evprof_error_t err;
    assert_non_null(mkdtemp(folder));
    evprof_queue_t *q = evprof_queue_open(folder, 40, &err);
    for (int i = 0; i < 4; i++) {
        add(q, "0123456789");
    }
    assert_int_equal(evprof_queue_stats(q).messages, 4);
    assert_int_equal(evprof_queue_stats(q).dropped, 0);
    evprof_queue_t *other = evprof_queue_open(folder, 40, &err);
    add(q, "0123456789");
    assert_int_equal(evprof_queue_stats(q).messages, 2);
    assert_int_equal(evprof_queue_stats(q).dropped, 3);
    add(other, "longer than its share");
    assert_int_equal(evprof_queue_stats(other).failed, 1);
    evprof_queue_close(other);
    add(q, "longer than a share once");
    assert_int_equal(evprof_queue_stats(q).messages, 2);
    expect(q, "0123456789");
    expect(q, "longer than a share once");
    evprof_queue_close(q);
    assert_int_equal(rmdir(folder), 0);
}

/* Leaves `texts` in a part of its own, as a process that was killed. */
static void
leave(const char *folder, const char *const *texts)
{
    evprof_error_t err;
    evprof_queue_t *q = evprof_queue_open(folder, 1000, &err);
    assert_non_null(q);
    for (; *texts != NULL; texts++) {
        add(q, *texts);
    }
    evprof_queue_close(q);
}

static void
test_the_dead_are_taken_over(void **state)
{
    (void)state;
    static const char *const first[] = { "a1", "a2", NULL };
    static const char *const second[] = { "b1", "b2", "b3", NULL };
    char folder[] = "/tmp/evprof_queue_XXXXXX";
    evprof_error_t err;
    assert_non_null(mkdtemp(folder));
    evprof_queue_t *held = evprof_queue_open(folder, 1000, &err);
    leave(folder, first);
    evprof_queue_t *q = evprof_queue_open(folder, 1000, &err);
    leave(folder, second);
    add(held, "held");
    /* What it has itself comes first, and the first part is somebody's. */
    evprof_queue_take_over(q);
    assert_int_equal(evprof_queue_stats(q).messages, 2);
    expect(q, "a1");
    expect(q, "a2");
    evprof_queue_take_over(q);
    evprof_queue_take_over(held);
    assert_int_equal(evprof_queue_stats(held).messages, 1);
    assert_int_equal(evprof_queue_stats(q).messages, 3);
    add(q, "own");
    expect(q, "b1");
    /* The part it came from is gone; the rest is kept in its own. */
    evprof_queue_close(q);
    q = evprof_queue_open(folder, 1000, &err);
    expect(q, "b2");
    expect(q, "b3");
    expect(q, "own");
    expect_none(q);
    expect(held, "held");
    evprof_queue_close(held);
    evprof_queue_take_over(q);
    expect_none(q);
    evprof_queue_close(q);
    assert_int_equal(rmdir(folder), 0);
}

/* Only what there is room for comes, and nothing is lost for it. */
static void
test_the_dead_have_more_than_fits(void **state)
{
    (void)state;
    static const char *const texts[] = { "0123456789", "1123456789",
                                         "2123456789", NULL };
    char folder[] = "/tmp/evprof_queue_XXXXXX";
    evprof_error_t err;
    assert_non_null(mkdtemp(folder));
    evprof_queue_t *q = evprof_queue_open(folder, 50, &err);
    leave(folder, texts);
    evprof_queue_take_over(q);
    assert_int_equal(evprof_queue_stats(q).messages, 2);
    expect(q, texts[0]);
    expect(q, texts[1]);
    evprof_queue_take_over(q);
    expect(q, texts[2]);
    expect_none(q);
    assert_int_equal(evprof_queue_stats(q).dropped, 0);
    evprof_queue_close(q);
    assert_int_equal(rmdir(folder), 0);
}

/* What is larger than a share can never come: it is lost, and is counted, lest
 * it hold what is behind it, and its part, which takes from all shares. */
static void
test_the_dead_have_one_too_large(void **state)
{
    (void)state;
    static const char *const texts[] = { "more than twenty bytes", "a", "b",
                                         NULL };
    char folder[] = "/tmp/evprof_queue_XXXXXX";
    char part[64];
    evprof_error_t err;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(part, sizeof(part), "%s/1", folder);
    evprof_queue_t *q = evprof_queue_open(folder, 40, &err);
    leave(folder, texts);
    assert_int_equal(access(part, F_OK), 0);
    evprof_queue_take_over(q);
    assert_int_equal(evprof_queue_stats(q).messages, 2);
    assert_int_equal(evprof_queue_stats(q).dropped, 1);
    assert_int_equal(access(part, F_OK), -1);
    expect(q, "a");
    expect(q, "b");
    expect_none(q);
    evprof_queue_close(q);
    assert_int_equal(rmdir(folder), 0);
}

/* An attempt that fails; true: the message was set aside. */
static bool
fail_at(evprof_queue_t *q, const char *text, bool is_its_own)
{
    evprof_buf_t message = { 0 };
    assert_true(evprof_queue_peek(q, &message));
    assert_string_equal(message.data, text);
    evprof_buf_free(&message);
    return evprof_queue_postpone(q, is_its_own);
}

static void
check_poison(const char *folder)
{
    evprof_error_t err;
    evprof_queue_t *q = evprof_queue_open(folder, 1000, &err);
    /* An outage: all fail, for long, and none is set aside. */
    add(q, "poison");
    add(q, "good");
    for (int i = 0; i < 100; i++) {
        assert_false(fail_at(q, "poison", true));
        assert_false(fail_at(q, "good", true));
    }
    assert_false(fail_at(q, "poison", true));
    expect(q, "good");
    /* A storm of 429: others are taken, but by chance. */
    for (int i = 0; i < EVPROF_QUEUE_FAILURE - 1; i++) {
        assert_false(fail_at(q, "poison", false));
        add(q, "good");
        expect(q, "good");
    }
    for (int i = 1; i < EVPROF_QUEUE_STRIKES / EVPROF_QUEUE_FAILURE; i++) {
        assert_false(fail_at(q, "poison", true));
        assert_false(fail_at(q, "poison", true));
        add(q, "good");
        expect(q, "good");
    }
    assert_int_equal(evprof_queue_stats(q).set_aside, 0);
    assert_true(fail_at(q, "poison", true));
    assert_int_equal(evprof_queue_stats(q).set_aside, 1);
    expect_none(q);
    evprof_queue_close(q);
}

/* One that is refused with 429 for ever, since it is too large, say. */
static void
test_it_is_never_its_turn(void **state)
{
    (void)state;
    evprof_error_t err;
    evprof_queue_t *q = evprof_queue_open(NULL, 1000, &err);
    add(q, "good");
    add(q, "large");
    expect(q, "good");
    for (int i = 1; i < EVPROF_QUEUE_STRIKES; i++) {
        assert_false(fail_at(q, "large", false));
        add(q, "good");
        expect(q, "good");
    }
    assert_true(fail_at(q, "large", false));
    expect_none(q);
    evprof_queue_close(q);
}

static void
test_poison(void **state)
{
    (void)state;
    char folder[] = "/tmp/evprof_queue_XXXXXX";
    char name[128];
    check_poison(NULL);
    assert_non_null(mkdtemp(folder));
    check_poison(folder);
    /* It is there to be looked at. */
    (void)snprintf(name, sizeof(name), "%s/0/set-aside", folder);
    assert_int_equal(unlink(name), 0);
    remove_parts(folder, 1);
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
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_the_dead_are_taken_over),
        cmocka_unit_test(test_the_dead_have_more_than_fits),
        cmocka_unit_test(test_the_dead_have_one_too_large),
        cmocka_unit_test(test_poison),
        cmocka_unit_test(test_it_is_never_its_turn),
        cmocka_unit_test(test_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
