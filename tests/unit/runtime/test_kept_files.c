/* SPDX-License-Identifier: Apache-2.0 */
/* The lock on a folder ends with the write that took it. */
#include "core/runtime/kept_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/kept_files.XXXXXX";
static bool forks;
static pid_t child;
static int until_told[2];

/* In front of libc's: while the folder is locked, a child is forked that has
 * the descriptor of it until it is told to end. */
int
flock(int fd, int operation)
{
    const int result = (int)syscall(SYS_flock, fd, operation);
    if (forks && result == 0 && (operation & LOCK_EX) != 0) {
        forks = false;
        child = fork();
        if (child == 0) {
            char told;
            close(until_told[1]);
            (void)!read(until_told[0], &told, 1);
            _exit(0);
        }
    }
    return result;
}

static int
write_one(const char *name, evprof_error_t *err)
{
    const evprof_kept_files_t files = {
        .folder = folder, .prefix = "a.", .max_files = 9, .max_bytes = 100
    };
    return evprof_kept_files_write(&files, name, "text", 4, err);
}

static void
test_a_child_does_not_keep_the_lock(void **state)
{
    (void)state;
    evprof_error_t err;
    assert_int_equal(pipe(until_told), 0);
    forks = true;
    assert_int_equal(write_one("1", &err), EVPROF_OK);
    assert_true(child > 0);
    if (write_one("2", &err) != EVPROF_OK) {
        fail_msg("%s", err.message);
    }
    close(until_told[1]);
    close(until_told[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static int
make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int
remove_folder(void **state)
{
    char path[64];
    (void)state;
    for (int i = 1; i <= 2; i++) {
        (void)snprintf(path, sizeof(path), "%s/a.%d", folder, i);
        if (unlink(path) != 0) {
            return -1;
        }
    }
    return rmdir(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_child_does_not_keep_the_lock),
    };
    return cmocka_run_group_tests_name("kept_files", tests, make_folder,
                                       remove_folder);
}
