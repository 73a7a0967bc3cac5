/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper program, and that the process which asks it does not notice: no
 * SIGCHLD, no child, no descriptor that is not ours written to.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/elf/names.h"
#include "core/symbol/helper.h"
#include "core/symbol/process_keeper.h"
#include "tests/unit/symbol/find_symbol.h"

#define SAMPLE SAMPLE_OBJECTS "/sample_lines.so"

static volatile sig_atomic_t child_signals;

static void
count_signal(int sig)
{
    (void)sig;
    child_signals++;
}

static uint64_t
address_of(const char *path, const char *name)
{
    uint64_t found = find_symbol(path, SHT_SYMTAB, name);
    assert_int_not_equal(found, 0);
    return found;
}

/* Asks for the first address of a function; its frames, 0: no answer. */
static uint32_t
ask(evprof_helper_t *helper, const char *path, uint64_t vaddr)
{
    evprof_symbol_cache_t cache = { .max_bytes = SIZE_MAX };
    evprof_symbol_file_t *file = evprof_symbol_cache_file(&cache, path);
    uint32_t count = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && file != NULL);
    if (evprof_helper_ask(helper, fd, path, &vaddr, 1, file) == EVPROF_OK) {
        const evprof_symbol_t *symbol = evprof_symbol_file_find(file, vaddr);
        assert_non_null(symbol);
        assert_true(symbol->is_from_dwarf);
        assert_true(symbol->frames[symbol->count - 1].line > 0);
        assert_string_equal(symbol->frames[symbol->count - 1].function->name,
                            "sample_outer");
        count = symbol->count;
    }
    close(fd);
    evprof_symbol_cache_free(&cache);
    return count;
}

static uint32_t
ask_sample(evprof_helper_t *helper)
{
    return ask(helper, SAMPLE, address_of(SAMPLE, "sample_outer"));
}

static evprof_helper_t
new_helper(void)
{
    evprof_helper_t helper = { .keeper = { .socket.fd = -1 } };
    evprof_helper_configure(&helper, HELPER);
    return helper;
}

/* ---- Unnoticed ---- */

/* Until nothing has that number any more. A stop does not wait for a slow
 * keeper, which is reaped when the next one starts. */
static void
wait_until_reaped(pid_t keeper)
{
    evprof_helper_t another = new_helper();
    for (int i = 0; i < 200 && kill(keeper, 0) == 0; i++) {
        assert_true(ask_sample(&another) > 0);
        evprof_helper_stop(&another);
    }
    assert_int_equal(kill(keeper, 0), -1);
    assert_int_equal(errno, ESRCH);
    evprof_helper_stop(&another);
}

