/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pseudo terminal. What the program writes is kept without escape sequences,
 * so that a test can look for words whatever moves the cursor between them.
 */
#include "tests/e2e/shell/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000

static void
become(const char *side, char *const argv[], unsigned short columns)
{
    setsid();
    int fd = open(side, O_RDWR);
    if (fd < 0) {
        _exit(126);
    }
    struct winsize size = { .ws_row = 50, .ws_col = columns };
    ioctl(fd, TIOCSWINSZ, &size);
    ioctl(fd, TIOCSCTTY, 0);
    dup2(fd, STDIN_FILENO);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        close(fd);
    }
    setenv("TERM", "xterm", 1);
    execv(argv[0], argv);
    _exit(127);
}

bool
terminal_start(terminal_t *t, char *const argv[], unsigned short columns)
{
    *t = (terminal_t){ .fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) };
    char side[128];
    if (t->fd < 0 || grantpt(t->fd) != 0 || unlockpt(t->fd) != 0 ||
        ptsname_r(t->fd, side, sizeof(side)) != 0) {
        return false;
    }
    t->pid = fork();
    if (t->pid == 0) {
        become(side, argv, columns);
    }
    return t->pid > 0;
}

void
terminal_type(terminal_t *t, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t n = write(t->fd, text, len);
        if (n < 0 && errno != EINTR) {
            return;
        }
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
}

/* Length of the escape sequence at `text`, 0: none. */
static size_t
escape_length(const char *text, size_t len)
{
    if (len < 2 || text[0] != '\033') {
        return 0;
    }
    size_t i = 1;
    if (text[1] == '[') {
        for (i = 2; i < len && (text[i] < '@' || text[i] > '~'); i++) {
            continue;
        }
    }
    return i < len ? i + 1 : len;
}

static void
add_plain(evprof_buf_t *screen, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t skip = escape_length(text + i, len - i);
        if (skip == 0) {
            evprof_buf_putc(screen, text[i]);
            skip = 1;
        }
        i += skip;
    }
}

bool
terminal_wait(terminal_t *t, const char *text)
{
    evprof_buf_clear(&t->screen);
    for (;;) {
        struct pollfd fd = { .fd = t->fd, .events = POLLIN };
        if (poll(&fd, 1, PATIENCE_MS) <= 0) {
            return false;
        }
        char piece[4096];
        ssize_t n = read(t->fd, piece, sizeof(piece));
        if (n <= 0) {
            return false;
        }
        add_plain(&t->screen, piece, (size_t)n);
        if (t->screen.len > 0 && strstr(t->screen.data, text) != NULL) {
            return true;
        }
    }
}

int
terminal_end(terminal_t *t)
{
    int state = 0;
    char rest[4096];
    while (read(t->fd, rest, sizeof(rest)) > 0) {
        continue;
    }
    while (waitpid(t->pid, &state, 0) < 0 && errno == EINTR) {
        continue;
    }
    close(t->fd);
    evprof_buf_free(&t->screen);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}
