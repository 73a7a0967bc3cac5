/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where secrets enter. Nothing here puts a secret into a message; callers name
 * the file instead.
 */
#include "adapters/fetch/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/error.h"

#define MAX_SECRET 65536

void
evprof_secret_free(char *secret)
{
    if (secret != NULL) {
        explicit_bzero(secret, strlen(secret));
        free(secret);
    }
}

void
evprof_secret_guard(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Reads up to the first newline. NULL: an error, or nothing there. */
static char *
read_line(int fd)
{
    char *line = malloc(MAX_SECRET);
    size_t len = 0;
    while (line != NULL && len < MAX_SECRET - 1) {
        ssize_t n = read(fd, line + len, 1);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0 || line[len] == '\n') {
            break;
        }
        len++;
    }
    while (len > 0 && line != NULL && line[len - 1] == '\r') {
        len--;
    }
    if (len == 0 || len == MAX_SECRET - 1) {
        free(line);
        return NULL;
    }
    if (line != NULL) {
        line[len] = '\0';
    }
    return line;
}

int
evprof_fetch_secret_read(const char *path, char **out, evprof_error_t *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return evprof_fail(err, EVPROF_EIO, "cannot read %s: %s", path,
                           strerror(errno));
    }
    *out = read_line(fd);
    close(fd);
    return *out != NULL
               ? EVPROF_OK
               : evprof_fail(err, EVPROF_EPARSE,
                             "%s: its first line is empty or too long", path);
}

/* Asks on the terminal without echo. EVPROF_EIO: there is none. */
static int
ask(const char *prompt, char **out, evprof_error_t *err)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    struct termios before;
    if (fd < 0 || tcgetattr(fd, &before) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return evprof_fail(err, EVPROF_EIO,
                           "a password is needed and there is no terminal to "
                           "ask for it: give it in a file as @FILE");
    }
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(fd, TCSAFLUSH, &silent);
    dprintf(fd, "%s", prompt);
    *out = read_line(fd);
    tcsetattr(fd, TCSAFLUSH, &before);
    dprintf(fd, "\n");
    close(fd);
    return *out != NULL ? EVPROF_OK
                        : evprof_fail(err, EVPROF_EPARSE, "no password given");
}

int
evprof_secret_user(const char *said, char **out, evprof_error_t *err)
{
    if (said[0] == '@') {
        return evprof_fetch_secret_read(said + 1, out, err);
    }
    if (strchr(said, ':') != NULL) {
        *out = strdup(said);
        return *out != NULL ? EVPROF_OK
                            : evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    char *password = NULL;
    const char *known = getenv("EVPROF_PROXY_PASSWORD");
    if (known != NULL) {
        password = strdup(known);
    } else {
        char prompt[128];
        snprintf(prompt, sizeof(prompt), "proxy password of %s: ", said);
        int status = ask(prompt, &password, err);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    evprof_buf_t both = { 0 };
    evprof_buf_printf(&both, "%s:%s", said, password == NULL ? "" : password);
    evprof_secret_free(password);
    *out = both.data;
    return both.failed ? evprof_fail(err, EVPROF_ENOMEM, "out of memory")
                       : EVPROF_OK;
}
