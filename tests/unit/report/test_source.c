/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/report/source.h"
#include "tests/unit/report/tests.h"

static void
test_trim(void **state)
{
    (void)state;
    static const struct {
        const char *name, *trim, *search;
        size_t skip;
    } rows[] = {
        { "/a/b.c", "", "", 0 },
        { "/a/b.c", "/a", "", 3 },
        { "/a/b.c", "/a/", "", 3 },
        { "/ab/c.c", "/a", "", 0 },
        { "/a/b.c", "/x:/a", "", 3 },
        { "/proc/self/cwd/x.c", "", "", 15 },
        { "/proc/self/cwd/./x.c", "", "", 17 },
        { "/far/project/src/x.c", "", "/home/me/project", 13 },
        { "/far/project/src/x.c", "/nothing", "/home/me/project", 0 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            evprof_source_trim(rows[i].name, rows[i].trim, rows[i].search),
            rows[i].skip);
    }
}

/* Files are found in a search directory and in those above it. */
static void
test_lines(void **state)
{
    (void)state;
    char dir[] = "/tmp/evprof-source-XXXXXX";
    assert_non_null(mkdtemp(dir));
    char path[64];
    char inner[64];
    snprintf(path, sizeof(path), "%s/x.c", dir);
    snprintf(inner, sizeof(inner), "%s/inner", dir);
    assert_int_equal(mkdir(inner, 0700), 0);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("one\ntwo\r\nthree", f);
    fclose(f);
    evprof_sources_t *s;
    assert_int_equal(evprof_sources_new(inner, "/build", &s, NULL), EVPROF_OK);
    assert_string_equal(evprof_sources_line(s, "/build/x.c", 1), "one");
    assert_string_equal(evprof_sources_line(s, "x.c", 2), "two");
    assert_string_equal(evprof_sources_line(s, "x.c", 3), "three");
    assert_null(evprof_sources_line(s, "x.c", 4));
    assert_null(evprof_sources_line(s, "x.c", 0));
    assert_null(evprof_sources_problem(s, "x.c"));
    assert_null(evprof_sources_line(s, "none.c", 1));
    assert_non_null(evprof_sources_problem(s, "none.c"));
    assert_null(evprof_sources_line(s, "/none/x.c", 1));
    assert_string_equal(evprof_sources_problem(s, "/none/x.c"),
                        "/none/x.c: no such file or directory");
    evprof_sources_free(s);
    unlink(path);
    rmdir(inner);
    rmdir(dir);
}

int
run_source_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
