/* SPDX-License-Identifier: Apache-2.0 */
#include "core/conf/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "tests/unit/conf/tests.h"

static void
test_mistakes(void **state)
{
    (void)state;
    test_expect("}", "t:1:1: this } closes nothing\n");
    test_expect("pprof { } }", "t:1:11: this } closes nothing\n");
    test_expect(";", "t:1:1: a directive must stand before this ;\n");
    test_expect("{ }", "t:1:1: a directive must stand before this {\n"
                       "t:1:3: this } closes nothing\n");
    test_expect("pprof {", "t:1:1: \"pprof\" has a block that is never closed "
                           "by }\n");
    test_expect("listen x", "t:1:1: \"listen\" is not ended by ; or a block\n");
    test_expect("pprof {\n max_seconds 5 }",
                "t:2:2: \"max_seconds\" is not ended by ; or a block\n");
    test_expect("listen 'x;", "t:1:1: \"listen\" is not ended by ; or a "
                              "block\n"
                              "t:1:8: the quote ' is never closed\n");
    test_expect("a { b { c { d { e { f { g { h { i { j { k { l { m { n { o { p "
                "{ q { } } } } } } } } } } } } } } } } }",
                "t:1:1: \"a\" is unknown\n"
                "t:1:65: \"q\" lies in more than 16 blocks\n");
}

/* One mistake does not hide the next. */
static void
test_all_at_once(void **state)
{
    (void)state;
    test_expect("pprof {\n"
                "    prefx /x/;\n"
                "    max_seconds many;\n"
                "    profile cpu { rate 0; }\n"
                "}\n"
                "}\n"
                "listn 1;\n",
                "t:2:5: \"prefx\" is unknown; did you mean \"prefix\"?\n"
                "t:3:5: \"max_seconds\" must be a whole number, not many\n"
                "t:4:19: \"rate\" must be between 1 and 1000, not 0\n"
                "t:6:1: this } closes nothing\n"
                "t:7:1: \"listn\" is unknown; did you mean \"listen\"?\n");
}

static void
test_no_text(void **state)
{
    (void)state;
    /* Editors of other systems put a mark of UTF-8 in front, which is none of
     * the text. */
    test_expect("\357\273\277listn a;", "t:1:1: \"listn\" is unknown; did you "
                                        "mean \"listen\"?\n");
    /* Nothing but the mark is an empty file. */
    test_expect("\357\273\277", "");
    test_expect("\303\050;\nlisten a;\n",
                "t:1:1: this line is not valid UTF-8\n");
    test_expect("listen a;\nlisten \303\050;\n",
                "t:2:1: this line is not valid UTF-8\n");
    char *folder = test_folder();
    test_write_file(folder, "nul", "listen a;\nab\0c", 14);
    char *path = test_path(folder, "nul");
    evprof_config_t *config = NULL;
    evprof_error_t err;
    assert_int_equal(evprof_config_load(path, &test_schema, &config, &err),
                     EVPROF_EPARSE);
    assert_non_null(strstr(err.message, "nul:2:3: a NUL byte: this is no text "
                                        "file"));
    free(path);
    test_folder_remove(folder);
}

static void
expect_refused(const char *path, const char *sentence)
{
    evprof_config_t *config = NULL;
    evprof_error_t err = { 0 };
    assert_int_equal(evprof_config_load(path, &test_schema, &config, &err),
                     EVPROF_EIO);
    assert_null(config);
    evprof_buf_t expected = { 0 };
    evprof_buf_printf(&expected, "%s: the file %s", path, sentence);
    assert_string_equal(err.message, expected.data);
    evprof_buf_free(&expected);
}

/* Root may read anything, so it looks with somebody else's eyes. */
static void
expect_permission(const char *path)
{
    uid_t own = geteuid();
    assert_int_equal(chmod(path, 0), 0);
    if (own == 0) {
        assert_int_equal(seteuid(65534), 0);
    }
    expect_refused(path, "may not be read: permission denied");
    assert_int_equal(seteuid(own), 0);
}

static void
test_no_file(void **state)
{
    (void)state;
    char *folder = test_folder();
    char *fifo = test_path(folder, "fifo");
    char *absent = test_path(folder, "absent");
    char *large = test_path(folder, "large");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    test_write_file(folder, "large", "", 0);
    /* A hole: it has 100 MB for those who read it, and takes no room. */
    assert_int_equal(truncate(large, 100000000), 0);
    expect_refused(folder, "is a directory");
    expect_refused(fifo, "is a FIFO, not a regular file");
    expect_refused(absent, "does not exist");
    expect_refused(large, "is too large");
    expect_refused("/dev/null", "is not a regular file");
    expect_refused("/dev/null/x", "lies below something that is no directory");
    char *loop = test_path(folder, "loop");
    assert_int_equal(symlink("loop", loop), 0);
    expect_refused(loop, "is a loop of symbolic links");
    free(loop);
    expect_permission(large);
    free(large);
    free(absent);
    free(fifo);
    test_folder_remove(folder);
}

