/* SPDX-License-Identifier: Apache-2.0 */
#include "core/access/rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "tests/unit/access/tests.h"

static bool
matches(const char *network_text, const char *address_text)
{
    evprof_network_t network;
    evprof_address_t address = { .kind = EVPROF_ADDRESS_UNIX };
    bool low;
    assert_true(evprof_network_parse(network_text, &network, &low));
    if (strcmp(address_text, "unix") != 0) {
        assert_true(evprof_address_parse(address_text, &address));
    }
    return evprof_network_has(&network, &address);
}

static void
test_networks(void **state)
{
    (void)state;
    assert_true(matches("10.0.0.0/8", "10.255.1.2"));
    assert_false(matches("10.0.0.0/8", "11.0.0.0"));
    assert_true(matches("10.32.0.0/11", "10.63.255.255"));
    assert_false(matches("10.32.0.0/11", "10.64.0.0"));
    assert_true(matches("1.2.3.4", "1.2.3.4"));
    assert_false(matches("1.2.3.4", "1.2.3.5"));
    assert_true(matches("0.0.0.0/0", "9.9.9.9"));
    assert_false(matches("0.0.0.0/0", "2001:db8::1"));
    assert_true(matches("2001:db8::/32", "2001:db8:ffff::1"));
    assert_false(matches("2001:db8::/32", "2001:db9::1"));
    assert_true(matches("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(matches("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(matches("2001:db8:8000::/33", "2001:db8:8000::1"));
    assert_false(matches("2001:db8:8000::/33", "2001:db8::1"));
    assert_true(matches("10.0.0.128/25", "10.0.0.200"));
    assert_false(matches("10.0.0.128/25", "10.0.0.1"));
    assert_true(matches("::/0", "::1"));
    assert_false(matches("::/0", "1.2.3.4"));
    assert_true(matches("all", "::1"));
    assert_true(matches("all", "1.2.3.4"));
    assert_true(matches("all", "unix"));
    assert_true(matches("unix:", "unix"));
    assert_false(matches("unix:", "1.2.3.4"));
    assert_false(matches("::1", "unix"));
}

/* An IPv4 peer of an IPv6 socket is an IPv4 peer, and so are rules. */
static void
test_mapped(void **state)
{
    (void)state;
    assert_true(matches("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_true(matches("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert_false(matches("::ffff:10.0.0.0/104", "11.1.2.3"));
    assert_false(matches("::/0", "::ffff:10.1.2.3"));
}

static void
test_bad_networks(void **state)
{
    static const char *const bad[] = {
        "", "any", "localhost", "1.2.3", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1",
        "1.2.3.4/+8", "1.2.3.4/8x", "::1/129", "::ffff:1.2.3.4/95", "[::1]",
        "1.2.3.4:80", "unix", "unix:/x",
        /* longer than any address */
        "1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:1:2:3:4"
    };
    evprof_network_t network;
    bool low;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (evprof_network_parse(bad[i], &network, &low)) {
            fail_msg("%s", bad[i]);
        }
    }
    /* Texts of every length around that of the longest address. */
    for (size_t len = 40; len < 60; len++) {
        char text[64] = "";
        memset(text, '1', len);
        assert_false(evprof_network_parse(text, &network, &low));
    }
    assert_true(evprof_network_parse("10.1.0.0/8", &network, &low));
    assert_true(low);
    assert_int_equal(network.address.bytes[1], 0);
    assert_true(evprof_network_parse("10.0.0.0/8", &network, &low));
    assert_false(low);
    assert_true(evprof_network_parse("10.0.0.0/4", &network, &low));
    assert_true(low);
    assert_int_equal(network.address.bytes[0], 0);
    evprof_address_t nobody = { .kind = EVPROF_ADDRESS_NONE };
    assert_true(evprof_network_parse("all", &network, &low));
    assert_false(evprof_network_has(&network, &nobody));
}

static void
test_loopback(void **state)
{
    static const char *const local[] = { "127.0.0.1", "127.255.255.255", "::1",
                                         "::ffff:127.0.0.1" };
    static const char *const remote[] = {
        "126.255.255.255", "128.0.0.1", "0.0.0.0",    "::", "::2",
        "::ffff:10.0.0.1", "fe80::1",   "2001:db8::1"
    };
    evprof_address_t a;
    (void)state;
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        assert_true(evprof_address_parse(local[i], &a));
        assert_true(evprof_address_is_loopback(&a));
    }
    for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++) {
        assert_true(evprof_address_parse(remote[i], &a));
        assert_false(evprof_address_is_loopback(&a));
    }
    a = evprof_address_of(NULL);
    assert_false(evprof_address_is_loopback(&a));
    struct sockaddr other = { .sa_family = AF_UNSPEC };
    a = evprof_address_of(&other);
    assert_int_equal(a.kind, EVPROF_ADDRESS_NONE);
}

int
run_rules_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_mapped),
        cmocka_unit_test(test_bad_networks),
        cmocka_unit_test(test_loopback),
    };
    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
