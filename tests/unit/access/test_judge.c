/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of access: every peer with every forwarding header, set of address
 * rules, way to satisfy, set of credentials and credential sent. What must come
 * out is computed a second time from the sentences of the design.
 */
#include <arpa/inet.h>
#include <crypt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "tests/unit/access/tests.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- What a request may look like ---- */

struct peer {
    const char *text; /* NULL: unknown */
    bool is_loopback;
    bool is_inside; /* 10.0.0.0/8 or 2001:db8::/32 */
};

static const struct peer peers[] = {
    { "127.0.0.1", true, false },
    { "127.8.9.10", true, false },
    { "::1", true, false },
    { "::ffff:127.0.0.1", true, false },
    { "unix", true, false },
    { "10.1.2.3", false, true },
    { "::ffff:10.1.2.3", false, true },
    { "192.0.2.1", false, false },
    { "2001:db8::5", false, true },
    { "2001:db9::5", false, false },
    { NULL, false, false },
};

static const char *const forwarding[] = { NULL, "Forwarded", "X-Forwarded-For",
                                          "x-real-ip", "VIA" };

enum sent {
    SENT_NOTHING,
    SENT_USER,
    SENT_TOKEN,
    SENT_WRONG_USER,
    SENT_WRONG_TOKEN,
    SENT_NONSENSE,
};

static const char *const credentials[] = {
    [SENT_NOTHING] = NULL,
    [SENT_USER] = "Basic YW5uOnBlYXI=", /* ann:pear */
    [SENT_TOKEN] = "bearer " TEST_TOKEN,
    [SENT_WRONG_USER] = "Basic YW5uOnBsdW0=", /* ann:plum */
    [SENT_WRONG_TOKEN] = "Bearer 0123",
    [SENT_NONSENSE] = "Digest x",
};

/* ---- What a configuration may say ---- */

struct rules {
    const char *text;
    int inside;   /* 1: allowed, -1: denied, 0: not mentioned */
    int loopback; /* the same */
    int other;
};

static const struct rules rules[] = {
    { "", 0, 0, 0 },
    { "allow 10.0.0.0/8; allow 2001:db8::/32; deny all;", 1, -1, -1 },
    { "allow 10.0.0.0/8; allow 2001:db8::/32;", 1, 0, 0 },
    { "deny 10.0.0.0/8; deny 2001:db8::/32; allow all;", -1, 1, 1 },
    { "deny 10.0.0.0/8; deny 2001:db8::/32;", -1, 0, 0 },
    { "allow 127.0.0.0/8; allow ::1; allow unix:; deny all;", -1, 1, -1 },
    { "deny all; allow all;", -1, -1, -1 },
};

struct wanted {
    const char *text;
    bool user;
    bool token;
};

static const struct wanted wanted[] = {
    { "", false, false },
    { "auth_basic r; auth_basic_user_file users;", true, false },
    { "auth_bearer_file tokens;", false, true },
    { "auth_basic r; auth_basic_user_file users; auth_bearer_file tokens;",
      true, true },
};

struct row {
    const struct peer *peer;
    const char *forwarded;
    const struct rules *rules;
    const struct wanted *wanted;
    enum sent sent;
    bool any;
    int verified[SENT_NONSENSE + 1]; /* HTTP status of a slow check, once */
};

/* ---- What must come out ---- */

/* 403, 401 or 200. */
static int
expected(const struct row *row)
{
    bool has_credential = row->wanted->user || row->wanted->token;
    bool good = (row->sent == SENT_USER && row->wanted->user) ||
                (row->sent == SENT_TOKEN && row->wanted->token);
    int said = row->peer->is_inside     ? row->rules->inside
               : row->peer->is_loopback ? row->rules->loopback
                                        : row->rules->other;
    if (row->peer->text == NULL) {
        said = -1;
    }
    if (!has_credential) {
        bool by_default = row->peer->is_loopback && row->forwarded == NULL;
        return said > 0 || (said == 0 && by_default) ? 200 : 403;
    }
    if (row->any) {
        return said > 0 || good ? 200 : 401;
    }
    if (said < 0) {
        return 403;
    }
    return good ? 200 : 401;
}

/* ---- What does come out ---- */

