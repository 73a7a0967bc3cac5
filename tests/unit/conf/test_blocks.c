/* SPDX-License-Identifier: Apache-2.0 */
/* push { } and watch { }: what they are without a word, what they take, what
 * they refuse and where they say it. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/conf/tests.h"

/* Each row is one block's text and its only problem, at a column of line 1. */
typedef struct row {
    const char *text;
    int column;
    const char *problem;
} row_t;

static void
expect_rows(const row_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char expected[256];
        (void)snprintf(expected, sizeof(expected), "t:1:%d: %s\n",
                       rows[i].column, rows[i].problem);
        test_expect(rows[i].text, expected);
    }
}

#define EXPECT(rows) expect_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void
test_watch_without_a_word(void **state)
{
    (void)state;
    evprof_config_t *config = test_load("pprof { }");
    const evprof_watch_conf_t *watch = evprof_config_watch(config);
    assert_int_equal(watch->cpu_percent, 0);
    assert_int_equal(watch->threads, 0);
    assert_true(watch->every_ns == 300000000000);
    assert_int_equal(watch->keep_files, 20);
    assert_int_equal(watch->keep_bytes, 200 << 20);
    assert_null(watch->folder);
    assert_false(watch->push);
    evprof_config_unref(config);
}

static void
test_watch_values(void **state)
{
    (void)state;
    evprof_config_t *config = test_load(
        "watch { cpu 80% 10s; rss 4g; rss_growth 20% 24h; threads 2000;"
        " latency 500ms; every 1s; keep 7 1k; write /w; push on; }");
    const evprof_watch_conf_t *watch = evprof_config_watch(config);
    assert_int_equal(watch->cpu_percent, 80);
    assert_true(watch->cpu_for_ns == 10000000000);
    assert_true(watch->rss_bytes == INT64_C(4) << 30);
    assert_int_equal(watch->rss_growth_percent, 20);
    assert_true(watch->rss_growth_in_ns == 86400000000000);
    assert_int_equal(watch->threads, 2000);
    assert_true(watch->latency_ns == 500000000);
    assert_true(watch->every_ns == 1000000000);
    assert_int_equal(watch->keep_files, 7);
    assert_int_equal(watch->keep_bytes, 1024);
    assert_string_equal(watch->folder, "/w");
    assert_true(watch->push);
    evprof_config_unref(config);
    /* The least and the most of what is counted in percent. */
    config = test_load("watch { cpu 1% 1s; rss_growth 1000000% 1s; push on; }");
    watch = evprof_config_watch(config);
    assert_int_equal(watch->cpu_percent, 1);
    assert_true(watch->cpu_for_ns == 1000000000);
    assert_int_equal(watch->rss_growth_percent, 1000000);
    evprof_config_unref(config);
}

static void
test_watch_problems(void **state)
{
    static const row_t rows[] = {
        { "watch { cpu 80 10s; push on; }", 9,
          "\"cpu\" must be a percentage such as 80%, not 80" },
        { "watch { cpu % 10s; push on; }", 9,
          "\"cpu\" must be a percentage such as 80%, not %" },
        { "watch { cpu 0% 10s; push on; }", 9,
          "\"cpu\" must be a percentage such as 80%, not 0%" },
        { "watch { rss_growth 1000001% 10s; push on; }", 9,
          "\"rss_growth\" must be a percentage such as 80%, not 1000001%" },
        { "watch { cpu 80% 999ms; push on; }", 9,
          "\"cpu\" must look at a time between 1s and 24h" },
        { "watch { rss_growth 80% 86401s; push on; }", 9,
          "\"rss_growth\" must look at a time between 1s and 24h" },
        { "watch { keep 0 1m; }", 9,
          "\"keep\" must be between 1 and 100000, not 0" },
        { "watch { keep 1 0; }", 9, "\"keep\" must have a size above 0" },
        { "watch { cpu 80% 10s; }", 9,
          "\"cpu\" needs \"write DIR;\" or \"push on;\" beside it" },
        { "watch { every 1s; rss 1g; }", 19,
          "\"rss\" needs \"write DIR;\" or \"push on;\" beside it" },
        { "watch { rss_growth 1% 1s; }", 9,
          "\"rss_growth\" needs \"write DIR;\" or \"push on;\" beside it" },
        { "watch { threads 1; }", 9,
          "\"threads\" needs \"write DIR;\" or \"push on;\" beside it" },
        { "watch { latency 1s; }", 9,
          "\"latency\" needs \"write DIR;\" or \"push on;\" beside it" },
    };
    (void)state;
    EXPECT(rows);
}

