/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sample/labels.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <evprof/evprof.h>

#include "core/sample/sig_labels.h"

static void
test_push_get_restore(void **state)
{
    (void)state;
    assert_null(evprof_sig_labels());
    assert_null(evprof_label_get("route"));
    int outer = evprof_label_push("route", "/a");
    assert_true(outer > 0);
    assert_string_equal(evprof_label_get("route"), "/a");
    int inner = evprof_label_push("tenant", "t1");
    int again = evprof_label_push("route", "/b");
    assert_string_equal(evprof_label_get("route"), "/b");
    assert_string_equal(evprof_label_get("tenant"), "t1");
    assert_null(evprof_label_get("rout"));
    evprof_label_restore(again);
    assert_string_equal(evprof_label_get("route"), "/a");
    evprof_label_restore(inner);
    assert_null(evprof_label_get("tenant"));
    evprof_label_restore(outer);
    assert_null(evprof_sig_labels());
}

static void
test_equal_sets_have_one_address(void **state)
{
    (void)state;
    int first = evprof_label_push("b", "2");
    evprof_label_push("a", "1");
    const evprof_label_set_t *ba = evprof_sig_labels();
    evprof_label_restore(first);
    evprof_label_push("a", "1");
    evprof_label_push("b", "2");
    assert_ptr_equal(evprof_sig_labels(), ba);
    assert_int_equal(ba->count, 2);
    assert_string_equal(ba->items[0].key, "a");
    assert_string_equal(ba->items[1].text, "2");
    evprof_label_restore(first);
}

static void
test_scope_ends_the_label(void **state)
{
    (void)state;
    {
        EVPROF_LABEL("route", "/a");
        EVPROF_LABEL("tenant", "t1");
        assert_string_equal(evprof_label_get("tenant"), "t1");
    }
    assert_null(evprof_sig_labels());
}

/* A macro of a user's puts both on one line. */
#define LABEL_TWICE()                                                          \
    EVPROF_LABEL("route", "/a");                                               \
    EVPROF_LABEL("tenant", "t1")

static void
test_two_labels_on_a_line(void **state)
{
    (void)state;
    {
        LABEL_TWICE();
        assert_string_equal(evprof_label_get("route"), "/a");
        assert_string_equal(evprof_label_get("tenant"), "t1");
    }
    assert_null(evprof_sig_labels());
}

static void
test_restore_is_right_after_longjmp(void **state)
{
    (void)state;
    jmp_buf place;
    const int token = evprof_label_push("route", "/outer");
    if (setjmp(place) == 0) {
        for (int i = 0; i < 10; i++) {
            char value[8];
            snprintf(value, sizeof(value), "%d", i);
            evprof_label_push("depth", value);
        }
        longjmp(place, 1);
    }
    evprof_label_restore(token);
    assert_null(evprof_sig_labels());
}

static void
test_wrong_use_is_a_status(void **state)
{
    (void)state;
    assert_int_equal(evprof_label_push(NULL, "x"), EVPROF_EINVAL);
    assert_int_equal(evprof_label_push("", "x"), EVPROF_EINVAL);
    assert_int_equal(evprof_label_push("x", NULL), EVPROF_EINVAL);
    assert_null(evprof_label_get(NULL));
    int token = evprof_label_push("k", "v");
    evprof_label_restore(EVPROF_EINVAL);
    evprof_label_restore(0);
    evprof_label_restore(1 << 30);
    assert_string_equal(evprof_label_get("k"), "v");
    evprof_label_restore(token);
}

static void
test_a_thread_has_a_bounded_number_of_labels(void **state)
{
    (void)state;
    char key[16];
    int first = 0;
    for (int i = 0; i < EVPROF_LABELS_MAX; i++) {
        snprintf(key, sizeof(key), "key%d", i);
        int token = evprof_label_push(key, "v");
        assert_true(token > 0);
        first = i == 0 ? token : first;
    }
    assert_int_equal(evprof_label_push("more", "v"), EVPROF_ELIMIT);
    assert_true(evprof_label_push("key3", "other") > 0);
    assert_string_equal(evprof_label_get("key3"), "other");
    evprof_label_restore(first);
    assert_null(evprof_sig_labels());
}

static void
test_a_long_value_becomes_overflow(void **state)
{
    (void)state;
    char value[300];
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    uint64_t before = evprof_label_overflows();
    int token = evprof_label_push("query", value);
    assert_string_equal(evprof_label_get("query"), EVPROF_LABEL_OVERFLOW);
    assert_int_equal(evprof_label_overflows(), before + 1);
    evprof_label_restore(token);
    assert_int_equal(evprof_label_push(value, "v"), EVPROF_ELIMIT);
}

