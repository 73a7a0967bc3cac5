/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request, one reply, over a socket on which nothing blocks longer than the
 * request's deadline. After a failure the program is stopped, and the next
 * request starts a new one.
 */
#include "core/symbol/helper.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/self.h"
#include "core/symbol/symbol_wire.h"

#define MAX_WAIT_NS INT64_C(10000000000)

#define PROGRAM "evprof/evprof-symbolizer"

/* ---- Finding the program ---- */

/* the library's name in the loader's list; NULL: unknown */
static const char *own_name;

/* Looked up before main(): later another thread may be stuck in dlopen() and
 * block the loader. */
__attribute__((constructor)) static void
find_own_name(void)
{
    static const char here;
    Dl_info info;
    own_name = dladdr(&here, &info) != 0 ? info.dli_fname : NULL;
}

/* The path of the object that contains this code: the library, or a program
 * that it is linked into, which the loader may know by a relative name only. */
static bool
find_own_path(evprof_buf_t *out)
{
    char *path = realpath(own_name != NULL && strchr(own_name, '/') != NULL
                              ? own_name
                              : EVPROF_SELF("exe"),
                          NULL);
    evprof_buf_clear(out);
    evprof_buf_puts(out, path == NULL ? "" : path);
    free(path);
    return !out->failed && out->len > 0;
}

static bool
find_beside(evprof_buf_t *out)
{
    static const char *const places[] = { EVPROF_LIBEXEC_FROM_LIB,
                                          "../libexec" };
    evprof_buf_t own = { 0 };
    bool is_found = false;
    const char *slash = find_own_path(&own) ? strrchr(own.data, '/') : NULL;
    for (size_t i = 0; i < 2 && slash != NULL && !is_found; i++) {
        evprof_buf_clear(out);
        evprof_buf_printf(out, "%.*s/%s/" PROGRAM, (int)(slash - own.data),
                          own.data, places[i]);
        is_found = !out->failed && access(out->data, X_OK) == 0;
    }
    evprof_buf_free(&own);
    return is_found;
}

static int
find_program(evprof_helper_t *h)
{
    bool is_given = h->given.len > 0;
    if (h->is_off) {
        return evprof_fail(&h->why, EVPROF_ENOTSUP, "symbolize_helper is off");
    }
    if (getauxval(AT_SECURE) != 0) {
        return evprof_fail(&h->why, EVPROF_ENOTSUP,
                           "this program runs with another user's rights");
    }
    if (!is_given && evprof_self_has_seccomp()) {
        return evprof_fail(&h->why, EVPROF_ENOTSUP,
                           "a seccomp filter is in force: write "
                           "symbolize_helper FILE where it allows programs to "
                           "be started");
    }
    evprof_buf_clear(&h->path);
    if (is_given) {
        evprof_buf_puts(&h->path, h->given.data);
    } else if (!find_beside(&h->path)) {
        return evprof_fail(&h->why, EVPROF_ENOENT,
                           "evprof-symbolizer is not installed beside the "
                           "library");
    }
    if (h->path.failed || access(h->path.data, X_OK) != 0) {
        return evprof_fail(&h->why, EVPROF_ENOENT, "%s cannot be run",
                           is_given ? h->given.data : "the helper");
    }
    return EVPROF_OK;
}

void
evprof_helper_configure(evprof_helper_t *helper, const char *file)
{
    evprof_buf_clear(&helper->given);
    helper->is_off = file != NULL && strcmp(file, "off") == 0;
    if (file != NULL && !helper->is_off) {
        evprof_buf_puts(&helper->given, file);
    }
}

/* ---- Sending and receiving within the deadline ---- */

typedef struct talk {
    int socket;
    int64_t deadline; /* CLOCK_MONOTONIC */
} talk_t;

/* Waits until the socket is ready; false: the deadline has passed. */
static bool
wait_for(const talk_t *t, short events)
{
    for (;;) {
        int64_t left = t->deadline - evprof_clock_ns(CLOCK_MONOTONIC);
        struct pollfd p = { .fd = t->socket, .events = events };
        if (left <= 0) {
            errno = ETIMEDOUT;
            return false;
        }
        int n = poll(&p, 1, (int)(left / 1000000) + 1);
        if (n > 0) {
            return true;
        }
        if (n < 0 && errno != EINTR) {
            return false;
        }
    }
}

static bool
send_bytes(const talk_t *t, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = send(t->socket, at, len, MSG_NOSIGNAL);
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        } else if (n < 0 && errno != EINTR &&
                   (errno != EAGAIN || !wait_for(t, POLLOUT))) {
            return false;
        }
    }
    return true;
}