static void
test_push_without_a_word(void **state)
{
    (void)state;
    evprof_config_t *config = test_load("pprof { }");
    const evprof_push_conf_t *push = evprof_config_push(config);
    assert_null(push->url);
    assert_int_equal(push->format, 0);
    assert_true(push->every_ns == 15000000000);
    assert_true(push->linger_ns == 2000000000);
    assert_null(push->labels);
    assert_null(push->spool);
    evprof_config_unref(config);
}

static void
assert_texts(const evprof_text_list_t *list, const char *const *expected)
{
    for (; *expected != NULL; expected++, list = list->next) {
        assert_non_null(list);
        assert_string_equal(list->text, *expected);
    }
    assert_null(list);
}

static void
test_push_values(void **state)
{
    static const char *const profiles[] = { "wall", "allocs", "cpu", NULL };
    static const char *const headers[] = { "X-Scope-OrgID: shop", "@/h/token",
                                           NULL };
    (void)state;
    evprof_config_t *config = test_load(
        "push { url https://engine.example:4040; format parca; every 1m;"
        " profiles wall allocs cpu; label service_name shop; label _zone 'a b';"
        " header 'X-Scope-OrgID: shop'; header @/h/token; proxy http://p:1;"
        " tls_cert /c; tls_key /k; spool /s; linger 0; }");
    const evprof_push_conf_t *push = evprof_config_push(config);
    assert_string_equal(push->url, "https://engine.example:4040");
    assert_int_equal(push->format, 1);
    assert_true(push->every_ns == 60000000000);
    assert_texts(push->profiles, profiles);
    assert_texts(push->headers, headers);
    assert_string_equal(push->labels->name, "service_name");
    assert_string_equal(push->labels->value, "shop");
    assert_string_equal(push->labels->next->name, "_zone");
    assert_string_equal(push->labels->next->value, "a b");
    assert_null(push->labels->next->next);
    assert_string_equal(push->proxy, "http://p:1");
    assert_string_equal(push->tls_cert, "/c");
    assert_string_equal(push->tls_key, "/k");
    assert_string_equal(push->spool, "/s");
    assert_int_equal(push->spool_bytes, 64 << 20);
    assert_int_equal(push->linger_ns, 0);
    evprof_config_unref(config);
    config = test_load("push { url http://e; spool /s 1m; }");
    assert_int_equal(evprof_config_push(config)->spool_bytes, 1 << 20);
    evprof_config_unref(config);
}

static void
test_push_problems(void **state)
{
    static const row_t rows[] = {
        { "push { url engine:4040; }", 8,
          "\"url\" must begin with http:// or https://, not engine:4040" },
        { "push { url ftp://engine; }", 8,
          "\"url\" must begin with http:// or https://, not ftp://engine" },
        { "push { profiles cpu heapp; }", 8,
          "\"profiles\" must be of allocs, block, cpu, goroutine, heap, mutex "
          "and wall, not heapp" },
        { "push { url http://e; label 9a b; }", 22,
          "\"label\" must have a name of letters, digits and _, not 9a" },
        { "push { url http://e; label a-b c; }", 22,
          "\"label\" must have a name of letters, digits and _, not a-b" },
        { "push { url http://e; label __a b; }", 22,
          "\"label\" must have a name of letters, digits and _, not __a" },
        { "push { url http://e; label '' b; }", 22,
          "\"label\" must have a name of letters, digits and _, not " },
        { "push { url http://e; label a b; label a c; }", 33,
          "\"label\" a is duplicate" },
        { "push { url http://e; header token; }", 22,
          "\"header\" must be one line \"Name: value\", or @FILE with one" },
        { "push { url http://e; spool /s 1023k; }", 22,
          "\"spool\" must have room for 1m at least" },
        { "push { url http://e; tls_cert /c; }", 22,
          "\"tls_cert\" needs the other one of tls_cert and tls_key" },
        { "push { url http://e; tls_key /k; }", 22,
          "\"tls_key\" needs the other one of tls_cert and tls_key" },
        { "push { label a b; }", 8, "\"label\" has no use without a url" },
        { "push { header 'a: b'; }", 8, "\"header\" has no use without a url" },
        { "push { spool /s; }", 8, "\"spool\" has no use without a url" },
        { "push { url http://e; linger 61s; }", 22,
          "\"linger\" must be between 0 and 1m, not 61s" },
    };
    (void)state;
    EXPECT(rows);
}

int
run_blocks_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watch_without_a_word),
        cmocka_unit_test(test_watch_values),
        cmocka_unit_test(test_watch_problems),
        cmocka_unit_test(test_push_without_a_word),
        cmocka_unit_test(test_push_values),
        cmocka_unit_test(test_push_problems),
    };
    return cmocka_run_group_tests_name("blocks", tests, NULL, NULL);
}
