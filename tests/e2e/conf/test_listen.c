/* SPDX-License-Identifier: Apache-2.0 */
/* The private port: of the call, of the file, and what is wrong with it. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <evprof/evhttp.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/conf/http.h"

static char *folder;
static test_reply_t reply;

static evprof_t *
profiler(const char *text)
{
    return test_profiler(folder, text);
}

static void
expect_ok(int status, const evprof_error_t *err)
{
    if (status != EVPROF_OK) {
        fail_msg("%s", err->message);
    }
}

static void
test_tcp(void **state)
{
    (void)state;
    evprof_error_t err = { 0 };
    folder = test_folder();
    for (int i = 0; i < 3; i++) {
        evprof_t *prof = profiler("pprof { log log info; }");
        expect_ok(evprof_listen(prof, "127.0.0.1:0", &err), &err);
        test_request_t request = { .port = test_port_in_log(folder),
                                   .path = "" };
        assert_int_equal(test_get(&request, &reply), 200);
        request.path = "cmdline";
        assert_int_equal(test_get(&request, &reply), 200);
        request.path = "profile?seconds=1";
        assert_int_equal(test_get(&request, &reply), 200);
        request.headers = "Via: x\r\n";
        assert_int_equal(test_get(&request, &reply), 403);
        request.path = "/";
        assert_int_equal(test_get(&request, &reply), 404);
        evprof_free(prof);
    }
    test_folder_remove(folder);
}

/* Every `listen` of the file, and the rules that hold for unix sockets. */
static void
test_file_addresses(void **state)
{
    (void)state;
    char text[512];
    char path[256];
    struct stat st;
    evprof_error_t err = { 0 };
    folder = test_folder();
    snprintf(path, sizeof(path), "%s/socket", folder);
    snprintf(text, sizeof(text),
             "listen unix:%s; listen 127.0.0.1:0;"
             "pprof { log log info; deny unix:; prefix /p/;"
             " profile cmdline { allow all; } }",
             path);
    evprof_t *prof = profiler(text);
    expect_ok(evprof_listen(prof, NULL, &err), &err);
    test_request_t request = { .unix_path = path, .path = "/p/" };
    assert_int_equal(test_get(&request, &reply), 403);
    request.path = "/p/cmdline";
    assert_int_equal(test_get(&request, &reply), 200);
    test_request_t tcp = { .port = test_port_in_log(folder), .path = "/p/" };
    assert_int_equal(test_get(&tcp, &reply), 200);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    evprof_free(prof);
    assert_int_not_equal(stat(path, &st), 0);
    test_folder_remove(folder);
}

