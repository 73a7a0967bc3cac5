/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/fetch/proxy.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/fetch/tests.h"

static void
test_exceptions(void **state)
{
    (void)state;
    static const struct {
        const char *list, *host;
        int port;
        bool named;
    } rows[] = {
        { "*", "any", 80, true },
        { "example.com", "example.com", 80, true },
        { "example.com", "a.example.com", 80, true },
        { "example.com", "notexample.com", 80, false },
        { ".example.com", "example.com", 80, false },
        { ".example.com", "a.example.com", 80, true },
        { "*.example.com", "a.example.com", 80, true },
        { "*.example.com", "example.com", 80, false },
        { "x, Example.COM ", "example.com", 80, true },
        { "example.com:81", "example.com", 80, false },
        { "example.com:80", "example.com", 80, true },
        { "10.0.0.0/8", "10.2.3.4", 80, true },
        { "10.0.0.0/8", "11.2.3.4", 80, false },
        { "10.1.2.3", "10.1.2.3", 80, true },
        { "10.1.2.3:81", "10.1.2.3", 80, false },
        { "fd00::/8", "fd01::1", 80, true },
        { "[fd00::1]:80", "fd00::1", 80, true },
        { "fd00::1", "fd00::1", 80, true },
        { "", "any", 80, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            evprof_no_proxy(rows[i].list, rows[i].host, rows[i].port),
            rows[i].named);
    }
}

static void
clear_environment(void)
{
    static const char *const names[] = {
        "HTTP_PROXY", "http_proxy", "HTTPS_PROXY",    "https_proxy", "NO_PROXY",
        "no_proxy",   "ALL_PROXY",  "REQUEST_METHOD", "all_proxy"
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unsetenv(names[i]);
    }
}

static void
test_which_variable_counts(void **state)
{
    (void)state;
    clear_environment();
    assert_null(evprof_proxy_from_environment(false, "h", 80));
    setenv("ALL_PROXY", "all", 1);
    assert_string_equal(evprof_proxy_from_environment(true, "h", 443), "all");
    setenv("http_proxy", "lower", 1);
    assert_string_equal(evprof_proxy_from_environment(false, "h", 80), "lower");
    setenv("HTTP_PROXY", "upper", 1);
    assert_string_equal(evprof_proxy_from_environment(false, "h", 80), "upper");
    assert_string_equal(evprof_proxy_from_environment(true, "h", 443), "all");
    setenv("HTTPS_PROXY", "tls", 1);
    assert_string_equal(evprof_proxy_from_environment(true, "h", 443), "tls");
    setenv("NO_PROXY", "h", 1);
    assert_null(evprof_proxy_from_environment(true, "h", 443));
    unsetenv("NO_PROXY");
    /* A CGI program's HTTP_PROXY is what a client wrote into "Proxy:". */
    unsetenv("ALL_PROXY");
    setenv("REQUEST_METHOD", "GET", 1);
    assert_null(evprof_proxy_from_environment(false, "h", 80));
    clear_environment();
}

static void
test_loopback_is_never_proxied(void **state)
{
    (void)state;
    clear_environment();
    setenv("HTTP_PROXY", "p", 1);
    static const char *const hosts[] = { "localhost", "LOCALHOST",
                                         "127.0.0.1", "127.9.9.9",
                                         "::1",       "::ffff:127.0.0.1" };
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        assert_null(evprof_proxy_from_environment(false, hosts[i], 80));
    }
    assert_non_null(evprof_proxy_from_environment(false, "128.0.0.1", 80));
    clear_environment();
}

static void
test_socks_names_are_the_proxys_business(void **state)
{
    (void)state;
    static const struct {
        const char *proxy, *spelled;
    } rows[] = {
        { "socks5://me:pw@p:1", "socks5h://me:pw@p:1" },
        { "SOCKS5://p", "socks5h://p" },
        { "http://p:1", "http://p:1" },
        { "p:1", "p:1" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *spelled = evprof_proxy_spelled(rows[i].proxy);
        assert_string_equal(spelled, rows[i].spelled);
        free(spelled);
    }
}

int
run_proxy_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exceptions),
        cmocka_unit_test(test_which_variable_counts),
        cmocka_unit_test(test_loopback_is_never_proxied),
        cmocka_unit_test(test_socks_names_are_the_proxys_business),
    };
    return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
