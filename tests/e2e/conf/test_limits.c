/* SPDX-License-Identifier: Apache-2.0 */
/* The bounds of pprof { } on a server that is asked for too much. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/e2e/conf/http.h"

static char *folder;
static evprof_t *prof;
static test_server_t *server;
static test_reply_t reply;

static void
start(const char *text)
{
    folder = test_folder();
    prof = test_profiler(folder, text);
    server = test_server_start(prof);
}

static void
end_all(void)
{
    test_server_stop(server);
    evprof_free(prof);
    test_folder_remove(folder);
}

static int
ask(const char *path)
{
    test_request_t request = { .port = test_server_port(server), .path = path };
    return test_get(&request, &reply);
}

static void
test_max_profiles(void **state)
{
    (void)state;
    start("pprof { max_profiles 1; }");
    test_request_t request = { .port = test_server_port(server),
                               .path = "profile?seconds=1" };
    int fd = test_send(&request);
    while (ask("profile?seconds=1") == 200) {
    }
    assert_int_equal(ask("goroutine"), 503);
    assert_non_null(strstr(reply.text, "too many profiles are being taken "
                                       "(max_profiles)"));
    assert_int_equal(ask(""), 200);
    assert_int_equal(test_receive(fd, &reply), 200);
    assert_int_equal(ask("goroutine"), 200);
    end_all();
}

/* Who names no length gets the longest there may be, not a refusal. */
static void
test_max_seconds(void **state)
{
    (void)state;
    start("pprof { max_seconds 1; }");
    assert_int_equal(ask("profile"), 200);
    assert_int_equal(ask("profile?seconds=junk"), 200);
    assert_int_equal(ask("profile?seconds=2"), 400);
    assert_non_null(strstr(reply.text, "must not be above 1 (max_seconds)"));
    end_all();
}

static void
test_max_reply(void **state)
{
    (void)state;
    char names[2048] = "symbol?";
    start("pprof { max_reply 1k; }");
    assert_int_equal(ask("goroutine"), 503);
    assert_non_null(strstr(reply.text, "is larger than max_reply"));
    /* Text is not let through either, such as few addresses' long names. */
    assert_int_equal(ask("symbol?0x1"), 200);
    for (size_t i = 0, at = strlen(names); i < 64; i++) {
        at += (size_t)snprintf(names + at, sizeof(names) - at, "+0x%" PRIxPTR,
                               (uintptr_t)test_max_reply);
    }
    assert_int_equal(ask(names), 503);
    assert_non_null(strstr(reply.text, "is larger than max_reply"));
    end_all();
}

static void
test_labels(void **state)
{
    (void)state;
    TEST_SKIP_UNDER_TSAN();
    start("");
    int token = evprof_label_push("colour", "purple");
    assert_true(token > 0);
    assert_int_equal(ask("goroutine?debug=1"), 200);
    assert_non_null(strstr(reply.text, "purple"));
    evprof_label_restore(token);
    end_all();
    start("pprof { labels off; }");
    token = evprof_label_push("colour", "purple");
    assert_true(token > 0);
    assert_null(evprof_label_get("colour"));
    assert_int_equal(ask("goroutine?debug=1"), 200);
    assert_null(strstr(reply.text, "purple"));
    evprof_label_restore(token);
    end_all();
}

/* "threads" is another name of "goroutine", in the file as in URLs. */
static void
test_alias(void **state)
{
    (void)state;
    start("pprof { profile threads off; }");
    assert_int_equal(ask("goroutine"), 404);
    assert_int_equal(ask("threads"), 404);
    end_all();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_max_profiles), cmocka_unit_test(test_max_reply),
        cmocka_unit_test(test_max_seconds),  cmocka_unit_test(test_labels),
        cmocka_unit_test(test_alias),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
