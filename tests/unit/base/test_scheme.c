/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/scheme.h"

#include "tests/unit/base/tests.h"

static void
test_urls(void **state)
{
    static const struct {
        const char *url;
        enum evprof_scheme scheme;
        size_t len;
    } rows[] = {
        { "http://x", EVPROF_SCHEME_HTTP, 7 },
        { "HTTPS://x", EVPROF_SCHEME_HTTPS, 8 },
        { "https+insecure://", EVPROF_SCHEME_INSECURE, 17 },
        { "http+unix://%2Frun", EVPROF_SCHEME_UNIX, 12 },
        { "http:/x", EVPROF_SCHEME_NONE, 99 },
        { "http", EVPROF_SCHEME_NONE, 99 },
        { "", EVPROF_SCHEME_NONE, 99 },
        { "ftp://x", EVPROF_SCHEME_NONE, 99 },
        { "://x", EVPROF_SCHEME_NONE, 99 },
        { "xhttp://x", EVPROF_SCHEME_NONE, 99 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len = 99;
        assert_int_equal(evprof_scheme_of(rows[i].url, &len), rows[i].scheme);
        assert_int_equal(len, rows[i].len);
        assert_int_equal(evprof_scheme_of(rows[i].url, NULL), rows[i].scheme);
    }
}

static void
test_names(void **state)
{
    (void)state;
    for (int i = EVPROF_SCHEME_HTTP; i <= EVPROF_SCHEME_UNIX; i++) {
        const char *name = evprof_scheme_name((enum evprof_scheme)i);
        assert_string_not_equal(name, "");
        assert_int_equal(evprof_scheme_named(name), i);
    }
    assert_int_equal(evprof_scheme_named("HTTP"), EVPROF_SCHEME_NONE);
    assert_int_equal(evprof_scheme_named("http:"), EVPROF_SCHEME_NONE);
    assert_int_equal(evprof_scheme_named(""), EVPROF_SCHEME_NONE);
    assert_string_equal(evprof_scheme_name(EVPROF_SCHEME_NONE), "");
}

int
run_scheme_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("scheme", tests, NULL, NULL);
}