static const char *
find_header(void *ctx, const char *name)
{
    const struct row *row = ctx;
    if (strcasecmp(name, "Authorization") == 0) {
        return credentials[row->sent];
    }
    return row->forwarded != NULL && strcasecmp(name, row->forwarded) == 0
               ? "127.0.0.1"
               : NULL;
}

static const struct sockaddr *
make_peer(const char *text, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (void *)out;
    struct sockaddr_in6 *v6 = (void *)out;
    memset(out, 0, sizeof(*out));
    if (text == NULL) {
        return NULL;
    }
    if (strcmp(text, "unix") == 0) {
        out->ss_family = AF_UNIX;
    } else if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        out->ss_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
        out->ss_family = AF_INET6;
    }
    return (const struct sockaddr *)out;
}

static int
actual(const evprof_access_conf_t *conf, struct row *row)
{
    struct sockaddr_storage storage;
    evprof_access_request_t request = {
        .peer = make_peer(row->peer->text, &storage),
        .header = find_header,
        .ctx = row,
    };
    const char *reason;
    switch (evprof_access_judge(conf, &request, &reason)) {
    case EVPROF_ACCESS_ALLOW:
        return 200;
    case EVPROF_ACCESS_DENY:
        assert_non_null(reason);
        return 403;
    case EVPROF_ACCESS_ASK:
        assert_non_null(reason);
        return 401;
    default:
        if (row->verified[row->sent] == 0) {
            bool good = evprof_access_verify(conf, credentials[row->sent]);
            row->verified[row->sent] = good ? 200 : 401;
        }
        return row->verified[row->sent];
    }
}

/* A peer is barred where its address is known and all that it can ask is
 * refused for it. */
static void
check_bars(const evprof_access_conf_t *conf, const struct peer *peer,
           bool is_refused)
{
    struct sockaddr_storage storage;
    const struct sockaddr *address = make_peer(peer->text, &storage);
    assert_int_equal(evprof_access_bars(conf, address),
                     is_refused && peer->text != NULL);
}

static size_t
walk_requests(const evprof_access_conf_t *conf, struct row *row)
{
    size_t n = 0;
    for (size_t p = 0; p < COUNT(peers); p++) {
        bool is_refused = true;
        for (size_t f = 0; f < COUNT(forwarding); f++) {
            for (size_t s = 0; s < COUNT(credentials); s++, n++) {
                row->peer = &peers[p];
                row->forwarded = forwarding[f];
                row->sent = (enum sent)s;
                int got = actual(conf, row);
                is_refused = is_refused && got == 403;
                if (got != expected(row)) {
                    fail_msg("%s via %s with %s by '%s %s' any %d: %d, not %d",
                             row->peer->text, row->forwarded, credentials[s],
                             row->rules->text, row->wanted->text, row->any, got,
                             expected(row));
                }
            }
        }
        check_bars(conf, &peers[p], is_refused);
    }
    return n;
}

static void
test_table(void **state)
{
    (void)state;
    size_t n = 0;
    char *folder = test_folder();
    char *users = test_path(folder, "users");
    test_wait_until_settled(users);
    for (size_t i = 0; i < COUNT(rules) * COUNT(wanted) * 2; i++) {
        struct row row = { .rules = &rules[i / 2 % COUNT(rules)],
                           .wanted = &wanted[i / 2 / COUNT(rules)],
                           .any = i % 2 == 1 };
        char text[512];
        snprintf(text, sizeof(text), "%s%s satisfy %s;", row.rules->text,
                 row.wanted->text, row.any ? "any" : "all");
        evprof_config_t *config = test_load(folder, text);
        n += walk_requests(test_rules_of(config), &row);
        evprof_config_unref(config);
    }
    print_message("%zu combinations\n", n);
    free(users);
    test_folder_remove(folder);
}

/* ---- A trusted proxy ---- */

#define LONG_16 "10.1.1.1 10.1.1."

struct proxied {
    const char *peer;
    const char *value; /* of X-Real-IP */
    int expected;
};

static const char *
real_ip(void *ctx, const char *name)
{
    const struct proxied *p = ctx;
    return strcasecmp(name, "X-Real-IP") == 0 ? p->value : NULL;
}

