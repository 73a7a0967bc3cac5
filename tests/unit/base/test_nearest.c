/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/nearest.h"

#include "tests/unit/base/tests.h"

static const char *const names[] = { "seconds", "server", "off", "listen" };

static const char *
nearest_to(const char *word)
{
    evprof_nearest_t nearest = { .word = word };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        evprof_nearest_try(&nearest, names[i]);
    }
    return nearest.best;
}

static void
test_near_names(void **state)
{
    (void)state;
    assert_string_equal(nearest_to("secnods"), "seconds"); /* two swapped */
    assert_string_equal(nearest_to("second"), "seconds");  /* one missing */
    assert_string_equal(nearest_to("listten"), "listen");  /* one too many */
    assert_string_equal(nearest_to("serven"), "server");   /* one wrong */
    assert_string_equal(nearest_to("of"), "off");
}

/* Each letter that is wrong, too many, missing or swapped counts once; a third
 * of the name may be. */
static void
test_distances(void **state)
{
    (void)state;
    enum { FAR = 99 };
    static const struct {
        const char *word;
        const char *name;
        size_t distance;
    } cases[] = {
        { "seconds", "seconds", 0 }, { "secnods", "seconds", 1 },
        { "serven", "server", 1 },   { "sarven", "server", 2 },
        { "sarvan", "server", FAR }, { "listten", "listen", 1 },
        { "llistten", "listen", 2 }, { "secods", "seconds", 1 },
        { "secds", "seconds", 2 },   { "xsecnods", "seconds", 2 },
        { "escnods", "seconds", 2 }, { "ffo", "off", FAR },
        { "fo", "of", 1 },           { "x", "y", FAR },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evprof_nearest_t nearest = { .word = cases[i].word };
        evprof_nearest_try(&nearest, cases[i].name);
        assert_int_equal(nearest.best != NULL, cases[i].distance < FAR);
        assert_true(nearest.best == NULL ||
                    nearest.distance == cases[i].distance);
    }
}

static void
test_far_names(void **state)
{
    (void)state;
    assert_null(nearest_to("x"));
    assert_null(nearest_to("profile"));
    assert_null(nearest_to("a-word-that-is-longer-than-any-name-is"));
}

/* Of 32 letters each is a name, of 33 none. */
static void
test_long_names(void **state)
{
    (void)state;
    static const char name[] = "abcdefghijklmnopqrstuvwxyz_01234";
    static const char longer[] = "abcdefghijklmnopqrstuvwxyz_012345";
    evprof_nearest_t nearest = { .word = name };
    evprof_nearest_try(&nearest, longer);
    assert_null(nearest.best);
    evprof_nearest_try(&nearest, name);
    assert_ptr_equal(nearest.best, name);
    assert_int_equal(nearest.distance, 0);
    nearest = (evprof_nearest_t){ .word = longer };
    evprof_nearest_try(&nearest, name);
    assert_null(nearest.best);
}

int
run_nearest_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_near_names),
        cmocka_unit_test(test_distances),
        cmocka_unit_test(test_far_names),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
