/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/fetch/target.h"

#include "tests/unit/fetch/tests.h"

static void
test_sources_become_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        int64_t seconds;
        const char *url;
        int64_t duration_s, timeout_s;
    } rows[] = {
        { "localhost:6060", 0, "http://localhost:6060/debug/pprof/profile", 0,
          60 },
        { "http://h/", 5, "http://h/debug/pprof/profile?seconds=5", 5, 7 },
        { "h:1/debug/pprof/heap", 0, "http://h:1/debug/pprof/heap", 0, 60 },
        { "https://h/p?seconds=30", 0, "https://h/p?seconds=30", 30, 45 },
        { "https://h/p?seconds=30&a=1", 4, "https://h/p?a=1&seconds=4", 4, 6 },
        { "h:1/p?b=2&a", 0, "http://h:1/p?a=&b=2", 0, 60 },
        { "http://h/p?a=%2f%20&b;c&d=%zz&=&e=1&e=0", 0,
          "http://h/p?=&a=%2F+&e=1&e=0", 0, 60 },
        { "http://h/a/../b c?", 0, "http://h/a/../b%20c?", 0, 60 },
        { "http://h/p?seconds=x", 0, "http://h/p?seconds=x", 0, 60 },
        { "http://h/p?seconds=1&seconds=2", 9, "http://h/p?seconds=9", 9, 13 },
        { ":6060", 0, "http://localhost:6060/debug/pprof/profile", 0, 60 },
        { "http://h:/p", 0, "http://h/p", 0, 60 },
        { "http://[fe80::1%25eth0]/p", 0, "http://[fe80::1%25eth0]/p", 0, 60 },
        { "https+insecure://h/p", 0, "https://h/p", 0, 60 },
        { "http+unix://%2Frun%2Fa.sock/p", 0, "http://localhost/p", 0, 60 },
        { "http://[::1]:80/p#frag", 0, "http://[::1]/p", 0, 60 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_target_t t;
        assert_int_equal(
            evprof_target_parse(rows[i].source, rows[i].seconds, -1, &t, NULL),
            0);
        assert_string_equal(t.url, rows[i].url);
        assert_int_equal(t.duration_s, rows[i].duration_s);
        assert_int_equal(t.timeout_s, rows[i].timeout_s);
        evprof_target_free(&t);
    }
}

static void
test_a_given_timeout_wins(void **state)
{
    (void)state;
    evprof_target_t t;
    assert_int_equal(evprof_target_parse("h:1?seconds=30", -1, 3, &t, NULL), 0);
    assert_int_equal(t.timeout_s, 3);
    evprof_target_free(&t);
}

static void
test_credentials_leave_the_address(void **state)
{
    (void)state;
    evprof_target_t t;
    assert_int_equal(
        evprof_target_parse("https://me:s%40cret@h:8443/p", -1, -1, &t, NULL),
        0);
    assert_string_equal(t.user, "me");
    assert_string_equal(t.password, "s@cret");
    assert_string_equal(t.url, "https://h:8443/p");
    assert_string_equal(t.shown, "https://me:xxxxx@h:8443/p");
    assert_string_equal(t.origin, "https://h:8443");
    evprof_target_free(&t);
}

static void
test_what_is_no_url(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "",          "file.pb.gz",   "a/b:c", "http://h/%zz",
        "file:///p", "http:h:1/p",   "h:x/p", "http+unix://relative/p",
        "a b:1",     "http://h\n/p",
    };
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        evprof_target_t t;
        evprof_error_t err;
        assert_int_equal(evprof_target_parse(sources[i], -1, -1, &t, &err),
                         EVPROF_EINVAL);
        assert_null(t.url);
    }
}

static void
test_what_is_printed(void **state)
{
    (void)state;
    static const struct {
        const char *source, *shown;
    } rows[] = {
        { "HTTP://h/p#f", "http://h/p#f" },
        { "http://u:@h/p", "http://u:xxxxx@h/p" },
        { "http://u%2f@h/\xc3\xbc", "http://u%2F@h/%C3%BC" },
        { "ftp://h/p?", "ftp://h/p?" },
        { "//h/p", "//h/p" },
        { "https+insecure://h/!(x)", "https+insecure://h/!(x)" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_target_t t;
        assert_int_equal(evprof_target_parse(rows[i].source, -1, -1, &t, NULL),
                         0);
        assert_string_equal(t.shown, rows[i].shown);
        evprof_target_free(&t);
    }
}

static void
test_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *source, *message;
    } rows[] = {
        { "http://", "the address names no host" },
        { "http:///x", "the address names no host" },
        { "http://[::1:80/", "the [ of its host is never closed by ]" },
        { "https://h:x/", "its port is no number" },
        { "https://[::1]:x/", "its port is no number" },
        { "http://a b/", "its host has a character that hosts cannot have" },
        { "http://h/%zz", "it has a character that must be "
                          "written as % and two hex digits" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_target_t t;
        evprof_error_t err = { 0 };
        assert_int_equal(evprof_target_parse(rows[i].source, -1, -1, &t, &err),
                         EVPROF_EINVAL);
        assert_string_equal(err.message, rows[i].message);
    }
}

