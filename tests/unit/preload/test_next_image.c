/* SPDX-License-Identifier: Apache-2.0 */
/* Which programs have the library that a process runs in its own place. */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/preload/next_image.h"
#include "tests/unit/emulated.h"

static char folder[] = "/tmp/evprof-next-XXXXXX";

static int
begin(void **state)
{
    (void)state;
    setenv("LD_PRELOAD", "/some/where/libevprof_preload.so", 1);
    evprof_preload_next_begin();
    unsetenv("LD_PRELOAD");
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int
end(void **state)
{
    (void)state;
    return chdir("/") != 0 || rmdir(folder) != 0;
}

static bool
follows(const char *file)
{
    return evprof_preload_may_follow(AT_FDCWD, file, 0, false);
}

static void
write_script(const char *path, const char *line)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0755);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, line, strlen(line)), (ssize_t)strlen(line));
    close(fd);
}

/* The test's own program, up to `most` bytes of it, as the file "program". */
static void
copy_program(size_t most, mode_t mode)
{
    int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int out = open("program", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0755);
    assert_true(in >= 0 && out >= 0);
    while (most > 0) {
        ssize_t n = sendfile(out, in, NULL, most);
        assert_true(n >= 0);
        if (n == 0) {
            break;
        }
        most -= (size_t)n;
    }
    assert_int_equal(fchmod(out, mode), 0);
    close(in);
    close(out);
}

static void
test_programs(void **state)
{
    (void)state;
    SKIP_EMULATED("shell of its own processor");
    assert_true(follows("/bin/sh"));
    assert_false(follows("/bin"));
    assert_false(follows("/etc/passwd"));
    assert_false(follows("/none"));
    assert_false(follows(""));
    assert_false(follows(NULL));
    copy_program(SIZE_MAX >> 1, 0755);
    assert_true(follows("program"));
    copy_program(SIZE_MAX >> 1, 0644);
    assert_false(follows("program"));
    copy_program(SIZE_MAX >> 1, 04755);
    assert_false(follows("program"));
    copy_program(SIZE_MAX >> 1, 02755);
    assert_false(follows("program"));
    assert_int_equal(unlink("program"), 0);
}

static void
test_cut_programs(void **state)
{
    (void)state;
    for (size_t len = 0; len < 400; len += 7) {
        copy_program(len, 0755);
        assert_false(follows("program"));
        assert_int_equal(unlink("program"), 0);
    }
}

/* Another loader is another libc; the library would end the program. */
static void
test_another_loader(void **state)
{
    (void)state;
    char bytes[4096];
    copy_program(SIZE_MAX >> 1, 0755);
    int fd = open("program", O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    char *at = memmem(bytes, sizeof(bytes), "/ld-linux", 9);
    assert_non_null(at);
    assert_int_equal(pwrite(fd, "/ld-muslx", 9, at - bytes), 9);
    assert_false(follows("program"));
    assert_int_equal(pwrite(fd, "/ld-linux", 9, at - bytes), 9);
    assert_true(follows("program"));
    assert_int_equal(pwrite(fd, "\1", 1, 4), 1); /* 32 bits */
    assert_false(follows("program"));
    close(fd);
    assert_int_equal(unlink("program"), 0);
}

static void
test_scripts(void **state)
{
    (void)state;
    SKIP_EMULATED("shell of its own processor");
    write_script("one", "#!/bin/sh\nexit\n");
    write_script("two", "#! \t/bin/sh -e");
    write_script("nothing", "#!");
    write_script("none", "#!/no/such/shell\n");
    write_script("itself", "#!itself\n");
    write_script("data", "data");
    assert_true(follows("one"));
    assert_true(follows("two"));
    assert_false(follows("nothing"));
    assert_false(follows("none"));
    assert_false(follows("itself"));
    assert_false(follows("data"));
    static const char *const all[] = { "one",  "two",    "nothing",
                                       "none", "itself", "data" };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_int_equal(unlink(all[i]), 0);
    }
}

static void
test_ways_to_name_it(void **state)
{
    (void)state;
    SKIP_EMULATED("shell of its own processor");
    int fd = open("/bin/sh", O_RDONLY | O_CLOEXEC);
    int bin = open("/bin", O_PATH | O_CLOEXEC);
    setenv("PATH", "/none::/bin", 1);
    assert_true(evprof_preload_may_follow(AT_FDCWD, "sh", 0, true));
    assert_false(evprof_preload_may_follow(AT_FDCWD, "sh", 0, false));
    assert_false(evprof_preload_may_follow(AT_FDCWD, "no-such", 0, true));
    copy_program(SIZE_MAX >> 1, 0755);
    assert_true(evprof_preload_may_follow(AT_FDCWD, "program", 0, true));
    assert_int_equal(unlink("program"), 0);
    assert_true(evprof_preload_may_follow(bin, "sh", 0, false));
    assert_true(evprof_preload_may_follow(fd, "", AT_EMPTY_PATH, false));
    assert_false(evprof_preload_may_follow(bin, "", AT_EMPTY_PATH, false));
    close(fd);
    close(bin);
}