static void
judge_proxied(const char *text, const struct proxied *rows, size_t count)
{
    evprof_config_t *config = test_load("", text);
    for (size_t i = 0; i < count; i++) {
        struct proxied row = rows[i];
        struct sockaddr_storage storage;
        evprof_access_request_t request = {
            .peer = make_peer(row.peer, &storage),
            .header = real_ip,
            .ctx = &row,
        };
        enum evprof_verdict verdict =
            evprof_access_judge(test_rules_of(config), &request, NULL);
        assert_int_equal(verdict, row.expected == 200 ? EVPROF_ACCESS_ALLOW
                                                      : EVPROF_ACCESS_DENY);
    }
    evprof_config_unref(config);
}

static void
test_trusted_proxy(void **state)
{
    static const struct proxied rows[] = {
        { "127.0.0.1", "10.1.1.1", 200 },
        { "127.0.0.1", "192.0.2.1, 10.1.1.1", 200 },
        { "127.0.0.1", "10.1.1.1, 192.0.2.1", 403 },
        { "127.0.0.1", "192.0.2.1", 403 },
        { "127.0.0.1", "127.0.0.1", 403 },
        { "127.0.0.1", NULL, 403 },
        { "127.0.0.1", "", 403 },
        { "127.0.0.1", "10.1.1.1 junk", 403 },
        { "127.0.0.1", "10.1.1.1,", 403 },
        { "192.0.2.1", "10.1.1.1", 403 },
        { "10.1.1.1", "192.0.2.1", 200 },
        /* As long as the room for it, and longer. */
        { "127.0.0.1", LONG_16 LONG_16 LONG_16 LONG_16, 403 },
        { "127.0.0.1", LONG_16 LONG_16 LONG_16 "10.1.1.1 10.1.1", 403 },
        { "127.0.0.1", LONG_16 LONG_16 LONG_16 LONG_16 LONG_16, 403 },
    };
    (void)state;
    judge_proxied("trusted_proxy 127.0.0.0/8; real_ip_header X-Real-IP;"
                  "allow 10.0.0.0/8; deny all;",
                  rows, COUNT(rows));
}

/* Who asks from the proxy's own machine without it: only where that is said. */
static void
test_direct(void **state)
{
    static const struct proxied rows[] = {
        { "127.0.0.1", NULL, 200 },        { "127.0.0.1", "", 403 },
        { "127.0.0.1", "192.0.2.1", 403 }, { "127.0.0.1", "10.1.1.1", 200 },
        { "192.0.2.1", NULL, 403 },        { "192.0.2.1", "10.1.1.1", 403 },
    };
    static const struct proxied all[] = {
        { "127.0.0.1", NULL, 403 },
        { "127.0.0.1", "192.0.2.1", 200 },
    };
    (void)state;
    judge_proxied("trusted_proxy 127.0.0.0/8; real_ip_header X-Real-IP;"
                  "allow direct; allow 10.0.0.0/8; deny all;",
                  rows, COUNT(rows));
    judge_proxied("trusted_proxy 127.0.0.0/8; real_ip_header X-Real-IP;"
                  "allow all;",
                  all, COUNT(all));
}

/* More rules than the list has room for at first: the earlier ones stay. */
static void
test_many_rules(void **state)
{
    static const struct proxied rows[] = {
        { "10.0.0.1", NULL, 403 },
        { "10.0.0.8", NULL, 403 },
        { "10.0.0.20", NULL, 403 },
        { "10.0.0.21", NULL, 200 },
    };
    char text[1024];
    size_t len = 0;
    (void)state;
    for (int i = 1; i <= 20; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "deny 10.0.0.%d;", i);
    }
    snprintf(text + len, sizeof(text) - len, "allow 10.0.0.0/8; deny all;");
    judge_proxied(text, rows, COUNT(rows));
}

/* What a proxy that nobody trusts passes on is no request of this machine. */
static void
test_untrusted_proxy(void **state)
{
    static const struct proxied rows[] = {
        { "127.0.0.1", "127.0.0.1", 403 },
        { "127.0.0.1", NULL, 200 },
        { "10.0.0.2", "127.0.0.1", 200 },
        { "10.0.0.2", "192.0.2.1", 403 },
    };
    (void)state;
    judge_proxied("trusted_proxy 10.0.0.2; real_ip_header X-Real-IP;", rows,
                  COUNT(rows));
}

