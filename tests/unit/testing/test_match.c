/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/testing/match.h"

#include <stdlib.h>

#include "tests/unit/testing/tests.h"

static void
test_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *skip, *name;
        enum evprof_match want;
    } rows[] = {
        { "", "", "TestA", EVPROF_MATCH_FULL },
        { "A", "", "TestA", EVPROF_MATCH_FULL },
        { "A", "", "TestB", EVPROF_MATCH_NO },
        { "A/x", "", "TestA", EVPROF_MATCH_PARTIAL },
        { "A/x", "", "TestA/x", EVPROF_MATCH_FULL },
        { "A/x", "", "TestA/y", EVPROF_MATCH_NO },
        { "A", "", "TestA/y", EVPROF_MATCH_FULL },
        { "A/x|B", "", "TestB/z", EVPROF_MATCH_FULL },
        { "(A|B)/x", "", "TestB/x", EVPROF_MATCH_FULL },
        { "[/|]", "", "TestA", EVPROF_MATCH_NO },
        { "A/size=1 and", "", "TestA/size=1_and", EVPROF_MATCH_FULL },
        { "", "A", "TestA", EVPROF_MATCH_NO },
        { "", "A/x", "TestA", EVPROF_MATCH_FULL },
        { "", "A/x", "TestA/x", EVPROF_MATCH_NO },
        { "", "A/x", "TestA/y", EVPROF_MATCH_FULL },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_matcher_t *m;
        assert_int_equal(evprof_matcher_new(rows[i].pattern, "-test.run",
                                            rows[i].skip, &m, NULL),
                         0);
        assert_int_equal(evprof_matcher_test(m, rows[i].name), rows[i].want);
        evprof_matcher_free(m);
    }
}

static void
test_a_bad_regexp_is_named(void **state)
{
    (void)state;
    evprof_matcher_t *m;
    evprof_error_t err = { 0 };
    assert_int_equal(evprof_matcher_new("A/(", "-test.bench", "", &m, &err),
                     EVPROF_EPARSE);
    assert_string_equal(
        err.message,
        "element 1 of -test.bench (\"(\"): a closing ) is missing: `(`");
}

static void
test_sub_names_are_unique(void **state)
{
    (void)state;
    evprof_matcher_t *m;
    assert_int_equal(evprof_matcher_new("", "-test.run", "", &m, NULL), 0);
    static const struct {
        const char *name, *want;
    } rows[] = { { "a b", "T/a_b" },    { "a b", "T/a_b#01" },
                 { "a_b", "T/a_b#02" }, { "", "T/#00" },
                 { "", "T/#01" },       { "x\x01", "T/x\\x01" } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *name = evprof_matcher_sub_name(m, "T", rows[i].name);
        assert_string_equal(name, rows[i].want);
        free(name);
    }
    evprof_matcher_free(m);
}

int
run_match_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_a_bad_regexp_is_named),
        cmocka_unit_test(test_sub_names_are_unique),
    };
    return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