static bool
receive_bytes(const talk_t *t, void *out, size_t len)
{
    char *at = out;
    while (len > 0) {
        ssize_t n = recv(t->socket, at, len, 0);
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        } else if (n == 0) {
            errno = EPIPE;
            return false;
        } else if (errno != EINTR &&
                   (errno != EAGAIN || !wait_for(t, POLLIN))) {
            return false;
        }
    }
    return true;
}

/* Sends the header of a request, with the file's descriptor. */
static bool
send_head(const talk_t *t, const evprof_wire_request_t *head, int fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { .bytes = { 0 } };
    evprof_wire_request_t copy = *head;
    struct iovec piece = { .iov_base = &copy, .iov_len = sizeof(copy) };
    struct msghdr message = { .msg_iov = &piece,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof(control.bytes) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(fd));
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    return sendmsg(t->socket, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(copy);
}

/* ---- A request ---- */

static int
receive_answer(const talk_t *t, evprof_symbol_file_t *file)
{
    evprof_wire_reply_t reply;
    if (!receive_bytes(t, &reply, sizeof(reply)) ||
        reply.magic != EVPROF_WIRE_MAGIC || reply.len > EVPROF_WIRE_MAX_BYTES) {
        return EVPROF_EIO;
    }
    if (reply.status != EVPROF_OK) {
        return reply.status;
    }
    char *bytes = malloc((size_t)reply.len + 1);
    int status = EVPROF_ENOMEM;
    if (bytes != NULL) {
        status = receive_bytes(t, bytes, (size_t)reply.len)
                     ? evprof_symbol_decode(file, bytes, (size_t)reply.len)
                     : EVPROF_EIO;
    }
    free(bytes);
    return status;
}

static int
ask(const talk_t *t, int fd, const char *path, const uint64_t *vaddrs,
    size_t count, evprof_symbol_file_t *file)
{
    size_t path_len = strlen(path);
    const evprof_wire_request_t head = { .magic = EVPROF_WIRE_MAGIC,
                                         .version = EVPROF_WIRE_VERSION,
                                         .path_len = (uint32_t)path_len,
                                         .count = (uint32_t)count };
    if (path_len > EVPROF_WIRE_MAX_PATH || count > EVPROF_WIRE_MAX_COUNT) {
        return EVPROF_ELIMIT;
    }
    if (!send_head(t, &head, fd) || !send_bytes(t, path, path_len) ||
        !send_bytes(t, vaddrs, count * sizeof(*vaddrs))) {
        return EVPROF_EIO;
    }
    return receive_answer(t, file);
}

static int
make_ready(evprof_helper_t *h)
{
    if (evprof_keeper_check(&h->keeper) && evprof_keeper_is_ours(&h->keeper)) {
        return EVPROF_OK;
    }
    /* If a program runs but its socket is not ours any more, stop it. */
    evprof_keeper_stop(&h->keeper);
    int status = find_program(h);
    return status == EVPROF_OK
               ? evprof_keeper_start(&h->keeper, h->path.data, &h->why)
               : status;
}

int
evprof_helper_ask(evprof_helper_t *helper, int fd, const char *path,
                  const uint64_t *vaddrs, size_t count,
                  evprof_symbol_file_t *file)
{
    helper->why = (evprof_error_t){ .status = EVPROF_OK };
    int status = make_ready(helper);
    if (status != EVPROF_OK) {
        return status;
    }
    talk_t t = { .socket = helper->keeper.socket.fd,
                 .deadline = evprof_clock_ns(CLOCK_MONOTONIC) + MAX_WAIT_NS };
    status = ask(&t, fd, path, vaddrs, count, file);
    if (status != EVPROF_OK) {
        int code = errno;
        evprof_keeper_stop(&helper->keeper);
        evprof_fail(&helper->why, status,
                    status != EVPROF_EIO ? "the helper could not read %s"
                    : code == ETIMEDOUT  ? "the helper took too long with %s"
                                         : "the helper ended while it read %s",
                    path);
    }
    return status;
}

void
evprof_helper_stop(evprof_helper_t *helper)
{
    evprof_keeper_stop(&helper->keeper);
    evprof_buf_free(&helper->path);
    evprof_buf_free(&helper->given);
}

void
evprof_helper_forget(evprof_helper_t *helper)
{
    evprof_keeper_forget(&helper->keeper);
}