/* A client is counted by its address, as far as it cannot choose it, also
 * behind a trusted proxy, whose own connection is not that of a client. */
static void
test_counted_peers(void **state)
{
    static const struct {
        struct proxied one;
        struct proxied other;
        bool is_same;
    } pairs[] = {
        { { "10.1.2.3", NULL, 0 }, { "10.1.2.3", NULL, 0 }, true },
        { { "10.1.2.3", NULL, 0 }, { "::ffff:10.1.2.3", NULL, 0 }, true },
        { { "10.1.2.3", NULL, 0 }, { "10.1.2.4", NULL, 0 }, false },
        { { "10.1.2.3", NULL, 0 }, { "11.1.2.3", NULL, 0 }, false },
        { { "2001:db8::1", NULL, 0 }, { "2001:db8::ffff:2", NULL, 0 }, true },
        { { "2001:db8::1", NULL, 0 }, { "2001:db8:0:1::1", NULL, 0 }, false },
        { { "192.0.2.1", "10.0.0.1", 0 }, { "192.0.2.1", NULL, 0 }, true },
        { { "127.0.0.1", "10.0.0.1", 0 }, { "10.0.0.1", NULL, 0 }, true },
        { { "127.0.0.1", "10.0.0.1", 0 },
          { "127.0.0.2", "10.0.0.2", 0 },
          false },
        { { "127.0.0.1", NULL, 0 }, { "unix", NULL, 0 }, true },
        { { "127.0.0.1", "junk", 0 }, { NULL, NULL, 0 }, true },
    };
    (void)state;
    evprof_config_t *config =
        test_load("", "trusted_proxy 127.0.0.0/8; real_ip_header X-Real-IP;");
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct proxied rows[] = { pairs[i].one, pairs[i].other };
        uint64_t numbers[2];
        for (size_t k = 0; k < 2; k++) {
            struct sockaddr_storage storage;
            const evprof_access_request_t request = {
                .peer = make_peer(rows[k].peer, &storage),
                .header = real_ip,
                .ctx = &rows[k],
            };
            numbers[k] = evprof_access_peer(test_rules_of(config), &request);
        }
        assert_int_equal(numbers[0] == numbers[1], pairs[i].is_same);
    }
    evprof_config_unref(config);
}

/* Which rules bar a connection before it has asked for anything: none that a
 * trusted proxy's header may still satisfy. */
static void
test_proxies_are_not_barred(void **state)
{
    struct sockaddr_storage storage;
    (void)state;
    evprof_config_t *config =
        test_load("", "trusted_proxy 192.0.2.1; real_ip_header X-Real-IP;"
                      "allow 10.0.0.0/8; deny all;");
    const evprof_access_conf_t *conf = test_rules_of(config);
    assert_false(evprof_access_bars(conf, make_peer("192.0.2.1", &storage)));
    assert_true(evprof_access_bars(conf, make_peer("192.0.2.2", &storage)));
    assert_false(evprof_access_bars(conf, make_peer("10.0.0.1", &storage)));
    evprof_config_unref(config);
}

/* A password is slow to check, a token is not. */
static void
test_slow_credentials(void **state)
{
    static const struct {
        const char *authorization;
        bool is_slow[4]; /* by `wanted` */
    } rows[] = {
        { "Basic YW5uOnBlYXI=", { false, true, false, true } },
        { "basic  YW5uOnBlYXI=", { false, true, false, true } },
        { "Basic !", { false, true, false, true } },
        { "Basic ", { false, false, false, false } },
        { "Basic", { false, false, false, false } },
        { "BasicYW5uOnBlYXI=", { false, false, false, false } },
        { "Bearer " TEST_TOKEN, { false, false, false, false } },
        { "Digest x", { false, false, false, false } },
        { "", { false, false, false, false } },
        { NULL, { false, false, false, false } },
    };
    (void)state;
    char *folder = test_folder();
    for (size_t w = 0; w < COUNT(wanted); w++) {
        evprof_config_t *config = test_load(folder, wanted[w].text);
        const evprof_access_conf_t *conf = test_rules_of(config);
        for (size_t i = 0; i < COUNT(rows); i++) {
            assert_int_equal(evprof_access_is_slow(conf, rows[i].authorization),
                             rows[i].is_slow[w]);
            assert_false(evprof_access_is_known(conf, rows[i].authorization));
        }
        evprof_config_unref(config);
    }
    test_folder_remove(folder);
}

