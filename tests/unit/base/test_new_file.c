/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/new_file.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/base/tests.h"

static char folder[] = "/tmp/evprof-new-file-XXXXXX";
static char path[64];

static int
make_folder(void **state)
{
    (void)state;
    memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    (void)snprintf(path, sizeof(path), "%s/report", folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

/* Writes a text and ends with `status`; returns what the end says. */
static int
write_text(const char *text, int status)
{
    evprof_new_file_t file;
    evprof_error_t err;
    assert_int_equal(evprof_new_file_begin(&file, path, &err), EVPROF_OK);
    evprof_writer_t out = evprof_new_file_writer(&file);
    assert_int_equal(out.write(out.ctx, text, strlen(text)), EVPROF_OK);
    return evprof_new_file_end(&file, status, &err);
}

static void
expect_text(const char *text)
{
    char got[64] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(got, 1, sizeof(got) - 1, file);
    got[len] = '\0';
    fclose(file);
    assert_string_equal(got, text);
}

static size_t
count_files(void)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count - 2;
}

static mode_t
mode(void)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void
test_new_and_replaced(void **state)
{
    (void)state;
    assert_int_equal(write_text("one", EVPROF_OK), EVPROF_OK);
    expect_text("one");
    assert_int_equal(mode(), 0600);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(write_text("two", EVPROF_OK), EVPROF_OK);
    expect_text("two");
    assert_int_equal(mode(), 0644);
    assert_int_equal(count_files(), 1);
}

/* What failed leaves what was there, and nothing beside it. */
static void
test_failed(void **state)
{
    (void)state;
    assert_int_equal(write_text("half", EVPROF_EPARSE), EVPROF_EPARSE);
    assert_int_equal(count_files(), 0);
    assert_int_equal(write_text("whole", EVPROF_OK), EVPROF_OK);
    assert_int_equal(write_text("half", EVPROF_EPARSE), EVPROF_EPARSE);
    expect_text("whole");
    assert_int_equal(count_files(), 1);
}

/* The file that a link leads to is replaced, the link stays. */
static void
test_link(void **state)
{
    char link[80];
    struct stat st;
    evprof_new_file_t file;
    evprof_error_t err;
    (void)state;
    assert_int_equal(write_text("one", EVPROF_OK), EVPROF_OK);
    (void)snprintf(link, sizeof(link), "%s/link", folder);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(evprof_new_file_begin(&file, link, &err), EVPROF_OK);
    evprof_writer_t out = evprof_new_file_writer(&file);
    assert_int_equal(out.write(out.ctx, "two", 3), EVPROF_OK);
    assert_int_equal(evprof_new_file_end(&file, EVPROF_OK, &err), EVPROF_OK);
    expect_text("two");
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(unlink(link), 0);
}

/* A name that has no room for the hidden one beside it is written as it is. */
static void
test_longest_name(void **state)
{
    char name[NAME_MAX + 1];
    char long_path[sizeof(folder) + sizeof(name)];
    evprof_new_file_t file;
    evprof_error_t err;
    struct stat st;
    (void)state;
    memset(name, 'x', NAME_MAX);
    name[NAME_MAX] = '\0';
    (void)snprintf(long_path, sizeof(long_path), "%s/%s", folder, name);
    assert_int_equal(evprof_new_file_begin(&file, long_path, &err), EVPROF_OK);
    evprof_writer_t out = evprof_new_file_writer(&file);
    assert_int_equal(out.write(out.ctx, "one", 3), EVPROF_OK);
    assert_int_equal(evprof_new_file_end(&file, EVPROF_OK, &err), EVPROF_OK);
    assert_int_equal(stat(long_path, &st), 0);
    assert_int_equal(st.st_size, 3);
    assert_int_equal(count_files(), 1);
    assert_int_equal(unlink(long_path), 0);
}

static void
test_refused(void **state)
{
    evprof_new_file_t file;
    evprof_error_t err;
    (void)state;
    assert_int_equal(evprof_new_file_begin(&file, "/nowhere/x", &err),
                     EVPROF_EIO);
    assert_string_equal(
        err.message,
        "/nowhere/x: cannot be opened to write: no such file or directory");
    assert_int_equal(evprof_new_file_begin(&file, "/dev/full", &err),
                     EVPROF_OK);
    evprof_writer_t out = evprof_new_file_writer(&file);
    int status = out.write(out.ctx, "x", 1);
    assert_int_equal(evprof_new_file_end(&file, status, &err), EVPROF_EIO);
    assert_string_equal(err.message,
                        "/dev/full: write: no space left on device");
}

int
run_new_file_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_new_and_replaced, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_failed, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_link, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_longest_name, make_folder,
                                        remove_folder),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("new_file", tests, NULL, NULL);
}
