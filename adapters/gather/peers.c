/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/gather/peers.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME "evprof-gather."

enum { BACKLOG = 64, ASK_MAX = 128, ASK_MS = 2000 };

/* Fills the address of a worker's socket; its length. */
static socklen_t
name_socket(pid_t pid, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    int len = snprintf(out->sun_path + 1, sizeof(out->sun_path) - 1,
                       NAME "%ld.%ld", (long)getpgrp(), (long)pid);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                       (size_t)len);
}

int
evprof_peers_listen(void)
{
    struct sockaddr_un at;
    socklen_t len = name_socket(getpid(), &at);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (bind(fd, (const struct sockaddr *)&at, len) != 0 ||
                    listen(fd, BACKLOG) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Lines end in "@NAME" for sockets without a file; those that accept have the
 * flag 10000. */
size_t
evprof_peers_list(pid_t out[EVPROF_PEERS_MAX])
{
    char line[512];
    char prefix[64];
    size_t count = 0;
    FILE *table = fopen("/proc/net/unix", "re");
    (void)snprintf(prefix, sizeof(prefix), "@" NAME "%ld.", (long)getpgrp());
    while (table != NULL && count < EVPROF_PEERS_MAX &&
           fgets(line, sizeof(line), table) != NULL) {
        unsigned flags = 0;
        const char *at = strstr(line, prefix);
        if (at == NULL || sscanf(line, "%*s %*s %*s %x", &flags) != 1 ||
            (flags & 0x10000u) == 0) {
            continue;
        }
        long pid = strtol(at + strlen(prefix), NULL, 10);
        if (pid > 0 && pid != getpid()) {
            out[count++] = (pid_t)pid;
        }
    }
    if (table != NULL) {
        fclose(table);
    }
    return count;
}

bool
evprof_peer_is_ours(int fd)
{
    struct ucred peer = { .uid = (uid_t)-1 };
    socklen_t len = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

int
evprof_peer_ask(pid_t pid, const evprof_gather_ask_t *ask)
{
    struct sockaddr_un at;
    char line[ASK_MAX];
    socklen_t len = name_socket(pid, &at);
    int line_len = snprintf(line, sizeof(line), "%s %.9f %ld %d\n",
                            ask->profile, ask->seconds, ask->rate, ask->gc);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 &&
        (line_len >= ASK_MAX ||
         connect(fd, (const struct sockaddr *)&at, len) != 0 ||
         !evprof_peer_is_ours(fd) ||
         send(fd, line, (size_t)line_len, MSG_NOSIGNAL) != line_len)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

bool
evprof_peer_read(int fd, char profile[64], evprof_gather_ask_t *out)
{
    char line[ASK_MAX];
    size_t len = 0;
    while (len < sizeof(line) - 1) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        ssize_t n = poll(&wait, 1, ASK_MS) == 1 ? read(fd, line + len, 1) : 0;
        if (n != 1 || line[len] == '\n') {
            break;
        }
        len++;
    }
    line[len] = '\0';
    int gc = 0;
    *out = (evprof_gather_ask_t){ .profile = profile };
    bool is_read = sscanf(line, "%63s %lf %ld %d", profile, &out->seconds,
                          &out->rate, &gc) == 4;
    out->gc = gc != 0;
    return is_read;
}
