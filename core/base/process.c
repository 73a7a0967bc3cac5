/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program as a filter. Both pipes are served by one poll loop, since a
 * program that writes before it has read everything would block forever
 * otherwise.
 */
#include "core/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/error.h"

#define PIECE ((size_t)1 << 16)

extern char **environ;

typedef struct filter {
    pid_t pid;
    int to; /* the program's standard input, -1: closed */
    int from;
    const evprof_buf_t *input;
    size_t sent;
    evprof_buf_t *out;
    int64_t end_ns;
} filter_t;

/* A socket pair and not a pipe: writing to it can be told not to raise SIGPIPE
 * when the program has gone. */
static int
make_channel(int ours_and_theirs[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ours_and_theirs);
}

static int
spawn(char *const argv[], int in, int out, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return ENOMEM;
    }
    int failed = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (failed == 0) {
        failed = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    }
    if (failed == 0) {
        failed = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static void
close_input(filter_t *f)
{
    if (f->to >= 0) {
        close(f->to);
        f->to = -1;
    }
}

static void
send_some(filter_t *f)
{
    ssize_t n = send(f->to, f->input->data + f->sent, f->input->len - f->sent,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
        f->sent += (size_t)n;
    }
    bool is_over = n < 0 && errno != EAGAIN && errno != EINTR;
    if (is_over || f->sent == f->input->len) {
        close_input(f);
    }
}

/* False at the end of the program's output. */
static bool
receive_some(filter_t *f)
{
    if (!evprof_buf_reserve(f->out, PIECE)) {
        return false;
    }
    ssize_t n = read(f->from, f->out->data + f->out->len, PIECE);
    if (n > 0) {
        f->out->len += (size_t)n;
        f->out->data[f->out->len] = '\0';
    }
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static int
remaining_ms(const filter_t *f)
{
    int64_t ms = (f->end_ns - evprof_clock_ns(CLOCK_MONOTONIC)) / 1000000;
    return ms > 0 ? (int)ms : 0;
}

/* EVPROF_ELIMIT when the time is up before the output ends. */
static int
serve(filter_t *f)
{
    if (f->input->len == 0) {
        close_input(f);
    }
    for (;;) {
        struct pollfd fds[2] = { { .fd = f->from, .events = POLLIN },
                                 { .fd = f->to, .events = POLLOUT } };
        int n = poll(fds, 2, remaining_ms(f));
        if (n < 0 && errno != EINTR) {
            return EVPROF_EIO;
        }
        if (n == 0) {
            return EVPROF_ELIMIT;
        }
        if (n > 0 && fds[1].revents != 0) {
            send_some(f);
        }
        if (n > 0 && fds[0].revents != 0 && !receive_some(f)) {
            return f->out->failed ? EVPROF_ENOMEM : EVPROF_OK;
        }
    }
}

static int
wait_for(pid_t pid)
{
    int state = 0;
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
        continue;
    }
    return state;
}

static int
judge(const char *name, int status, int state, evprof_error_t *err)
{
    if (status == EVPROF_ELIMIT) {
        return evprof_fail(err, status, "%s: stopped, it took too long", name);
    }
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "%s: reading its output failed", name);
    }
    if (WIFSIGNALED(state)) {
        return evprof_fail(err, EVPROF_EIO, "%s was ended by a signal: %s",
                           name, strsignal(WTERMSIG(state)));
    }
    if (WEXITSTATUS(state) != 0) {
        return evprof_fail(err, EVPROF_EIO, "%s failed with exit status %d",
                           name, WEXITSTATUS(state));
    }
    return EVPROF_OK;
}

int
evprof_process_filter(char *const argv[], const evprof_buf_t *input,
                      int limit_ms, evprof_buf_t *out, evprof_error_t *err)
{
    int to[2] = { -1, -1 };
    int from[2] = { -1, -1 };
    if (make_channel(to) != 0 || make_channel(from) != 0) {
        int reason = errno;
        if (to[0] >= 0) {
            close(to[0]);
            close(to[1]);
        }
        return evprof_fail(err, EVPROF_EIO, "%s: %s", argv[0],
                           strerror(reason));
    }
    filter_t f = { .to = to[0], .from = from[0], .input = input, .out = out };
    int failed = spawn(argv, to[1], from[1], &f.pid);
    close(to[1]);
    close(from[1]);
    int status;
    if (failed != 0) {
        status = failed == ENOENT
                     ? evprof_fail(err, EVPROF_ENOENT,
                                   "the program %s is not installed", argv[0])
                     : evprof_fail(err, EVPROF_EIO,
                                   "the program %s cannot be started: %s",
                                   argv[0], strerror(failed));
    } else {
        f.end_ns =
            evprof_clock_ns(CLOCK_MONOTONIC) + (int64_t)limit_ms * 1000000;
        status = serve(&f);
        if (status != EVPROF_OK) {
            kill(f.pid, SIGKILL);
        }
        status = judge(argv[0], status, wait_for(f.pid), err);
    }
    close_input(&f);
    close(from[0]);
    return status;
}
