/* SPDX-License-Identifier: Apache-2.0 */
/* Browsers on the machine: names that DNS points here, and pages of others. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "tests/unit/access/tests.h"

struct row {
    const char *conf;
    const char *host;
    const char *origin;
    const char *site;
    bool is_let_in;
};

static const struct row rows[] = {
    /* Tools. */
    { "", NULL, NULL, NULL, true },
    { "", "127.0.0.1:6060", NULL, NULL, true },
    { "", "127.0.0.1", NULL, NULL, true },
    { "", "[::1]:6060", NULL, NULL, true },
    { "", "192.0.2.9:80", NULL, NULL, true },
    { "", "LocalHost:6060", NULL, NULL, true },
    /* DNS rebinding. */
    { "", "evil.example:6060", NULL, NULL, false },
    { "", "127.0.0.1.evil.example", NULL, NULL, false },
    { "", "localhost.evil.example", NULL, NULL, false },
    { "", "[evil.example]:6060", NULL, NULL, false },
    { "", "prof.internal:6060", NULL, NULL, false },
    { "server_name prof.internal other;", "prof.internal:6060", NULL, NULL,
      true },
    { "server_name prof.internal other;", "OTHER", NULL, NULL, true },
    { "server_name prof.internal other;", "evil.example", NULL, NULL, false },
    /* A page of another origin, and our own. */
    { "", "127.0.0.1:6060", "http://127.0.0.1:6060", NULL, true },
    { "", "127.0.0.1:6060", "http://127.0.0.1:8080", NULL, false },
    { "", "127.0.0.1", "http://127.0.0.1", NULL, true },
    { "", "127.0.0.1:80", "http://127.0.0.1", NULL, true },
    { "", "127.0.0.1:80", "https://127.0.0.1", NULL, false },
    { "", "[::1]:6060", "http://[::1]:6060", NULL, true },
    { "", "localhost:6060", "http://127.0.0.1:6060", NULL, false },
    { "", "127.0.0.1:6060", "https://evil.example", NULL, false },
    { "", "127.0.0.1:6060", "null", NULL, false },
    { "", "127.0.0.1:6060", "", NULL, false },
    /* What the browser says of it. */
    { "", "127.0.0.1:6060", NULL, "none", true },
    { "", "127.0.0.1:6060", NULL, "same-origin", true },
    { "", "127.0.0.1:6060", NULL, "same-site", false },
    { "", "127.0.0.1:6060", NULL, "cross-site", false },
    /* Rules decide alone. */
    { "allow 127.0.0.1;", "evil.example", "http://x", "cross-site", true },
    { "allow all;", "evil.example", "http://x", "cross-site", true },
};

static const char *
header(void *ctx, const char *name)
{
    const struct row *row = ctx;
    return strcasecmp(name, "Host") == 0             ? row->host
           : strcasecmp(name, "Origin") == 0         ? row->origin
           : strcasecmp(name, "Sec-Fetch-Site") == 0 ? row->site
                                                     : NULL;
}

static enum evprof_verdict
judge(const evprof_access_conf_t *conf, const struct row *row,
      const struct sockaddr *peer, const char **reason)
{
    const evprof_access_request_t request = {
        .peer = peer,
        .header = header,
        .ctx = (void *)(uintptr_t)row,
    };
    return evprof_access_judge(conf, &request, reason);
}

static void
test_local_peers(void **state)
{
    (void)state;
    struct sockaddr_in peer = { .sin_family = AF_INET };
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *reason = NULL;
        evprof_config_t *config = test_load("/", rows[i].conf);
        enum evprof_verdict verdict =
            judge(test_rules_of(config), &rows[i],
                  (const struct sockaddr *)&peer, &reason);
        if ((verdict == EVPROF_ACCESS_ALLOW) != rows[i].is_let_in) {
            fail_msg("row %zu: %s", i, reason == NULL ? "let in" : reason);
        }
        assert_true(rows[i].is_let_in || reason != NULL);
        evprof_config_unref(config);
    }
}

/* No browser speaks to them. */
static void
test_unix_sockets(void **state)
{
    (void)state;
    const struct sockaddr peer = { .sa_family = AF_UNIX };
    const struct row row = { .host = "evil.example", .site = "cross-site" };
    evprof_config_t *config = test_load("/", "");
    assert_int_equal(judge(test_rules_of(config), &row, &peer, NULL),
                     EVPROF_ACCESS_ALLOW);
    evprof_config_unref(config);
}

int
run_origin_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local_peers),
        cmocka_unit_test(test_unix_sockets),
    };
    return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
