/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/fetch/url.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/fetch/tests.h"

static void
test_parts(void **state)
{
    (void)state;
    evprof_url_t url;
    assert_int_equal(
        evprof_url_parse("HTTPS://me:s%40@h:8/a%2fb!?x= y#z", &url), 0);
    assert_string_equal(url.scheme, "https");
    assert_string_equal(url.user, "me");
    assert_string_equal(url.password, "s@");
    assert_string_equal(url.host, "h:8");
    assert_string_equal(url.path, "/a%2fb!");
    assert_string_equal(url.query, "x= y");
    assert_string_equal(url.fragment, "z");
    evprof_url_free(&url);
    assert_null(url.scheme);
    assert_int_equal(evprof_url_parse("?", &url), 0);
    assert_true(url.has_query);
    assert_string_equal(url.scheme, "");
    assert_string_equal(url.path, "");
    evprof_url_free(&url);
}

static void
test_what_is_no_url(void **state)
{
    (void)state;
    static const char *const texts[] = { ":",           "a:b/c:d?\n",
                                         "1:2",         "http://h:x",
                                         "http://[::1", "http://\"@h",
                                         "%",           "#%2" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        evprof_url_t url;
        assert_int_equal(evprof_url_parse(texts[i], &url), EVPROF_EINVAL);
        assert_null(url.scheme);
        assert_null(url.path);
    }
}

/* Most are of RFC 3986, section 5.4, which Go follows. */
static void
test_references(void **state)
{
    (void)state;
    static const struct {
        const char *reference, *url;
    } rows[] = {
        { "g", "http://a/b/c/g" },
        { "./g", "http://a/b/c/g" },
        { "g/", "http://a/b/c/g/" },
        { "/g", "http://a/g" },
        { "//g", "http://g" },
        { "?y", "http://a/b/c/d;p?y" },
        { "g?y", "http://a/b/c/g?y" },
        { "#s", "http://a/b/c/d;p?q#s" },
        { "", "http://a/b/c/d;p?q" },
        { ".", "http://a/b/c/" },
        { "..", "http://a/b/" },
        { "../..", "http://a/" },
        { "../../../g", "http://a/g" },
        { "/./g", "http://a/g" },
        { "/../g", "http://a/g" },
        { "g.", "http://a/b/c/g." },
        { "..g", "http://a/b/c/..g" },
        { "./../g", "http://a/b/g" },
        { "g/../h", "http://a/b/c/h" },
        { "g;x=1/../y", "http://a/b/c/y" },
        { "g?y/../x", "http://a/b/c/g?y/../x" },
        { "g//h", "http://a/b/c/g//h" },
        { "https://e/x/../y", "https://e/y" },
        { "https://e", "https://e" },
        { "g?a b\xc3\xa9", "http://a/b/c/g?a%20b%C3%A9" },
    };
    evprof_url_t base;
    assert_int_equal(evprof_url_parse("http://u:p@a/b/c/d;p?q", &base), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_url_t url;
        evprof_buf_t text = { 0 };
        assert_int_equal(evprof_url_resolve(&base, rows[i].reference, &url), 0);
        evprof_url_print(&url, &text);
        assert_string_equal(text.data, rows[i].url);
        assert_null(url.user);
        evprof_buf_free(&text);
        evprof_url_free(&url);
    }
    evprof_url_t url;
    assert_int_equal(evprof_url_resolve(&base, "%", &url), EVPROF_EINVAL);
    evprof_url_free(&base);
}

static void
test_the_url_of_a_socket(void **state)
{
    (void)state;
    evprof_buf_t url = { 0 };
    evprof_url_of_socket("/run/a+b #1%?.sock", "/p", &url);
    assert_string_equal(url.data,
                        "http+unix://%2Frun%2Fa+b%20%231%25%3F.sock/p");
    evprof_buf_free(&url);
}

static void
test_redaction(void **state)
{
    (void)state;
    static const struct {
        const char *url, *shown;
    } rows[] = {
        { "http://u:p@h/x", "http://u:xxxxx@h/x" },
        { "http://u:p@q@h/x", "http://u:xxxxx@h/x" },
        { "u:p@h", "u:xxxxx@h" },
        { "http://u@h/x", "http://u@h/x" },
        { "http://h/x?a:b@c", "http://h/x?a:b@c" },
        { "h:80/x", "h:80/x" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *shown = evprof_url_redact(rows[i].url);
        assert_string_equal(shown, rows[i].shown);
        free(shown);
    }
}

int
run_url_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_what_is_no_url),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_the_url_of_a_socket),
        cmocka_unit_test(test_redaction),
    };
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