static void
check_unnoticed(void)
{
    evprof_helper_t helper = new_helper();
    struct sigaction before;
    const struct sigaction count = { .sa_handler = count_signal };
    assert_int_equal(sigaction(SIGCHLD, &count, &before), 0);
    child_signals = 0;
    assert_true(ask_sample(&helper) > 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_true(ask_sample(&helper) > 0);
    pid_t keeper = helper.keeper.pid;
    /* Signals for the server's group do not reach it. */
    assert_int_equal(getpgid(keeper), keeper);
    /* Its low priority counts: priorities are compared within a session. */
    assert_int_equal(getsid(keeper), getsid(0));
    evprof_helper_stop(&helper);
    assert_int_equal(child_signals, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    wait_until_reaped(keeper);
    assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
}

static void
test_unnoticed(void **state)
{
    (void)state;
    check_unnoticed();
}

static void
test_by_a_subreaper(void **state)
{
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    check_unnoticed();
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void
test_with_child_signals_ignored(void **state)
{
    (void)state;
    evprof_helper_t helper = new_helper();
    assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    assert_true(ask_sample(&helper) > 0);
    evprof_helper_stop(&helper);
    assert_true(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
}

/* Runs the check as the first process of a new namespace. */
static void
test_by_the_first_process(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
            _exit(77);
        }
        pid = fork();
        if (pid == 0) {
            check_unnoticed();
            _exit(0);
        }
        _exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status)
                  ? WEXITSTATUS(status)
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- Descriptors ---- */

static void
test_descriptors_of_others_are_not_written_to(void **state)
{
    (void)state;
    char path[] = "/tmp/evprof-helper-XXXXXX";
    struct stat st;
    evprof_helper_t helper = new_helper();
    assert_true(ask_sample(&helper) > 0);
    int number = helper.keeper.socket.fd;
    assert_int_equal(close(number), 0);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    if (fd != number) {
        assert_int_equal(dup2(fd, number), number);
        close(fd);
    }
    assert_true(ask_sample(&helper) > 0);
    assert_int_equal(fstat(number, &st), 0);
    assert_int_equal(st.st_size, 0);
    evprof_helper_stop(&helper);
    assert_int_equal(close(number), 0);
    assert_int_equal(unlink(path), 0);
}

static void
test_nothing_is_held_open(void **state)
{
    (void)state;
    int pair[2];
    char byte;
    evprof_helper_t helper = new_helper();
    assert_int_equal(pipe(pair), 0);
    assert_true(ask_sample(&helper) > 0);
    close(pair[1]);
    /* The end of file comes only when nobody has the other end. */
    assert_int_equal(read(pair[0], &byte, 1), 0);
    close(pair[0]);
    evprof_helper_stop(&helper);
}

/* Not even for the moment until the new process runs. */
static void
test_nothing_is_held_open_at_the_start(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        int pair[2];
        char byte;
        evprof_keeper_t keeper;
        assert_int_equal(pipe2(pair, O_NONBLOCK), 0);
        assert_int_equal(evprof_keeper_start(&keeper, HELPER, NULL), 0);
        close(pair[1]);
        assert_int_equal(read(pair[0], &byte, 1), 0);
        close(pair[0]);
        evprof_keeper_stop(&keeper);
    }
}

/* A keeper that did not end in time is reaped later, whatever was stopped
 * meanwhile. */
static void
test_a_late_keeper_is_reaped(void **state)
{
    (void)state;
    evprof_keeper_t late;
    evprof_keeper_t none = { .socket.fd = -1 };
    assert_int_equal(evprof_keeper_start(&late, HELPER, NULL), 0);
    const pid_t pid = late.pid;
    assert_int_equal(kill(pid, SIGSTOP), 0);
    evprof_keeper_stop(&late);
    assert_int_equal(kill(pid, 0), 0);
    evprof_keeper_stop(&none);
    assert_int_equal(kill(pid, SIGCONT), 0);
    alarm(60); /* ends a test that waits for ever */
    while (kill(pid, 0) == 0) {
        assert_false(evprof_keeper_check(&none));
        sched_yield();
    }
    alarm(0);
    assert_int_equal(errno, ESRCH);
}

/* ---- Ends ---- */

static pid_t
program_of(pid_t keeper)
{
    char path[64];
    char text[64] = "";
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", keeper, keeper);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
        skip();
    }
    close(fd);
    return (pid_t)strtol(text, NULL, 10);
}

/* Whether a process of that number runs: a zombie does not. */
static bool
is_running(pid_t pid)
{
    char path[64];
    char text[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0) {
        close(fd);
    }
    const char *end = n > 0 ? strrchr(text, ')') : NULL;
    return end != NULL && end[2] != 'Z' && end[2] != 'X';
}

static void
test_killed_program(void **state)
{
    (void)state;
    evprof_helper_t helper = new_helper();
    assert_true(ask_sample(&helper) > 0);
    assert_int_equal(kill(program_of(helper.keeper.pid), SIGKILL), 0);
    /* Whether or not the end is noticed in time, the next one works. */
    (void)ask_sample(&helper);
    assert_true(ask_sample(&helper) > 0);
    evprof_helper_stop(&helper);
}

static void
test_killed_keeper(void **state)
{
    (void)state;
    evprof_helper_t helper = new_helper();
    assert_true(ask_sample(&helper) > 0);
    pid_t program = program_of(helper.keeper.pid);
    assert_int_equal(kill(helper.keeper.pid, SIGKILL), 0);
    /* It ends with its keeper, some time later. */
    while (is_running(program)) {
        sched_yield();
    }
    (void)ask_sample(&helper);
    assert_true(ask_sample(&helper) > 0);
    evprof_helper_stop(&helper);
}

static void
test_child_of_a_fork(void **state)
{
    (void)state;
    int status;
    evprof_helper_t helper = new_helper();
    assert_true(ask_sample(&helper) > 0);
    pid_t pid = fork();
    if (pid == 0) {
        bool is_named = ask_sample(&helper) > 0;
        evprof_helper_stop(&helper);
        _exit(is_named ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(ask_sample(&helper) > 0);
    evprof_helper_stop(&helper);
}

/* ---- What fails ---- */

static void
test_programs_that_are_none(void **state)
{
    (void)state;
    static const char *const paths[] = { "off", "/nowhere", "/etc/passwd",
                                         "/bin/true" };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        evprof_helper_t helper = new_helper();
        evprof_helper_configure(&helper, paths[i]);
        assert_int_equal(ask_sample(&helper), 0);
        assert_true(helper.why.message[0] != '\0');
        evprof_helper_stop(&helper);
    }
}

/* Under a filter the helper has to be named: what the filter does to a process
 * that starts programs cannot be tried. */
static void
test_seccomp(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        const struct sock_fprog filter = { .len = 1, .filter = &allow };
        evprof_helper_t helper = new_helper();
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
            _exit(77);
        }
        bool is_named = ask_sample(&helper) > 0;
        evprof_helper_stop(&helper);
        evprof_helper_configure(&helper, NULL);
        bool is_unnamed = ask_sample(&helper) == 0 &&
                          strstr(helper.why.message, "seccomp") != NULL;
        _exit(is_named && is_unnamed ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* With little address space left the helper may fail, the process may not. */
static void
test_little_memory(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit limit = { (rlim_t)64 << 20, (rlim_t)64 << 20 };
        evprof_helper_t helper = new_helper();
        (void)setrlimit(RLIMIT_AS, &limit);
        (void)ask_sample(&helper);
        evprof_helper_stop(&helper);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Nothing of a killed server stays: neither its lock nor the helper. */
static void
test_killed_server(void **state)
{
    (void)state;
    char path[] = "/tmp/evprof-helper-XXXXXX";
    int pair[2];
    pid_t program = 0;
    int lock = mkstemp(path);
    assert_true(lock >= 0);
    assert_int_equal(pipe(pair), 0);
    pid_t server = fork();
    if (server == 0) {
        evprof_helper_t helper = new_helper();
        int own = open(path, O_RDWR | O_CLOEXEC);
        (void)flock(own, LOCK_EX);
        (void)ask_sample(&helper);
        program = program_of(helper.keeper.pid);
        (void)!write(pair[1], &program, sizeof(program));
        (void)pause();
        _exit(1);
    }
    assert_int_equal(read(pair[0], &program, sizeof(program)), sizeof(program));
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), -1);
    assert_int_equal(kill(server, SIGKILL), 0);
    assert_int_equal(waitpid(server, NULL, 0), server);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    for (int i = 0; i < 1000 && is_running(program); i++) {
        (void)poll(NULL, 0, 10);
    }
    assert_false(is_running(program));
    close(lock);
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(unlink(path), 0);
}

/* A server that becomes another program leaves no helper behind. */
static void
test_server_that_execs(void **state)
{
    (void)state;
    int pair[2];
    pid_t program = 0;
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    pid_t server = fork();
    if (server == 0) {
        evprof_helper_t helper = new_helper();
        (void)ask_sample(&helper);
        program = program_of(helper.keeper.pid);
        (void)!write(pair[1], &program, sizeof(program));
        (void)execl("/bin/sleep", "sleep", "1000", (char *)NULL);
        _exit(1);
    }
    assert_int_equal(read(pair[0], &program, sizeof(program)), sizeof(program));
    for (int i = 0; i < 1000 && is_running(program); i++) {
        (void)poll(NULL, 0, 10);
    }
    assert_false(is_running(program));
    assert_int_equal(kill(server, SIGKILL), 0);
    assert_int_equal(waitpid(server, NULL, 0), server);
    close(pair[0]);
    close(pair[1]);
}

/* It has the server's share of a busy CPU at first, and less later. */
static void
test_priority(void **state)
{
    (void)state;
    evprof_helper_t helper = new_helper();
    const int own = getpriority(PRIO_PROCESS, 0);
    assert_true(ask_sample(&helper) > 0);
    const id_t program = (id_t)program_of(helper.keeper.pid);
    assert_int_equal(getpriority(PRIO_PROCESS, program), own);
    while (own < 19 && getpriority(PRIO_PROCESS, program) == own) {
        assert_true(ask_sample(&helper) > 0);
    }
    assert_int_equal(getpriority(PRIO_PROCESS, program),
                     own < 9 ? own + 10 : 19);
    assert_true(ask_sample(&helper) > 0);
    evprof_helper_stop(&helper);
}

static void
await_asleep(pid_t pid)
{
    char path[64];
    char text[256] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    while (strstr(text, ") S ") == NULL) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_true(read(fd, text, sizeof(text) - 1) > 0);
        close(fd);
    }
}

/* The signal by which it steps back may come while it waits for a question. */
static void
test_a_signal_between_questions(void **state)
{
    (void)state;
    evprof_helper_t helper = new_helper();
    assert_true(ask_sample(&helper) > 0);
    const pid_t program = program_of(helper.keeper.pid);
    for (int i = 0; i < 20; i++) {
        await_asleep(program);
        assert_int_equal(kill(program, SIGPROF), 0);
        assert_true(ask_sample(&helper) > 0);
        assert_int_equal(program_of(helper.keeper.pid), program);
    }
    evprof_helper_stop(&helper);
}

/* Cuts a copy of the sample at many places. */
static void
test_cut_files(void **state)
{
    (void)state;
    char path[] = "/tmp/evprof-helper-XXXXXX";
    struct stat st;
    char *bytes;
    uint64_t vaddr = address_of(SAMPLE, "sample_outer");
    evprof_helper_t helper = new_helper();
    int in = open(SAMPLE, O_RDONLY | O_CLOEXEC);
    int out = mkstemp(path);
    assert_true(in >= 0 && out >= 0);
    assert_int_equal(fstat(in, &st), 0);
    bytes = malloc((size_t)st.st_size);
    assert_int_equal(read(in, bytes, (size_t)st.st_size), st.st_size);
    for (off_t len = 0; len < st.st_size; len += st.st_size / 40 + 1) {
        assert_int_equal(ftruncate(out, 0), 0);
        assert_int_equal(pwrite(out, bytes, (size_t)len, 0), len);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        evprof_symbol_cache_t cache = { .max_bytes = SIZE_MAX };
        evprof_symbol_file_t *file = evprof_symbol_cache_file(&cache, path);
        (void)evprof_helper_ask(&helper, fd, path, &vaddr, 1, file);
        evprof_symbol_cache_free(&cache);
        close(fd);
    }
    /* It still answers, or a new one does. */
    assert_true(ask_sample(&helper) > 0);
    free(bytes);
    close(in);
    close(out);
    assert_int_equal(unlink(path), 0);
    evprof_helper_stop(&helper);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unnoticed),
        cmocka_unit_test(test_by_a_subreaper),
        cmocka_unit_test(test_with_child_signals_ignored),
        cmocka_unit_test(test_by_the_first_process),
        cmocka_unit_test(test_descriptors_of_others_are_not_written_to),
        cmocka_unit_test(test_nothing_is_held_open),
        cmocka_unit_test(test_nothing_is_held_open_at_the_start),
        cmocka_unit_test(test_a_late_keeper_is_reaped),
        cmocka_unit_test(test_killed_program),
        cmocka_unit_test(test_killed_keeper),
        cmocka_unit_test(test_priority),
        cmocka_unit_test(test_a_signal_between_questions),
        cmocka_unit_test(test_child_of_a_fork),
        cmocka_unit_test(test_programs_that_are_none),
        cmocka_unit_test(test_cut_files),
        cmocka_unit_test(test_seccomp),
        cmocka_unit_test(test_little_memory),
        cmocka_unit_test(test_killed_server),
        cmocka_unit_test(test_server_that_execs),
    };
    if (getenv("EVPROF_EMULATED") != NULL) {
        print_message(
            "skipped: the emulator has no clone that shares memory\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
