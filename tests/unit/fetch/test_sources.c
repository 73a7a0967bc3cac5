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

int
run_sources_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_complaints_name_the_line),
    };
    return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
