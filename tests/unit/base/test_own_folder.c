/* SPDX-License-Identifier: Apache-2.0 */
/* Which folders are taken, and that they are made for their owner alone. */
#include "core/base/own_folder.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/base/tests.h"

static char base[] = "/tmp/evprof-own-folder-XXXXXX";
static char path[64];
static evprof_error_t err;

static int
make_base(void **state)
{
    (void)state;
    memcpy(base + sizeof(base) - 7, "XXXXXX", 6);
    if (mkdtemp(base) == NULL) {
        return 1;
    }
    (void)snprintf(path, sizeof(path), "%s/own", base);
    return 0;
}

static int
remove_base(void **state)
{
    (void)state;
    (void)rmdir(path);
    (void)unlink(path);
    return rmdir(base);
}

static void
expect_refused(const char *name, const char *why)
{
    err.message[0] = '\0';
    assert_int_equal(evprof_own_folder_open(name, &err), -1);
    assert_int_equal(err.status, EVPROF_EIO);
    if (strstr(err.message, why) == NULL) {
        fail_msg("%s", err.message);
    }
}

static void
expect_taken(const char *name)
{
    struct stat st;
    int fd = evprof_own_folder_open(name, &err);
    if (fd < 0) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    close(fd);
}

static void
test_made_and_found_again(void **state)
{
    (void)state;
    struct stat st;
    char slashes[80];
    const mode_t before = umask(0);
    (void)snprintf(slashes, sizeof(slashes), "%s//", path);
    expect_taken(path);
    umask(before);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    expect_taken(path);
    expect_taken(slashes);
    assert_int_equal(rmdir(path), 0);
    expect_taken(slashes);
}

/* Others may read what is there, but write nothing. */
static void
test_modes(void **state)
{
    static const struct {
        mode_t mode;
        bool is_taken;
    } cases[] = {
        { 0700, true },  { 0755, true },   { 0777, false },  { 0770, false },
        { 0720, false }, { 01702, false }, { 01777, false },
    };
    (void)state;
    expect_taken(path);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(chmod(path, cases[i].mode), 0);
        if (cases[i].is_taken) {
            expect_taken(path);
        } else {
            expect_refused(path, "is writable by other users");
        }
    }
}

/* The root folder is one with a slash at the end of its name. */
static void
test_root_folder(void **state)
{
    (void)state;
    int fd = evprof_own_folder_open("/", &err);
    assert_true(fd >= 0 || strstr(err.message, "cannot be") == NULL);
    if (fd >= 0) {
        close(fd);
    }
}

static void
test_other_owner(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can give a folder away\n");
        skip();
    }
    expect_taken(path);
    assert_int_equal(chown(path, 1, 1), 0);
    expect_refused(path, "belongs to another user (1)");
    /* What belongs to root is safe for anybody. */
    assert_int_equal(chown(path, 0, 0), 0);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(seteuid(1), 0);
    int fd = evprof_own_folder_open(path, &err);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(fd, -1); /* the folder around it is closed to others */
    assert_int_equal(chmod(base, 0755), 0);
    assert_int_equal(seteuid(1), 0);
    fd = evprof_own_folder_open(path, &err);
    assert_int_equal(seteuid(0), 0);
    assert_true(fd >= 0);
    close(fd);
}

/* A link is refused with and without a slash at its end. */
static void
test_no_folder(void **state)
{
    (void)state;
    char name[80];
    assert_int_equal(symlink(base, path), 0);
    expect_refused(path, "cannot be opened as a folder");
    (void)snprintf(name, sizeof(name), "%s/", path);
    expect_refused(name, "cannot be opened as a folder");
    assert_int_equal(unlink(path), 0);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    expect_refused(path, "cannot be opened as a folder");
    assert_int_equal(unlink(path), 0);
    (void)snprintf(name, sizeof(name), "%s/none", path);
    expect_refused(name, "cannot be made");
    expect_refused("", "cannot be made");
}

/* Slashes at the end of a name do not make it too long. */
static void
test_long_names(void **state)
{
    (void)state;
    char name[5000];
    memset(name, '/', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    memcpy(name, path, strlen(path));
    expect_taken(name);
    memset(name, 'x', sizeof(name));
    name[4096] = '\0';
    expect_refused(name, "the name of a folder is too long, 4096 bytes: xxx");
    name[4095] = '\0';
    expect_refused(name, "xxx");
}

int
run_own_folder_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made_and_found_again, make_base,
                                        remove_base),
        cmocka_unit_test_setup_teardown(test_modes, make_base, remove_base),
        cmocka_unit_test(test_root_folder),
        cmocka_unit_test_setup_teardown(test_other_owner, make_base,
                                        remove_base),
        cmocka_unit_test_setup_teardown(test_no_folder, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_long_names, make_base,
                                        remove_base),
    };
    return cmocka_run_group_tests_name("own folder", tests, NULL, NULL);
}
