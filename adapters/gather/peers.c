/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/gather/peers.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/clock.h"

#define NAME "evprof-gather."

#define ASK_NS INT64_C(2000000000)

enum { BACKLOG = 64, ASK_MAX = 128, PREFIX_MAX = 64 };

/* The beginning that the socket names of all workers of the group share. */
static void
name_group(char out[PREFIX_MAX])
{
    struct stat space = { 0 };
    (void)stat("/proc/self/ns/pid", &space);
    (void)snprintf(out, PREFIX_MAX, NAME "%llu.%ld.",
                   (unsigned long long)space.st_ino, (long)getpgrp());
}

/* Fills in the address of a worker's socket and returns its length. */
static socklen_t
name_socket(const evprof_peer_t *peer, struct sockaddr_un *out)
{
    char prefix[PREFIX_MAX];
    name_group(prefix);
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    int len =
        snprintf(out->sun_path + 1, sizeof(out->sun_path) - 1,
                 "%s%ld.%016" PRIx64, prefix, (long)peer->pid, peer->chance);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                       (size_t)len);
}

/* This process as a peer, with a random number that is made at the first
 * call. */
static evprof_peer_t
name_self(void)
{
    evprof_peer_t self = { .pid = getpid() };
    if (getrandom(&self.chance, sizeof(self.chance), GRND_NONBLOCK) !=
        (ssize_t)sizeof(self.chance)) {
        self.chance = (uint64_t)evprof_clock_ns(CLOCK_MONOTONIC);
    }
    return self;
}

int
evprof_peers_listen(void)
{
    struct sockaddr_un at;
    const evprof_peer_t self = name_self();
    socklen_t len = name_socket(&self, &at);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && (bind(fd, (const struct sockaddr *)&at, len) != 0 ||
                    listen(fd, BACKLOG) != 0)) {
        int failure = errno;
        close(fd);
        errno = failure;
        fd = -1;
    }
    return fd;
}

/* Lines end in "@NAME" for sockets without a file; those that accept have the
 * flag 10000. */
size_t
evprof_peers_list(evprof_peer_t out[EVPROF_PEERS_MAX])
{
    char line[512];
    char prefix[1 + PREFIX_MAX] = "@";
    size_t count = 0;
    FILE *table = fopen("/proc/net/unix", "re");
    name_group(prefix + 1);
    while (table != NULL && count < EVPROF_PEERS_MAX &&
           fgets(line, sizeof(line), table) != NULL) {
        unsigned flags = 0;
        const char *at = strstr(line, prefix);
        if (at == NULL || sscanf(line, "%*s %*s %*s %x", &flags) != 1 ||
            (flags & 0x10000u) == 0) {
            continue;
        }
        long pid = 0;
        uint64_t chance = 0;
        if (sscanf(at + strlen(prefix), "%ld.%16" SCNx64, &pid, &chance) == 2 &&
            pid > 0 && pid != getpid()) {
            out[count++] =
                (evprof_peer_t){ .pid = (pid_t)pid, .chance = chance };
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
evprof_peer_ask(const evprof_peer_t *peer, const evprof_gather_ask_t *ask)
{
    struct sockaddr_un at;
    char line[ASK_MAX];
    socklen_t len = name_socket(peer, &at);
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

/* Waits for a byte, at most until then. */
static bool
read_byte(int fd, char *out, int64_t until_ns)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    int64_t left_ns = until_ns - evprof_clock_ns(CLOCK_MONOTONIC);
    return left_ns > 0 && poll(&wait, 1, (int)(left_ns / 1000000) + 1) == 1 &&
           read(fd, out, 1) == 1;
}

bool
evprof_peer_read(int fd, char profile[64], evprof_gather_ask_t *out)
{
    char line[ASK_MAX];
    size_t len = 0;
    int64_t until_ns = evprof_clock_ns(CLOCK_MONOTONIC) + ASK_NS;
    while (len < sizeof(line) - 1 && read_byte(fd, line + len, until_ns) &&
           line[len] != '\n') {
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
