/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets of one address each. A unix socket is made readable for its
 * owner only, since its peers count as local; one that a dead process left
 * behind is replaced, one that somebody answers on is not.
 */
#include "adapters/listener/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/address.h"
#include "core/base/error.h"

#define BACKLOG 64
#define STREAM (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK)

static int
fail_bind(const char *address, int error, evprof_error_t *err)
{
    const char *why = strerrordesc_np(error);
    if (error == EADDRINUSE) {
        why = "the address is in use; another program has the port, or this "
              "one was started twice";
    } else if (error == EACCES) {
        why = "permission denied; ports below 1024 are for root";
    } else if (error == EADDRNOTAVAIL) {
        why = "this machine has no such address";
    }
    return evprof_fail(err, EVPROF_EIO, "listen %s: %s", address, why);
}

/* ---- Unix sockets ---- */

/* Only a refused connection says that nothing listens. A server with a full
 * queue, or one that does not let us in, is alive. */
static bool
is_dead(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, STREAM, 0);
    bool refused = fd >= 0 &&
                   connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 &&
                   errno == ECONNREFUSED;
    if (fd >= 0) {
        close(fd);
    }
    return refused;
}

static bool
is_left_behind(const struct sockaddr_un *at)
{
    struct stat st;
    return lstat(at->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) && is_dead(at);
}

static int
bind_unix(int fd, const struct sockaddr_un *at)
{
    /* The file takes the mode of the socket that is bound to it. */
    if (fchmod(fd, 0600) != 0) {
        return -1;
    }
    if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) == 0) {
        return listen(fd, BACKLOG);
    }
    if (errno != EADDRINUSE || !is_left_behind(at) ||
        unlink(at->sun_path) != 0) {
        errno = EADDRINUSE;
        return -1;
    }
    return bind(fd, (const struct sockaddr *)at, sizeof(*at)) == 0
               ? listen(fd, BACKLOG)
               : -1;
}

static int
open_unix(const char *address, const char *path, evprof_socket_t *out,
          evprof_error_t *err)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    size_t len = strlen(path);
    if (len >= sizeof(at.sun_path)) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "listen %s: the path is longer than %zu bytes",
                           address, sizeof(at.sun_path) - 1);
    }
    memcpy(at.sun_path, path, len);
    out->path = strdup(path);
    out->own.fd = out->path == NULL ? -1 : socket(AF_UNIX, STREAM, 0);
    struct stat st;
    if (out->own.fd < 0 || bind_unix(out->own.fd, &at) != 0 ||
        lstat(path, &st) != 0) {
        int error = errno;
        free(out->path);
        out->path = NULL;
        return fail_bind(address, error, err);
    }
    out->owner = getpid();
    out->device = st.st_dev;
    out->inode = st.st_ino;
    return EVPROF_OK;
}

/* ---- TCP ---- */

static int
bind_tcp(int fd, const struct addrinfo *at)
{
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
        return -1;
    }
    /* [::] means IPv6: IPv4 has its own `listen`. */
    if (at->ai_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) {
        return -1;
    }
    return bind(fd, at->ai_addr, at->ai_addrlen) == 0 ? listen(fd, BACKLOG)
                                                      : -1;
}

static int
open_first(const struct addrinfo *list)
{
    int error = EADDRNOTAVAIL;
    for (; list != NULL; list = list->ai_next) {
        int fd = socket(list->ai_family, STREAM, 0);
        if (fd >= 0 && bind_tcp(fd, list) == 0) {
            return fd;
        }
        error = errno;
        if (fd >= 0) {
            close(fd);
        }
    }
    errno = error;
    return -1;
}

static int
open_tcp(const char *address, const evprof_listen_address_t *at,
         evprof_socket_t *out, evprof_error_t *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *list = NULL;
    const char *host = strcmp(at->host, "*") == 0 ? "0.0.0.0" : at->host;
    int failure = getaddrinfo(host, at->port, &hints, &list);
    if (failure != 0) {
        return evprof_fail(err, EVPROF_EINVAL, "listen %s: %s", address,
                           gai_strerror(failure));
    }
    out->own.fd = open_first(list);
    int error = errno;
    freeaddrinfo(list);
    return out->own.fd >= 0 ? EVPROF_OK : fail_bind(address, error, err);
}

int
evprof_socket_open(const char *address, evprof_socket_t *out,
                   evprof_error_t *err)
{
    evprof_listen_address_t at;
    const char *fault = evprof_listen_address_parse(address, &at);
    *out = (evprof_socket_t){ .own.fd = -1 };
    if (fault != NULL) {
        return evprof_fail(err, EVPROF_EINVAL, "listen %s %s", address, fault);
    }
    int status = at.is_unix ? open_unix(address, at.host, out, err)
                            : open_tcp(address, &at, out, err);
    if (status != EVPROF_OK && out->own.fd >= 0) {
        close(out->own.fd);
        out->own.fd = -1;
    }
    out->own = evprof_own_descriptor(out->own.fd);
    return status;
}

/* A child that was made past the handlers of fork, another process that listens
 * there by now, and a relative path in another folder: none is ours. */
void
evprof_socket_unlink(const evprof_socket_t *socket)
{
    struct stat st;
    if (socket->path != NULL && socket->owner == getpid() &&
        lstat(socket->path, &st) == 0 && st.st_dev == socket->device &&
        st.st_ino == socket->inode) {
        (void)unlink(socket->path);
    }
}

void
evprof_socket_forget(evprof_socket_t *socket)
{
    if (socket->path != NULL) {
        evprof_socket_unlink(socket);
        free(socket->path);
        socket->path = NULL;
    }
}

void
evprof_socket_name(const evprof_socket_t *socket, char out[320])
{
    struct sockaddr_storage own;
    socklen_t len = sizeof(own);
    char host[256] = "?";
    char port[16] = "?";
    if (socket->path != NULL) {
        (void)snprintf(out, 320, "unix:%.300s", socket->path);
        return;
    }
    if (getsockname(socket->own.fd, (struct sockaddr *)&own, &len) == 0) {
        getnameinfo((struct sockaddr *)&own, len, host, sizeof(host), port,
                    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    }
    bool is_v6 = strchr(host, ':') != NULL;
    (void)snprintf(out, 320, "%s%s%s:%s", is_v6 ? "[" : "", host,
                   is_v6 ? "]" : "", port);
}