/* A client that labels by user id: memory stays bounded, tokens stay right. */
static void
test_unbounded_values_become_overflow(void **state)
{
    (void)state;
    char value[16];
    uint64_t before = evprof_label_overflows();
    const char *last = NULL;
    for (int i = 0; i < 50000; i++) {
        snprintf(value, sizeof(value), "user%d", i);
        int token = evprof_label_push("user", value);
        assert_true(token > 0);
        last = evprof_label_get("user");
        evprof_label_restore(token);
        assert_null(evprof_sig_labels());
    }
    assert_string_equal(last, EVPROF_LABEL_OVERFLOW);
    assert_true(evprof_label_overflows() - before > 40000);
    int token = evprof_label_push("user", "user7");
    assert_string_equal(evprof_label_get("user"), "user7");
    evprof_label_restore(token);
}

static atomic_bool stop;
static atomic_uint bad_reads;
static atomic_uint reads;

/* What a sampling handler does: every set that it sees must be whole. */
static void
read_labels(int sig)
{
    (void)sig;
    const evprof_label_set_t *set = evprof_sig_labels();
    for (uint64_t i = 0; set != NULL && i < set->count; i++) {
        if (strcmp(set->items[i].key, "a") != 0 &&
            strcmp(set->items[i].key, "b") != 0) {
            atomic_fetch_add(&bad_reads, 1);
        }
        if (set->items[i].text[0] != 'v') {
            atomic_fetch_add(&bad_reads, 1);
        }
    }
    atomic_fetch_add(&reads, 1);
}

static void *
push_and_restore(void *arg)
{
    const char *const *values = arg;
    for (unsigned i = 0; !atomic_load(&stop); i++) {
        EVPROF_LABEL("a", values[i % 3]);
        EVPROF_LABEL("b", values[i % 2]);
    }
    return NULL;
}

static void
test_handlers_see_whole_sets(void **state)
{
    (void)state;
    static const char *values[] = { "v1", "v2", "v3" };
    struct sigaction action = { .sa_handler = read_labels,
                                .sa_flags = SA_RESTART };
    struct sigaction old;
    sigaction(SIGUSR1, &action, &old);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, push_and_restore, values), 0);
    }
    while (atomic_load(&reads) < 2000) {
        for (int i = 0; i < 3; i++) {
            pthread_kill(threads[i], SIGUSR1);
        }
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    sigaction(SIGUSR1, &old, NULL);
    assert_int_equal(atomic_load(&bad_reads), 0);
}

static void *
work_elsewhere(void *arg)
{
    const evprof_labels_t *labels = arg;
    int token = evprof_labels_apply(*labels);
    const char *inside = evprof_label_get("request");
    bool was_right = inside != NULL && strcmp(inside, "/basket") == 0;
    evprof_label_push("step", "two");
    evprof_label_restore(token);
    return was_right && evprof_label_get("request") == NULL &&
                   evprof_label_get("step") == NULL
               ? arg
               : NULL;
}

/* What a callback does later, or another thread, goes under the labels of the
 * request that caused it. */
static void
test_labels_follow_a_request(void **state)
{
    (void)state;
    pthread_t thread;
    void *seen = NULL;
    int token = evprof_label_push("request", "/basket");
    evprof_labels_t labels = evprof_labels_capture();
    evprof_label_restore(token);
    assert_int_equal(pthread_create(&thread, NULL, work_elsewhere, &labels), 0);
    pthread_join(thread, &seen);
    assert_ptr_equal(seen, &labels);
    token = evprof_labels_apply(labels);
    assert_string_equal(evprof_label_get("request"), "/basket");
    evprof_label_restore(token);
    assert_null(evprof_label_get("request"));
    /* No labels are labels too. */
    evprof_labels_t none = evprof_labels_capture();
    int pushed = evprof_label_push("request", "/other");
    token = evprof_labels_apply(none);
    assert_null(evprof_label_get("request"));
    evprof_label_restore(token);
    assert_string_equal(evprof_label_get("request"), "/other");
    evprof_label_restore(pushed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels_follow_a_request),
        cmocka_unit_test(test_push_get_restore),
        cmocka_unit_test(test_equal_sets_have_one_address),
        cmocka_unit_test(test_scope_ends_the_label),
        cmocka_unit_test(test_two_labels_on_a_line),
        cmocka_unit_test(test_restore_is_right_after_longjmp),
        cmocka_unit_test(test_wrong_use_is_a_status),
        cmocka_unit_test(test_a_thread_has_a_bounded_number_of_labels),
        cmocka_unit_test(test_a_long_value_becomes_overflow),
        cmocka_unit_test(test_handlers_see_whole_sets),
        cmocka_unit_test(test_unbounded_values_become_overflow),
    };
    return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