/* ---- include ---- */

static char *
problems_of(const char *folder, const char *name)
{
    char *path = test_path(folder, name);
    evprof_buf_t lines = { 0 };
    evprof_writer_t out = evprof_writer_buf(&lines);
    evprof_config_check(path, &test_schema, &out, NULL);
    free(path);
    evprof_buf_putc(&lines, '\0');
    return lines.data;
}

static void
write_text(const char *folder, const char *name, const char *text)
{
    test_write_file(folder, name, text, strlen(text));
}

static void
test_include(void **state)
{
    (void)state;
    char *folder = test_folder();
    char *sub = test_path(folder, "sub");
    assert_int_equal(mkdir(sub, 0700), 0);
    write_text(folder, "main",
               "include 'sub/*.conf';\n"
               "pprof { include */in; include no/*; }\n");
    write_text(sub, "b.conf", "listen two:2;");
    write_text(sub, "a.conf", "listen one:1;");
    write_text(sub, ".c.conf", "hidden;");
    write_text(sub, "in", "profile cpu { rate 7; }");
    char *path = test_path(folder, "main");
    evprof_config_t *config = NULL;
    assert_int_equal(evprof_config_load(path, &test_schema, &config, NULL), 0);
    const evprof_listen_conf_t *listen = evprof_config_main(config)->listen;
    assert_string_equal(listen->address, "one:1");
    assert_string_equal(listen->next->address, "two:2");
    const test_cpu_conf_t *cpu = evprof_config_profile(config, "cpu")->conf;
    assert_int_equal(cpu->rate, 7);
    evprof_config_unref(config);
    free(path);
    free(sub);
    test_folder_remove(folder);
}

static void
test_include_mistakes(void **state)
{
    (void)state;
    char *folder = test_folder();
    write_text(folder, "main",
               "include part;\ninclude absent;\ninclude;\n"
               "include '';\ninclude .;");
    write_text(folder, "part", "}\nwhat;");
    char *problems = problems_of(folder, "main");
    evprof_buf_t e = { 0 };
    evprof_buf_printf(&e, "%s/main:2:1: \"include\" %s/absent does not exist\n",
                      folder, folder);
    evprof_buf_printf(&e,
                      "%s/main:3:1: \"include\" needs one file or pattern "
                      "and a ;\n",
                      folder);
    evprof_buf_printf(&e, "%s/main:4:1: \"include\" names no file\n", folder);
    evprof_buf_printf(&e, "%s/main:5:1: \"include\" %s/. is a directory\n",
                      folder, folder);
    evprof_buf_printf(&e, "%s/part:1:1: this } closes nothing\n", folder);
    evprof_buf_printf(&e, "%s/part:2:1: \"what\" is unknown\n", folder);
    assert_string_equal(problems, e.data);
    evprof_buf_free(&e);
    free(problems);
    test_folder_remove(folder);
}

static void
test_include_bounds(void **state)
{
    (void)state;
    char *folder = test_folder();
    write_text(folder, "self", "include self;");
    char *problems = problems_of(folder, "self");
    assert_non_null(strstr(problems, "self:1:1: \"include\" "));
    assert_non_null(strstr(problems, "includes itself\n"));
    free(problems);
    for (int i = 0; i < 20; i++) {
        char name[16];
        char text[32];
        snprintf(name, sizeof(name), "deep%d", i);
        snprintf(text, sizeof(text), "include deep%d;", i + 1);
        write_text(folder, name, text);
    }
    problems = problems_of(folder, "deep0");
    assert_non_null(strstr(problems, "deep15:1:1: \"include\" goes more than "
                                     "16 files deep\n"));
    free(problems);
    /* The deepest that is taken. */
    write_text(folder, "deep20", "");
    problems = problems_of(folder, "deep5");
    assert_string_equal(problems, "");
    free(problems);
    evprof_buf_t many = { 0 };
    for (int i = 0; i < EVPROF_TREE_MAX_FILES; i++) {
        evprof_buf_puts(&many, "include empty;\n");
    }
    write_text(folder, "empty", "");
    write_text(folder, "many", many.data);
    problems = problems_of(folder, "many");
    assert_non_null(strstr(problems, "many:256:1: \"include\" "));
    assert_non_null(strstr(problems, "is one file too many: 256 are the "
                                     "most\n"));
    free(problems);
    evprof_buf_free(&many);
    test_folder_remove(folder);
}

int
run_tree_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_no_text),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_include),
        cmocka_unit_test(test_include_mistakes),
        cmocka_unit_test(test_include_bounds),
    };
    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