/* A header may be as long as 8192 bytes. */
static void
test_long_credentials(void **state)
{
    (void)state;
    char text[8194];
    char *folder = test_folder();
    evprof_config_t *config =
        test_load(folder, "auth_basic r; auth_basic_user_file users;");
    memset(text, 'A', sizeof(text));
    memcpy(text, "Basic ", 6);
    text[8192] = '\0';
    assert_true(evprof_access_is_slow(test_rules_of(config), text));
    assert_false(evprof_access_verify(test_rules_of(config), text));
    text[8192] = 'A';
    text[8193] = '\0';
    assert_false(evprof_access_is_slow(test_rules_of(config), text));
    assert_false(evprof_access_verify(test_rules_of(config), text));
    evprof_config_unref(config);
    test_folder_remove(folder);
}

/* A name of one letter with an empty password. */
static void
test_shortest_credential(void **state)
{
    (void)state;
    struct crypt_data data = { 0 };
    char users[256];
    char *folder = test_folder();
    (void)snprintf(users, sizeof(users), "a:%s\n",
                   crypt_r("", "$2y$04$abcdefghijklmnopqrstuu", &data));
    test_write_file(folder, "users", users);
    evprof_config_t *config =
        test_load(folder, "auth_basic r; auth_basic_user_file users;");
    const evprof_access_conf_t *conf = test_rules_of(config);
    assert_true(evprof_access_verify(conf, "Basic YTo="));  /* a: */
    assert_false(evprof_access_verify(conf, "Basic YTp4")); /* a:x */
    assert_false(evprof_access_verify(conf, "Basic Ojo=")); /* :: */
    assert_false(evprof_access_verify(conf, "Basic YQ==")); /* a */
    evprof_config_unref(config);
    test_folder_remove(folder);
}

/* A right credential is hashed once, until its file changes. */
static void
test_remembered(void **state)
{
    (void)state;
    char *folder = test_folder();
    char *users = test_path(folder, "users");
    evprof_config_t *config =
        test_load(folder, "auth_basic r; auth_basic_user_file users;");
    const evprof_access_conf_t *conf = test_rules_of(config);
    struct row row = { .sent = SENT_USER };
    struct sockaddr_storage storage;
    evprof_access_request_t request = {
        .peer = make_peer("192.0.2.1", &storage),
        .header = find_header,
        .ctx = &row,
    };
    test_wait_until_settled(users);
    assert_int_equal(evprof_access_judge(conf, &request, NULL),
                     EVPROF_ACCESS_VERIFY);
    assert_false(evprof_access_is_known(conf, credentials[SENT_USER]));
    assert_true(evprof_access_verify(conf, credentials[SENT_USER]));
    assert_int_equal(evprof_access_judge(conf, &request, NULL),
                     EVPROF_ACCESS_ALLOW);
    assert_true(evprof_access_is_known(conf, credentials[SENT_USER]));
    assert_false(evprof_access_is_known(conf, credentials[SENT_WRONG_USER]));
    assert_false(evprof_access_is_known(conf, NULL));
    row.sent = SENT_WRONG_USER;
    assert_int_equal(evprof_access_judge(conf, &request, NULL),
                     EVPROF_ACCESS_VERIFY);
    row.sent = SENT_USER;
    test_write_file(folder, "users", "ann:$2y$04$nothing\n");
    assert_int_equal(evprof_access_judge(conf, &request, NULL),
                     EVPROF_ACCESS_VERIFY);
    assert_false(evprof_access_verify(conf, credentials[SENT_USER]));
    evprof_config_unref(config);
    free(users);
    test_folder_remove(folder);
}

int
run_judge_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_trusted_proxy),
        cmocka_unit_test(test_direct),
        cmocka_unit_test(test_many_rules),
        cmocka_unit_test(test_untrusted_proxy),
        cmocka_unit_test(test_counted_peers),
        cmocka_unit_test(test_proxies_are_not_barred),
        cmocka_unit_test(test_slow_credentials),
        cmocka_unit_test(test_long_credentials),
        cmocka_unit_test(test_shortest_credential),
        cmocka_unit_test(test_remembered),
    };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