/* What a line quotes may steer the terminal that shows the log. */
static void
test_log_of_control_bytes(void **state)
{
    (void)state;
    char path[256];
    char text[1024] = "";
    evprof_error_t err = { 0 };
    folder = test_folder();
    evprof_t *prof = profiler("pprof { log log info; }");
    snprintf(path, sizeof(path), "unix:%s/s\x1b]0;a\x7f", folder);
    expect_ok(evprof_listen(prof, path, &err), &err);
    evprof_free(prof);
    snprintf(path, sizeof(path), "%s/log", folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    fclose(file);
    test_folder_remove(folder);
    assert_non_null(strstr(text, "/s\\x1b]0;a\\x7f"));
    assert_null(strpbrk(text, "\x1b\x7f"));
}

/* An address that a socket of this test holds. */
static int
hold_port(int *fd)
{
    struct sockaddr_in own = { .sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(own);
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(*fd, (struct sockaddr *)&own, sizeof(own)), 0);
    assert_int_equal(listen(*fd, 1), 0);
    assert_int_equal(getsockname(*fd, (struct sockaddr *)&own, &len), 0);
    return ntohs(own.sin_port);
}

static void
test_mistakes(void **state)
{
    (void)state;
    int fd;
    char address[64];
    char expected[256];
    evprof_error_t err;
    evprof_t *prof = evprof_new(NULL, &err);
    snprintf(address, sizeof(address), "127.0.0.1:%d", hold_port(&fd));
    assert_int_equal(evprof_listen(prof, address, &err), EVPROF_EIO);
    snprintf(expected, sizeof(expected),
             "listen %s: the address is in use; another program has the port, "
             "or this one was started twice",
             address);
    assert_string_equal(err.message, expected);
    close(fd);
    assert_int_equal(evprof_listen(prof, "6060", &err), EVPROF_EINVAL);
    assert_string_equal(err.message,
                        "listen 6060 has no port, as 127.0.0.1:6060");
    assert_int_equal(evprof_listen(prof, "192.0.2.1:0", &err), EVPROF_EIO);
    assert_string_equal(err.message, "listen 192.0.2.1:0: this machine has no "
                                     "such address");
    assert_int_equal(evprof_listen(prof, "unix:/nowhere/x", &err), EVPROF_EIO);
    assert_int_equal(evprof_listen(prof, NULL, &err), EVPROF_ENOENT);
    evprof_free(prof);
    /* What evprof_new() gives for a bad file opens nothing by the defaults. */
    assert_null(evprof_new("/nowhere/evprof.conf", NULL));
    assert_int_equal(evprof_listen(NULL, "127.0.0.1:0", &err), EVPROF_EIO);
    assert_non_null(strstr(err.message, "/nowhere/evprof.conf"));
    prof = evprof_new(NULL, &err);
    assert_int_equal(evprof_listen(NULL, "127.0.0.1:0", &err), EVPROF_OK);
    evprof_free(prof);
    assert_int_equal(evprof_listen(prof, "127.0.0.1:0", &err), EVPROF_ESTATE);
}

/* A dead process's socket is replaced, a live one's is not, nor is a file. */
static void
test_stale_socket(void **state)
{
    (void)state;
    TEST_SKIP_UNDER_TSAN();
    char address[256];
    evprof_error_t err = { 0 };
    folder = test_folder();
    snprintf(address, sizeof(address), "unix:%s/socket", folder);
    pid_t child = fork();
    if (child == 0) {
        evprof_t *prof = evprof_new(NULL, NULL);
        _exit(evprof_listen(prof, address, NULL) == EVPROF_OK ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    evprof_t *prof = evprof_new(NULL, &err);
    expect_ok(evprof_listen(prof, address, &err), &err);
    assert_int_equal(evprof_listen(prof, address, &err), EVPROF_EIO);
    test_request_t request = { .unix_path = address + 5, .path = "cmdline" };
    assert_int_equal(test_get(&request, &reply), 200);
    snprintf(address, sizeof(address), "unix:%s",
             test_file(folder, "file", "precious"));
    assert_int_equal(evprof_listen(prof, address, &err), EVPROF_EIO);
    assert_int_equal(access(address + 5, R_OK), 0);
    evprof_free(prof);
    test_folder_remove(folder);
}

/* A program that ends by exit() removes its own, and a child of it does not. */
static void
test_exit_removes_the_socket(void **state)
{
    (void)state;
    TEST_SKIP_UNDER_TSAN();
    char address[256];
    folder = test_folder();
    snprintf(address, sizeof(address), "unix:%s/socket", folder);
    pid_t child = fork();
    if (child == 0) {
        evprof_t *prof = evprof_new(NULL, NULL);
        test_request_t request = { .unix_path = address + 5,
                                   .path = "cmdline" };
        /* With an answer its thread is at work, and its start is over. */
        if (evprof_listen(prof, address, NULL) != EVPROF_OK ||
            test_get(&request, &reply) != 200) {
            _exit(1);
        }
        pid_t own = fork();
        if (own == 0) {
            exit(0);
        }
        int status;
        if (waitpid(own, &status, 0) != own || status != 0 ||
            access(address + 5, F_OK) != 0) {
            _exit(2);
        }
        exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(access(address + 5, F_OK), -1);
    test_folder_remove(folder);
}

/* Another process may have put its own in the place of ours. */
static void
test_the_socket_of_another_stays(void **state)
{
    (void)state;
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    char address[256];
    evprof_error_t err = { 0 };
    folder = test_folder();
    snprintf(at.sun_path, sizeof(at.sun_path), "%s/socket", folder);
    snprintf(address, sizeof(address), "unix:%s", at.sun_path);
    evprof_t *prof = evprof_new(NULL, &err);
    expect_ok(evprof_listen(prof, address, &err), &err);
    assert_int_equal(unlink(at.sun_path), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    evprof_free(prof);
    assert_int_equal(access(at.sun_path, F_OK), 0);
    close(fd);
    test_folder_remove(folder);
}

/* One that is alive, but has more callers than it takes, is not replaced. */
static void
test_busy_socket(void **state)
{
    (void)state;
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct stat before;
    struct stat after;
    char address[256];
    int callers[8];
    int count = 0;
    folder = test_folder();
    snprintf(at.sun_path, sizeof(at.sun_path), "%s/socket", folder);
    snprintf(address, sizeof(address), "unix:%s", at.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 1), 0);
    do {
        assert_true(count < 8);
        callers[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    } while (connect(callers[count++], (struct sockaddr *)&at, sizeof(at)) ==
             0);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(stat(at.sun_path, &before), 0);
    evprof_error_t err = { 0 };
    evprof_t *prof = evprof_new(NULL, &err);
    assert_int_equal(evprof_listen(prof, address, &err), EVPROF_EIO);
    assert_int_equal(stat(at.sun_path, &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    evprof_free(prof);
    while (count > 0) {
        close(callers[--count]);
    }
    close(fd);
    test_folder_remove(folder);
}

/* The port is ours: what the application makes later is served as well. */
static void
test_whole_port(void **state)
{
    (void)state;
    evprof_error_t err = { 0 };
    folder = test_folder();
    evprof_t *prof = profiler("pprof { log log info; }");
    expect_ok(evprof_listen(prof, "127.0.0.1:0", &err), &err);
    test_request_t request = { .port = test_port_in_log(folder),
                               .path = "my.files" };
    assert_int_equal(test_get(&request, &reply), 404);
    assert_non_null(strstr(reply.text, "Unknown profile\n"));
    assert_non_null(evprof_profile_new(prof, "my.files", &err));
    assert_int_equal(test_get(&request, &reply), 200);
    request.headers = "Via: x\r\n";
    request.path = "nope";
    assert_int_equal(test_get(&request, &reply), 403);
    request.headers = NULL;
    request.path = "cmdline";
    request.method = "OPTIONS";
    assert_int_equal(test_get(&request, &reply), 405);
    assert_non_null(strstr(reply.text, "Allow: GET, HEAD\r\n"));
    evprof_free(prof);
    test_folder_remove(folder);
}

static _Atomic int complaints;

static void
count_complaint(int severity, const char *text)
{
    (void)severity;
    (void)text;
    atomic_fetch_add(&complaints, 1);
}

/* Who asks when descriptors are out waits, and nothing spins or is printed. */
static void
test_no_descriptors(void **state)
{
    (void)state;
    struct rlimit before;
    evprof_error_t err = { 0 };
    folder = test_folder();
    evprof_t *prof = profiler("pprof { log log info; }");
    expect_ok(evprof_listen(prof, "127.0.0.1:0", &err), &err);
    test_request_t request = { .port = test_port_in_log(folder),
                               .path = "cmdline" };
    assert_int_equal(test_get(&request, &reply), 200);
    event_set_log_callback(count_complaint);
    int next = dup(0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit tight = { .rlim_cur = (rlim_t)next + 1,
                            .rlim_max = before.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    int fd = test_send(&request);
    struct pollfd answer = { .fd = fd, .events = POLLIN };
    assert_int_equal(poll(&answer, 1, 100), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(test_receive(fd, &reply), 200);
    assert_int_equal(atomic_load(&complaints), 0);
    event_set_log_callback(NULL);
    evprof_free(prof);
    test_folder_remove(folder);
}

/* A child does not keep the port, and can have one of its own. */
static void
test_fork(void **state)
{
    (void)state;
    TEST_SKIP_UNDER_TSAN();
    evprof_error_t err = { 0 };
    folder = test_folder();
    evprof_t *prof = profiler("pprof { log log info; }");
    expect_ok(evprof_listen(prof, "127.0.0.1:0", &err), &err);
    char address[64];
    snprintf(address, sizeof(address), "127.0.0.1:%d",
             test_port_in_log(folder));
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(pipes[1]);
        /* Ends when the parent has given the port up. */
        int left = read(pipes[0], &byte, 1) == 0 ? 0 : 1;
        _exit(left + (evprof_listen(prof, address, NULL) == EVPROF_OK ? 0 : 2));
    }
    test_request_t request = { .port = test_port_in_log(folder),
                               .path = "cmdline" };
    assert_int_equal(test_get(&request, &reply), 200);
    evprof_free(prof);
    close(pipes[0]);
    close(pipes[1]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    test_folder_remove(folder);
}

/* Gives the number of a socket that listens to another file, as a program does
 * that closes all descriptors and goes on; the number. */
static int
take_number(int file)
{
    for (int fd = 3; fd < 1000; fd++) {
        int listens = 0;
        socklen_t len = sizeof(listens);
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
            listens != 0) {
            return dup2(file, fd);
        }
    }
    return -1;
}

/* A child closes the copy of our socket, not what has its number by now. */
static void
test_fork_after_all_was_closed(void **state)
{
    (void)state;
    TEST_SKIP_UNDER_TSAN();
    pid_t child = fork();
    if (child == 0) {
        struct stat st;
        int status = 0;
        evprof_t *prof = evprof_new(NULL, NULL);
        int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (evprof_listen(prof, "127.0.0.1:0", NULL) != EVPROF_OK) {
            _exit(1);
        }
        int fd = take_number(file);
        pid_t own = fork();
        if (own == 0) {
            _exit(fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) ? 0 : 2);
        }
        _exit(waitpid(own, &status, 0) == own ? WEXITSTATUS(status) : 3);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* A request that is in flight when the profiler goes is answered 503. */
static void
test_end(void **state)
{
    (void)state;
    evprof_error_t err = { 0 };
    folder = test_folder();
    evprof_t *prof = profiler("pprof { log log info; }");
    expect_ok(evprof_listen(prof, "127.0.0.1:0", &err), &err);
    test_request_t request = { .port = test_port_in_log(folder),
                               .path = "trace?seconds=30" };
    int fd = test_send(&request);
    test_request_t second = { .port = request.port, .path = "trace?seconds=1" };
    while (test_get(&second, &reply) != 500) {
    }
    evprof_free(prof);
    assert_int_equal(test_receive(fd, &reply), 503);
    test_folder_remove(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_file_addresses),
        cmocka_unit_test(test_log_of_control_bytes),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_stale_socket),
        cmocka_unit_test(test_exit_removes_the_socket),
        cmocka_unit_test(test_the_socket_of_another_stays),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_fork_after_all_was_closed),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_busy_socket),
        cmocka_unit_test(test_whole_port),

        cmocka_unit_test(test_no_descriptors),
    };
    return cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}
