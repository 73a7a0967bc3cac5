/* SPDX-License-Identifier: Apache-2.0 */
/* A server whose queue of connections is full is waited for, but not for ever;
 * and so is a process that has just started. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/cli/servers.h"
#include "tests/thread_state.h"
#include "tests/unit/emulated.h"

enum { QUEUED_MAX = 8, TRIES = 100 };

/* A socket that listens and has a full queue. */
typedef struct busy {
    char folder[32];
    char address[64];
    int listener;
    int queued[QUEUED_MAX];
    int count;
    pid_t waiter; /* the thread that connects */
    pthread_t waiting;
    atomic_bool is_over;
} busy_t;

static void
open_busy(busy_t *busy)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    *busy = (busy_t){ .folder = "/tmp/evprof_cli_XXXXXX" };
    assert_non_null(mkdtemp(busy->folder));
    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/s", busy->folder);
    (void)snprintf(busy->address, sizeof(busy->address), "unix:%s/s",
                   busy->folder);
    busy->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(busy->listener, (struct sockaddr *)&at, sizeof(at)),
                     0);
    assert_int_equal(listen(busy->listener, 0), 0);
    int failure = 0;
    while (failure == 0) {
        assert_true(busy->count < QUEUED_MAX);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        failure = connect(fd, (struct sockaddr *)&at, sizeof(at));
        busy->queued[busy->count++] = fd;
    }
    alarm(60); /* ends a process that waits for ever */
}

static void
close_busy(busy_t *busy)
{
    alarm(0);
    while (busy->count > 0) {
        close(busy->queued[--busy->count]);
    }
    close(busy->listener);
    (void)unlink(busy->address + strlen("unix:"));
    assert_int_equal(rmdir(busy->folder), 0);
}

static void
on_signal(int signal)
{
    (void)signal;
}

/* Makes room once the other one waits for it, and was disturbed in that. */
static void *
accept_when_it_waits(void *arg)
{
    busy_t *busy = arg;
    while (thread_state(busy->waiter) != 'S') {
        if (atomic_load(&busy->is_over)) {
            return NULL;
        }
        sched_yield();
    }
    pthread_kill(busy->waiting, SIGUSR1);
    close(accept(busy->listener, NULL, NULL));
    return NULL;
}

static void
test_a_full_queue_is_waited_for(void **state)
{
    (void)state;
    busy_t busy;
    pthread_t server;
    struct timeval limit;
    socklen_t len = sizeof(limit);
    const struct sigaction disturb = { .sa_handler = on_signal };
    int fd = EVPROF_EBUSY;
    assert_int_equal(sigaction(SIGUSR1, &disturb, NULL), 0);
    open_busy(&busy);
    busy.waiting = pthread_self();
    busy.waiter = (pid_t)syscall(SYS_gettid);
    assert_int_equal(pthread_create(&server, NULL, accept_when_it_waits, &busy),
                     0);
    /* More than once, as the other thread may not get to run at first. */
    for (int i = 0; i < TRIES && fd == EVPROF_EBUSY; i++) {
        fd = cli_server_connect(busy.address, NULL);
    }
    atomic_store(&busy.is_over, true);
    pthread_join(server, NULL);
    assert_true(fd >= 0);
    /* What is sent there may take its time. */
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &len), 0);
    assert_int_equal(limit.tv_sec, 0);
    assert_int_equal(limit.tv_usec, 0);
    close(fd);
    close_busy(&busy);
}

static void
test_a_deaf_server(void **state)
{
    (void)state;
    busy_t busy;
    evprof_error_t err = { .status = 0 };
    open_busy(&busy);
    assert_int_equal(cli_server_connect(busy.address, &err), EVPROF_EBUSY);
    assert_non_null(strstr(err.message, "its server takes no connections"));
    close_busy(&busy);
}

static void
test_no_server(void **state)
{
    (void)state;
    evprof_error_t err = { .status = 0 };
    assert_int_equal(cli_server_connect("unix:/tmp/evprof/none.sock", &err),
                     EVPROF_ENOENT);
    assert_non_null(strstr(err.message, "nothing listens"));
}

/* Starts cat, which waits for its input, and preloads what is not there. */
static pid_t
start_cat(int input)
{
    char preload[] = "LD_PRELOAD=/none/libevprof_preload.so";
    char path[] = "/bin/cat";
    char *argv[] = { path, NULL };
    char *environment[] = { preload, NULL };
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
                                     O_WRONLY, 0);
    assert_int_equal(posix_spawn(&pid, path, &actions, NULL, argv, environment),
                     0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/* Whether it is taken for one that is about to open its port, for as long as it
 * is young; and not when it is gone. */
static bool
is_seen(int input)
{
    cli_server_t *rows = NULL;
    size_t count = 0;
    pid_t pid = start_cat(input);
    assert_int_equal(cli_servers_find(pid, &rows, &count, NULL), EVPROF_OK);
    bool is_young = count == 1 && rows[0].opens_later && rows[0].pid == pid &&
                    rows[0].address[0] == '\0';
    free(rows);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(cli_servers_await(pid, INT64_MAX, &rows, &count, NULL),
                     EVPROF_OK);
    assert_int_equal(count, 0);
    free(rows);
    return is_young;
}

static void
test_a_process_that_loads_its_libraries(void **state)
{
    (void)state;
    SKIP_EMULATED("environment of a process in /proc");
    int pipe_fds[2];
    bool has_been_seen = false;
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    /* More than once, as this one may not get to run while it is young. */
    for (int i = 0; i < TRIES && !has_been_seen; i++) {
        has_been_seen = is_seen(pipe_fds[0]);
    }
    assert_true(has_been_seen);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void
test_a_process_of_others(void **state)
{
    (void)state;
    cli_server_t *rows = NULL;
    size_t count = 1;
    assert_int_equal(cli_servers_find(getpid(), &rows, &count, NULL),
                     EVPROF_OK);
    assert_int_equal(count, 0);
    free(rows);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_queue_is_waited_for),
        cmocka_unit_test(test_a_deaf_server),
        cmocka_unit_test(test_no_server),
        cmocka_unit_test(test_a_process_that_loads_its_libraries),
        cmocka_unit_test(test_a_process_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
