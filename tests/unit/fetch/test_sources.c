/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/fetch/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/fetch/tests.h"

/* Reads `text` as a sources file. */
static int
read_text(const char *text, evprof_arena_t *arena, evprof_source_line_t **out,
          size_t *count, evprof_error_t *err)
{
    char path[] = "/tmp/evprof-sources-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    int status = evprof_sources_read(path, arena, out, count, err);
    unlink(path);
    return status;
}

static void
test_lines(void **state)
{
    (void)state;
    evprof_arena_t arena = { 0 };
    evprof_source_line_t *lines;
    size_t count;
    assert_int_equal(read_text("# all\n\n"
                               "http://a/p label:env=prod label:dc=x=y\n"
                               "b:1 header=@h1 header=@h2 bearer=t # end\n"
                               "c:1 cert=c key=k",
                               &arena, &lines, &count, NULL),
                     0);
    assert_int_equal(count, 3);
    assert_string_equal(lines[0].source.url, "http://a/p");
    assert_string_equal(lines[0].labels->key, "dc");
    assert_string_equal(lines[0].labels->value, "x=y");
    assert_string_equal(lines[0].labels->next->key, "env");
    assert_int_equal(lines[1].source.header_count, 2);
    assert_string_equal(lines[1].source.headers[1], "@h2");
    assert_string_equal(lines[1].source.bearer_token_file, "t");
    assert_string_equal(lines[2].source.tls_key, "k");
    evprof_arena_free(&arena);
}

static void
test_complaints_name_the_line(void **state)
{
    (void)state;
    static const char *const bad[] = { "ok\nh header=secret", "ok\nh cert=x",
                                       "ok\nh label:x", "ok\nh password=x" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        evprof_arena_t arena = { 0 };
        evprof_source_line_t *lines;
        size_t count;
        evprof_error_t err;
        assert_int_equal(read_text(bad[i], &arena, &lines, &count, &err),
                         EVPROF_EPARSE);
        assert_non_null(strstr(err.message, ":2: "));
        assert_null(strstr(err.message, "=x\""));
        evprof_arena_free(&arena);
    }
}

static void
test_file_sd(void **state)
{
    (void)state;
    evprof_arena_t arena = { 0 };
    evprof_source_line_t *lines;
    size_t count;
    assert_int_equal(
        read_text("\n[\n {\"targets\": [\"a:80\", \"b:81\"],\n"
                  "  \"labels\": {\"zone\": \"eu\", \"__meta_x\": \"y\"}},\n"
                  " {\"targets\": [\"c:82\"], \"labels\": {\"instance\": \"c\","
                  " \"__scheme__\": \"https\", \"__profile_path__\": \"/p\"}},"
                  " {\"targets\": [\"[::1]:83\"]}]",
                  &arena, &lines, &count, NULL),
        EVPROF_OK);
    assert_int_equal(count, 4);
    assert_string_equal(lines[0].source.url, "http://a:80");
    assert_string_equal(lines[1].source.url, "http://b:81");
    assert_string_equal(lines[1].labels->key, "zone");
    assert_string_equal(lines[1].labels->next->key, "instance");
    assert_string_equal(lines[1].labels->next->value, "b:81");
    assert_null(lines[1].labels->next->next);
    assert_string_equal(lines[2].source.url, "https://c:82/p");
    assert_string_equal(lines[2].labels->value, "c");
    assert_null(lines[2].labels->next);
    assert_string_equal(lines[3].source.url, "http://[::1]:83");
    evprof_arena_free(&arena);
}

static void
test_file_sd_or_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        size_t count;
    } rows[] = {
        { "[]", EVPROF_OK, 0 },
        { "", EVPROF_OK, 0 },
        { "[::1]:80\nb:1", EVPROF_OK, 2 },
        { "[{\"targets\": [\"a:1\"]}", EVPROF_EPARSE, 0 },
        { "[{\"targets\": \"a:1\"}]", EVPROF_EPARSE, 0 },
        { "[{\"targets\": [1]}]", EVPROF_EPARSE, 0 },
        { "[{\"targets\": [\"a\"], \"labels\": [1]}]", EVPROF_EPARSE, 0 },
        { "[{\"targets\": [\"a\"], \"labels\": {\"x\": 1}}]", EVPROF_EPARSE,
          0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_arena_t arena = { 0 };
        evprof_source_line_t *lines;
        size_t count;
        evprof_error_t err;
        assert_int_equal(read_text(rows[i].text, &arena, &lines, &count, &err),
                         rows[i].status);
        if (rows[i].status == EVPROF_OK) {
            assert_int_equal(count, rows[i].count);
        } else {
            assert_non_null(strstr(err.message, "/tmp/evprof-sources-"));
        }
        evprof_arena_free(&arena);
    }
}

int
run_sources_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_complaints_name_the_line),
        cmocka_unit_test(test_file_sd),
        cmocka_unit_test(test_file_sd_or_lines),
    };
    return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
