/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/folder.h"

#include "tests/unit/base/tests.h"

struct pair {
    const char *in;
    const char *out;
};

static void
check(void (*function)(evprof_buf_t *, const char *), const struct pair *rows,
      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        evprof_buf_t buf = { 0 };
        evprof_buf_puts(&buf, "x");
        function(&buf, rows[i].in);
        assert_string_equal(buf.data + 1, rows[i].out);
        evprof_buf_free(&buf);
    }
}

static void
test_clean(void **state)
{
    (void)state;
    static const struct pair rows[] = {
        { "", "." },
        { "/", "/" },
        { "a", "a" },
        { "a//b/./c/", "a/b/c" },
        { "a/../b", "b" },
        { "a/..", "." },
        { "../a/../..", "../.." },
        { "/../a", "/a" },
        { "/a/b/../../..", "/" },
        { "..a/.b", "..a/.b" },
    };
    check(evprof_path_clean, rows, sizeof(rows) / sizeof(rows[0]));
}

static void
test_base(void **state)
{
    (void)state;
    static const struct pair rows[] = {
        { "", "." },  { "/", "/" },        { "//", "/" },
        { "a", "a" }, { "/x/a.c", "a.c" }, { "x/y//", "y" },
    };
    check(evprof_path_base, rows, sizeof(rows) / sizeof(rows[0]));
}

static void
test_join(void **state)
{
    (void)state;
    static const struct {
        const char *dir, *name, *out;
    } rows[] = { { "a/", "../b", "b" },
                 { "", "b", "b" },
                 { "/a", "", "/a" },
                 { "/", "b", "/b" } };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        evprof_buf_t buf = { 0 };
        evprof_path_join(&buf, rows[i].dir, rows[i].name);
        assert_string_equal(buf.data, rows[i].out);
        evprof_buf_free(&buf);
    }
}

static void
test_is_clean(void **state)
{
    (void)state;
    static const char *const clean[] = { "/", "a", "/a/b.c", "a/.b", "a..b" };
    static const char *const unclean[] = { "", "a//b", "a/", "./a", "/a/../b" };
    for (size_t i = 0; i < sizeof(clean) / sizeof(clean[0]); i++) {
        assert_true(evprof_path_is_clean(clean[i]));
    }
    for (size_t i = 0; i < sizeof(unclean) / sizeof(unclean[0]); i++) {
        assert_false(evprof_path_is_clean(unclean[i]));
    }
}

static void
test_folders_are_made(void **state)
{
    (void)state;
    char top[] = "/tmp/evprof-folder-XXXXXX";
    char path[sizeof(top) + 16];
    struct stat info;
    assert_non_null(mkdtemp(top));
    snprintf(path, sizeof(path), "%s/a/b/file", top);
    assert_true(evprof_folder_make_parent(path, 0700));
    assert_true(evprof_folder_make_parent(path, 0700));
    assert_int_not_equal(stat(path, &info), 0);
    snprintf(path, sizeof(path), "%s/a/b", top);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_true(evprof_folder_make_parent("file", 0700));
    assert_true(evprof_folder_make_parent("/file", 0700));
    assert_int_equal(rmdir(path), 0);
    FILE *f = fopen(path, "w"); /* a file is in the way */
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    snprintf(path, sizeof(path), "%s/a/b/c", top);
    assert_false(evprof_folder_make_parent(path, 0700));
    snprintf(path, sizeof(path), "%s/a/b", top);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/a", top);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(top), 0);
}

static size_t
count_entries(int folder_fd)
{
    size_t count = 0;
    DIR *list = evprof_folder_list(folder_fd);
    assert_non_null(list);
    while (readdir(list) != NULL) {
        count++;
    }
    closedir(list);
    return count;
}

/* Every list is whole, whoever lists the same descriptor. */
static void
test_folders_are_listed(void **state)
{
    (void)state;
    int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(folder >= 0 && file >= 0);
    DIR *list = evprof_folder_list(folder);
    assert_non_null(list);
    assert_non_null(readdir(list));
    const size_t count = count_entries(folder);
    assert_true(count > 2);
    assert_int_equal(count_entries(folder), count);
    closedir(list);
    assert_null(evprof_folder_list(file));
    assert_null(evprof_folder_list(-1));
    close(file);
    close(folder);
}

int
run_path_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_base),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_is_clean),
        cmocka_unit_test(test_folders_are_made),
        cmocka_unit_test(test_folders_are_listed),
    };
    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