/* libc looks in the working directory for an empty folder, stops at the first
 * program, and knows no limit for what is behind it. */
static void
test_path(void **state)
{
    (void)state;
    SKIP_EMULATED("shell of its own processor");
    char path[5000];
    copy_program(SIZE_MAX >> 1, 0755);
    setenv("PATH", "", 1);
    assert_true(evprof_preload_may_follow(AT_FDCWD, "program", 0, true));
    setenv("PATH", "/none:", 1);
    assert_true(evprof_preload_may_follow(AT_FDCWD, "program", 0, true));
    assert_int_equal(unlink("program"), 0);
    write_script("sh", "data");
    setenv("PATH", ":/bin", 1);
    assert_false(evprof_preload_may_follow(AT_FDCWD, "sh", 0, true));
    assert_int_equal(unlink("sh"), 0);
    assert_true(evprof_preload_may_follow(AT_FDCWD, "sh", 0, true));
    memset(path, 'x', sizeof(path));
    memcpy(path + sizeof(path) - sizeof(":/bin"), ":/bin", sizeof(":/bin"));
    setenv("PATH", path, 1);
    assert_false(evprof_preload_may_follow(AT_FDCWD, "sh", 0, true));
    setenv("PATH", "/bin", 1);
}

/* A library beside it would end such a program. */
static void
test_a_sanitizer_that_is_linked_in(void **state)
{
    (void)state;
    assert_false(follows(HAS_TSAN));
}

/* The kernel refuses a FIFO; to open one to look at it would take for ever. */
static void
test_a_fifo(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("fifo", 0755), 0);
    assert_false(follows("fifo"));
    assert_int_equal(unlink("fifo"), 0);
}

static volatile sig_atomic_t handler_follows;

static void
look_in_handler(int number)
{
    (void)number;
    handler_follows = follows("/bin/sh");
}

/* A handler that starts a debugger or the program anew may have no more than a
 * page of its own. Nothing below that can be written. */
static void
test_a_small_stack(void **state)
{
    (void)state;
    SKIP_EMULATED("shell of its own processor");
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t least = (size_t)sysconf(_SC_MINSIGSTKSZ) + 4096;
    const size_t size = (least + page - 1) / page * page;
    char *room =
        mmap(NULL, page + size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(room != MAP_FAILED);
    assert_int_equal(mprotect(room + page, size, PROT_READ | PROT_WRITE), 0);
    const stack_t stack = { .ss_sp = room + page, .ss_size = least };
    const stack_t none = { .ss_flags = SS_DISABLE };
    const struct sigaction act = { .sa_handler = look_in_handler,
                                   .sa_flags = SA_ONSTACK };
    assert_true(follows("/bin/sh"));
    assert_int_equal(sigaltstack(&stack, NULL), 0);
    assert_int_equal(sigaction(SIGUSR1, &act, NULL), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_true(handler_follows);
    (void)signal(SIGUSR1, SIG_DFL);
    assert_int_equal(sigaltstack(&none, NULL), 0);
    munmap(room, page + size);
}

static void *
look_while_cancelled(void *arg)
{
    pthread_cancel(pthread_self());
    *(bool *)arg = follows("/bin/sh");
    pthread_exit(NULL);
}

static void
test_a_cancelled_thread(void **state)
{
    (void)state;
    SKIP_EMULATED("shell of its own processor");
    bool does_follow = false;
    pthread_t thread;
    assert_int_equal(
        pthread_create(&thread, NULL, look_while_cancelled, &does_follow), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(does_follow);
}

/* What a child runs is another program. */
static void
test_a_child(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(follows("/bin/sh"));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Nor is there a library to follow where LD_PRELOAD has none of ours. */
static void
test_no_library(void **state)
{
    (void)state;
    setenv("LD_PRELOAD", "/some/where/libother.so", 1);
    evprof_preload_next_begin();
    unsetenv("LD_PRELOAD");
    assert_false(follows("/bin/sh"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_programs),
        cmocka_unit_test(test_cut_programs),
        cmocka_unit_test(test_another_loader),
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_ways_to_name_it),
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_a_sanitizer_that_is_linked_in),
        cmocka_unit_test(test_a_fifo),
        cmocka_unit_test(test_a_small_stack),
        cmocka_unit_test(test_a_cancelled_thread),
        cmocka_unit_test(test_a_child),
        cmocka_unit_test(test_no_library),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
