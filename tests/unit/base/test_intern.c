/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/intern.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/base/tests.h"

static void
test_equal_bytes_have_one_entry(void **state)
{
    (void)state;
    static evprof_intern_t set = EVPROF_INTERN(64, 4096);
    assert_null(evprof_intern_find(&set, "a", 1));
    assert_null(evprof_intern_at(&set, 1));
    assert_int_equal(evprof_intern_last(&set), 0);
    const evprof_interned_t *a = evprof_intern_add(&set, "a", 1);
    const evprof_interned_t *ab = evprof_intern_add(&set, "ab", 2);
    assert_ptr_not_equal(a, ab);
    assert_ptr_equal(evprof_intern_add(&set, "a", 1), a);
    assert_ptr_equal(evprof_intern_find(&set, "ab", 2), ab);
    assert_int_equal(ab->len, 2);
    assert_memory_equal(ab->data, "ab", 2);
    assert_int_equal(a->id, 1);
    assert_ptr_equal(evprof_intern_at(&set, 2), ab);
    assert_null(evprof_intern_at(&set, 3));
    assert_null(evprof_intern_at(&set, 0));
    assert_null(evprof_intern_at(&set, 65));
}

static void
test_bounds_refuse_and_keep_what_is_there(void **state)
{
    (void)state;
    static evprof_intern_t few = EVPROF_INTERN(4, 4096);
    for (uint32_t i = 0; i < 10; i++) {
        assert_true((evprof_intern_add(&few, &i, sizeof(i)) != NULL) ==
                    (i < 4));
    }
    /* The last id leads to the last entry that there was room for. */
    assert_int_equal(evprof_intern_last(&few), 4);
    assert_non_null(evprof_intern_at(&few, 4));
    uint32_t last = 0;
    memcpy(&last, evprof_intern_at(&few, 4)->data, sizeof(last));
    assert_int_equal(last, 3);
    assert_null(evprof_intern_at(&few, 5));
    uint32_t first = 0;
    assert_non_null(evprof_intern_add(&few, &first, sizeof(first)));

    static evprof_intern_t small = EVPROF_INTERN(64, 128);
    char text[200] = "long";
    assert_null(evprof_intern_add(&small, text, sizeof(text)));
    assert_null(evprof_intern_add(&small, text, 120));
    assert_non_null(evprof_intern_add(&small, text, 64));
    assert_null(evprof_intern_add(&small, text, 65));
    assert_int_equal(evprof_intern_last(&small), 1);
}

enum { THREADS = 4, TEXTS = 2000 };
static evprof_intern_t shared = EVPROF_INTERN(16384, 1 << 20);
static const evprof_interned_t *seen[THREADS][TEXTS];

static void *
add_all(void *arg)
{
    const evprof_interned_t **mine = arg;
    char text[32];
    for (int i = 0; i < TEXTS; i++) {
        int len = snprintf(text, sizeof(text), "text %d", i);
        mine[i] = evprof_intern_add(&shared, text, (size_t)len);
        if (mine[i] != NULL &&
            evprof_intern_at(&shared, mine[i]->id) != mine[i]) {
            mine[i] = NULL;
        }
    }
    return NULL;
}

static void
test_racing_threads_meet_at_one_entry(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_all, seen[i]),
                         0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    char text[32];
    for (int i = 0; i < TEXTS; i++) {
        assert_non_null(seen[0][i]);
        int len = snprintf(text, sizeof(text), "text %d", i);
        assert_int_equal(seen[0][i]->len, len);
        assert_memory_equal(seen[0][i]->data, text, (size_t)len);
        for (int t = 1; t < THREADS; t++) {
            assert_ptr_equal(seen[t][i], seen[0][i]);
        }
    }
}

int
run_intern_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_bytes_have_one_entry),
        cmocka_unit_test(test_bounds_refuse_and_keep_what_is_there),
        cmocka_unit_test(test_racing_threads_meet_at_one_entry),
    };
    return cmocka_run_group_tests_name("intern", tests, NULL, NULL);
}