static void
test_redirects(void **state)
{
    (void)state;
    evprof_target_t from;
    assert_int_equal(evprof_target_parse("http://me:pw@h:1/a/b?seconds=9", -1,
                                         -1, &from, NULL),
                     0);
    static const struct {
        const char *location, *url;
        bool keeps_user;
    } rows[] = {
        { "/c", "http://h:1/c", true },
        { "c?x=1", "http://h:1/a/c?x=1", true },
        { "http://h:1/d", "http://h:1/d", true },
        { "http://h:2/d", "http://h:2/d", false },
        { "https://h:1/d", "https://h:1/d", false },
        { "http://other:1/d", "http://other:1/d", false },
        { "//other/d", "http://other/d", false },
        { "http://other", "http://other/", false },
        { "?b c", "http://h:1/a/b?b%20c", true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_target_t to;
        assert_int_equal(
            evprof_target_redirect(&from, rows[i].location, &to, NULL), 0);
        assert_string_equal(to.url, rows[i].url);
        assert_int_equal(to.user != NULL, rows[i].keeps_user);
        assert_int_equal(to.duration_s, 9);
        evprof_target_free(&to);
    }
    static const char *const refused[] = { "file:///etc/passwd", "ftp://h:1/",
                                           "https+insecure://h:1/", "http:///x",
                                           "//h:x/" };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        evprof_target_t to;
        assert_int_equal(evprof_target_redirect(&from, refused[i], &to, NULL),
                         EVPROF_EINVAL);
    }
    evprof_target_free(&from);
}

static void
test_a_redirect_within_a_server_keeps_its_socket(void **state)
{
    (void)state;
    evprof_target_t from;
    evprof_target_t to;
    assert_int_equal(evprof_target_parse("http+unix://%2Frun%2Fa+b.sock/p", -1,
                                         -1, &from, NULL),
                     0);
    assert_string_equal(from.unix_socket, "/run/a+b.sock");
    assert_int_equal(evprof_target_redirect(&from, "q", &to, NULL), 0);
    assert_string_equal(to.unix_socket, "/run/a+b.sock");
    evprof_target_free(&to);
    assert_int_equal(evprof_target_redirect(&from, "http://h/q", &to, NULL), 0);
    assert_null(to.unix_socket);
    evprof_target_free(&to);
    evprof_target_free(&from);
}

static void
test_where_symbols_are_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *profile, *symbol;
    } rows[] = {
        { "http://h/debug/pprof/profile?seconds=3",
          "http://h/debug/pprof/symbol" },
        { "http://h/x/debug/pprof/heap", "http://h/x/debug/pprof/symbol" },
        { "http://h/pprof/growth", "http://h/pprof/symbol" },
        { "http://h/own/thing", "http://h/own/symbolz" },
        /* What begins with two slashes is a path, and no other host. */
        { "http://h:6060//debug/pprof/heap",
          "http://h:6060//debug/pprof/symbol" },
        { "http://h//evil:80/pprof/heap", "http://h//evil:80/pprof/symbol" },
        { "http://h//thing", "http://h//symbolz" },
        { "http://h/a:b/thing", "http://h/a:b/symbolz" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_target_t from;
        evprof_target_t to;
        assert_int_equal(
            evprof_target_parse(rows[i].profile, -1, -1, &from, NULL), 0);
        assert_int_equal(evprof_target_symbol(&from, &to, NULL), 0);
        assert_string_equal(to.url, rows[i].symbol);
        assert_string_equal(to.origin, from.origin);
        evprof_target_free(&from);
        evprof_target_free(&to);
    }
}

static void
test_symbols_have_the_profile_s_credentials(void **state)
{
    (void)state;
    evprof_target_t from;
    evprof_target_t to;
    assert_int_equal(
        evprof_target_parse("https+insecure://me:pw@h:1//debug/pprof/heap", -1,
                            -1, &from, NULL),
        0);
    assert_int_equal(evprof_target_symbol(&from, &to, NULL), 0);
    assert_string_equal(to.url, "https://h:1//debug/pprof/symbol");
    assert_string_equal(to.user, "me");
    assert_string_equal(to.password, "pw");
    assert_true(to.is_insecure);
    evprof_target_free(&from);
    evprof_target_free(&to);
}

int
run_target_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sources_become_addresses),
        cmocka_unit_test(test_a_given_timeout_wins),
        cmocka_unit_test(test_credentials_leave_the_address),
        cmocka_unit_test(test_what_is_no_url),
        cmocka_unit_test(test_what_is_printed),
        cmocka_unit_test(test_what_is_wrong),
        cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_a_redirect_within_a_server_keeps_its_socket),
        cmocka_unit_test(test_where_symbols_are_asked_for),
        cmocka_unit_test(test_symbols_have_the_profile_s_credentials),
    };
    return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
