/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/address.h"

#include <string.h>

#include "tests/unit/base/tests.h"

static void
test_good(void **state)
{
    static const char *const rows[][3] = {
        { "127.0.0.1:6060", "127.0.0.1", "6060" },
        { "[::1]:0", "::1", "0" },
        { "localhost:65535", "localhost", "65535" },
        { "*:80", "*", "80" },
        { "unix:/run/x", "/run/x", "" },
        { "unix:x:1", "x:1", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_listen_address_t at;
        assert_null(evprof_listen_address_parse(rows[i][0], &at));
        assert_string_equal(at.host, rows[i][1]);
        assert_string_equal(at.port, rows[i][2]);
        assert_int_equal(at.is_unix, rows[i][2][0] == '\0');
    }
}

static void
test_bad(void **state)
{
    static const char *const bad[] = {
        "",         "x",       "6060",      ":6060",       "[]:6060",
        "x:",       "x:65536", "x:-1",      "x:+1",        "x:1a",
        "::1:6060", "unix:",   "[::1]6060", "x:000000001", "[::1:1"
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        evprof_listen_address_t at;
        if (evprof_listen_address_parse(bad[i], &at) == NULL) {
            fail_msg("%s", bad[i]);
        }
    }
    char text[400];
    memset(text, 'x', sizeof(text));
    memcpy(text + 300, ":1", 3);
    evprof_listen_address_t at;
    assert_non_null(evprof_listen_address_parse(text, &at));
}

int
run_address_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
