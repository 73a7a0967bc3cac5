/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/sender.h"

#include "tests/unit/base/tests.h"

static const char *const names[] = { "prof.internal", "2001:db8::1" };

/* A server behind any proxy, and one that is reached by itself alone. */
static const evprof_own_names_t open_site = {
    .names = names,
    .name_count = 2,
    .takes_addresses = true,
};
static const evprof_own_names_t closed_site = { .port = 8080,
                                                .scheme = "http" };
static const evprof_own_names_t plain_site = { .port = 80 };

struct row {
    const evprof_own_names_t *site;
    evprof_sent_t sent;
    enum evprof_sender sender;
};

static const struct row rows[] = {
    /* Host: names, addresses and ports. */
    { &open_site, { NULL }, EVPROF_SENDER_OURS },
    { &open_site, { .host = "" }, EVPROF_SENDER_OURS },
    { &open_site, { .host = "PROF.internal:1" }, EVPROF_SENDER_OURS },
    { &open_site, { .host = "prof.internal.x" }, EVPROF_SENDER_OTHER_NAME },
    { &open_site, { .host = "prof.interna" }, EVPROF_SENDER_OTHER_NAME },
    { &open_site, { .host = "[2001:db8::1]" }, EVPROF_SENDER_OURS },
    { &open_site, { .host = "[2001:db8::2]:9" }, EVPROF_SENDER_OURS },
    { &open_site, { .host = "[::1]x" }, EVPROF_SENDER_OTHER_NAME },
    { &open_site, { .host = "[::1" }, EVPROF_SENDER_OTHER_NAME },
    { &open_site, { .host = "192.0.2.1:9" }, EVPROF_SENDER_OURS },
    { &open_site, { .host = "192.0.2" }, EVPROF_SENDER_OTHER_NAME },
    { &open_site, { .host = ":9" }, EVPROF_SENDER_OTHER_NAME },
    { &closed_site, { .host = "localhost:8080" }, EVPROF_SENDER_OURS },
    { &closed_site, { .host = "127.0.0.1:8080" }, EVPROF_SENDER_OURS },
    { &closed_site, { .host = "[::1]:8080" }, EVPROF_SENDER_OURS },
    { &closed_site, { .host = "192.0.2.1:8080" }, EVPROF_SENDER_OTHER_NAME },
    { &closed_site, { .host = "localhost" }, EVPROF_SENDER_OTHER_NAME },
    { &closed_site, { .host = "localhost:80" }, EVPROF_SENDER_OTHER_NAME },
    { &closed_site, { .host = "localhost:80a" }, EVPROF_SENDER_OTHER_NAME },
    { &closed_site,
      { .host = "localhost:4294975376" }, /* 2^32 + 8080 */
      EVPROF_SENDER_OTHER_NAME },
    { &plain_site, { .host = "localhost" }, EVPROF_SENDER_OURS },
    { &plain_site, { .host = "localhost:80" }, EVPROF_SENDER_OURS },
    { NULL, { .host = "anything" }, EVPROF_SENDER_OURS },
    /* Origin: the same host and port, and the scheme where it is known. */
    { NULL, { .host = "x:1", .origin = "http://x:1" }, EVPROF_SENDER_OURS },
    { NULL, { .host = "x:1", .origin = "https://X:1" }, EVPROF_SENDER_OURS },
    { NULL,
      { .host = "x:1", .origin = "http://x:2" },
      EVPROF_SENDER_OTHER_ORIGIN },
    { NULL,
      { .host = "x:1", .origin = "http://y:1" },
      EVPROF_SENDER_OTHER_ORIGIN },
    { NULL,
      { .host = "x:1", .origin = "http://x" },
      EVPROF_SENDER_OTHER_ORIGIN },
    { NULL, { .host = "x", .origin = "https://x:443" }, EVPROF_SENDER_OURS },
    { NULL,
      { .host = "x:80", .origin = "https://x" },
      EVPROF_SENDER_OTHER_ORIGIN },
    { NULL, { .host = "x", .origin = "null" }, EVPROF_SENDER_OTHER_ORIGIN },
    { NULL, { .host = "x", .origin = "" }, EVPROF_SENDER_OTHER_ORIGIN },
    { NULL, { .origin = "http://x" }, EVPROF_SENDER_OTHER_ORIGIN },
    { &closed_site,
      { .host = "localhost:8080", .origin = "http://localhost:8080" },
      EVPROF_SENDER_OURS },
    { &closed_site,
      { .host = "localhost:8080", .origin = "https://localhost:8080" },
      EVPROF_SENDER_OTHER_ORIGIN },
    /* A link is no excuse for a page that sends an Origin. */
    { NULL,
      { .host = "x", .origin = "http://y", .is_link = true },
      EVPROF_SENDER_OTHER_ORIGIN },
    /* Sec-Fetch-Site. */
    { NULL, { .host = "x", .fetch_site = "none" }, EVPROF_SENDER_OURS },
    { NULL, { .host = "x", .fetch_site = "same-origin" }, EVPROF_SENDER_OURS },
    { NULL,
      { .host = "x", .fetch_site = "same-site" },
      EVPROF_SENDER_OTHER_SITE },
    { NULL,
      { .host = "x", .fetch_site = "cross-site" },
      EVPROF_SENDER_OTHER_SITE },
    { NULL,
      { .host = "x", .fetch_site = "cross-site", .is_link = true },
      EVPROF_SENDER_OURS },
};

static void
test_senders(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum evprof_sender sender =
            evprof_sender_of(rows[i].site, &rows[i].sent);
        if (sender != rows[i].sender) {
            fail_msg("row %zu: %d", i, (int)sender);
        }
    }
}

int
run_sender_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_senders),
    };
    return cmocka_run_group_tests_name("sender", tests, NULL, NULL);
}
