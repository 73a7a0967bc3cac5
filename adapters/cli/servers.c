/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process with libevprof in its maps is one of ours. Its descriptors tell the
 * inodes of its sockets, /proc/PID/net tells which of these listen, and where.
 * Which of them serves profiles is found out only by asking.
 *
 * /proc/PID shows what the first thread has: nothing, where that has ended; and
 * our own threads may have descriptors that it has not. So the folders of the
 * threads that serve a port are looked into as well.
 */
#include "adapters/cli/servers.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/own_thread.h"
#include "core/base/process_age.h"
#include "core/base/read_file.h"
#include "core/symbol/process_keeper.h"

#define MOST_SOCKETS 256u

/* Of one process: each is a thread, whose folder in /proc is looked into. */
#define MOST_VIEWS 8u

/* The state of a listening TCP socket in /proc/net/tcp, and the flag of one in
 * /proc/net/unix. */
#define TCP_LISTEN 10u
#define UNIX_ACCEPTS 0x10000u

#define ANSWER_MS 500

/* How old a process may be that has not loaded all of its libraries. */
#define BEGINNING_NS 2000000000

#define PRELOADED "libevprof_preload.so"

typedef struct found {
    cli_server_t *items;
    size_t count;
    size_t cap;
} found_t;

/* ---- /proc ---- */

static FILE *
open_proc(pid_t pid, const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    return fopen(path, "re");
}

/* `is_empty`: there are no maps, as where the thread has ended. */
static bool
has_library(pid_t pid, bool *is_empty)
{
    char line[4352];
    bool is_found = false;
    FILE *maps = open_proc(pid, "maps");
    *is_empty = true;
    while (maps != NULL && !is_found &&
           fgets(line, sizeof(line), maps) != NULL) {
        const char *file = strrchr(line, '/');
        *is_empty = false;
        is_found = file != NULL &&
                   (strncmp(file, "/libevprof.so", 13) == 0 ||
                    strncmp(file + 1, PRELOADED, sizeof(PRELOADED) - 1) == 0);
    }
    if (maps != NULL) {
        fclose(maps);
    }
    return is_found;
}

/* This program, running once more: it looks into libevprof for its flags. */
static bool
is_this_tool(pid_t pid)
{
    char path[64];
    char own[4096];
    char other[4096];
    (void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
    ssize_t own_len = readlink("/proc/self/exe", own, sizeof(own));
    ssize_t other_len = readlink(path, other, sizeof(other));
    return own_len > 0 && own_len == other_len &&
           memcmp(own, other, (size_t)own_len) == 0;
}

void
cli_server_name(pid_t pid, char *out, size_t size)
{
    FILE *comm = open_proc(pid, "comm");
    out[0] = '\0';
    if (comm != NULL) {
        if (fgets(out, (int)size, comm) == NULL) {
            out[0] = '\0';
        }
        out[strcspn(out, "\n")] = '\0';
        fclose(comm);
    }
}

static bool
is_own_thread(const char *name, enum evprof_own_thread which)
{
    return strcmp(name, evprof_own_thread_row(which)->name) == 0;
}

/* The threads that serve a port or are to open one, and the process itself;
 * returns how many. */
static size_t
list_views(pid_t pid, pid_t *views, bool *opens_later)
{
    char path[64];
    size_t count = 0;
    struct dirent *entry;
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *dir = opendir(path);
    while (dir != NULL && count < MOST_VIEWS - 1 &&
           (entry = readdir(dir)) != NULL) {
        char name[32] = "";
        long number = strtol(entry->d_name, NULL, 10);
        if (number > 0) {
            cli_server_name((pid_t)number, name, sizeof(name));
        }
        const bool waits = is_own_thread(name, EVPROF_OWN_PRELOAD);
        if (waits || is_own_thread(name, EVPROF_OWN_PORT)) {
            views[count++] = (pid_t)number;
        }
        *opens_later = *opens_later || waits;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    views[count++] = pid;
    return count;
}

/* Adds the inodes of a view's sockets to `count` others; returns how many there
 * are then. */
static size_t
list_sockets(pid_t view, uint64_t *inodes, size_t count)
{
    char path[64];
    struct dirent *entry;
    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)view);
    DIR *dir = opendir(path);
    while (dir != NULL && count < MOST_SOCKETS &&
           (entry = readdir(dir)) != NULL) {
        char target[64];
        ssize_t len =
            readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
        if (len > 0) {
            target[len] = '\0';
            count +=
                sscanf(target, "socket:[%" SCNu64 "]", &inodes[count]) == 1;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count;
}

static bool
holds(const uint64_t *inodes, size_t count, uint64_t inode)
{
    while (count > 0 && inodes[count - 1] != inode) {
        count--;
    }
    return count > 0;
}

/* ---- Those that have just started ---- */

const char *
cli_process_variable(pid_t pid, const char *name, evprof_buf_t *room)
{
    char path[64];
    const size_t len = strlen(name);
    (void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
    (void)evprof_read_file(path, SIZE_MAX, room);
    for (size_t at = 0; at < room->len; at += strlen(room->data + at) + 1) {
        const char *entry = room->data + at;
        if (strncmp(entry, name, len) == 0 && entry[len] == '=') {
            return entry + len + 1;
        }
    }
    return NULL;
}

static bool
is_preloaded(pid_t pid)
{
    evprof_buf_t room = { 0 };
    const char *list = cli_process_variable(pid, "LD_PRELOAD", &room);
    bool is_found = list != NULL && strstr(list, PRELOADED) != NULL;
    evprof_buf_free(&room);
    return is_found;
}

/* Whether it may still be loading its libraries, of which ours begins after
 * most others. */
static bool
is_beginning(pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    const int64_t age_ns = evprof_process_age_ns(path);
    return age_ns >= 0 && age_ns < BEGINNING_NS && is_preloaded(pid);
}

/* ---- Listening sockets ---- */

static bool
add(found_t *found, const cli_server_t *process, const char *address)
{
    cli_server_t *grown = evprof_grow(found->items, &found->cap,
                                      found->count + 1, sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    found->items = grown;
    cli_server_t *server = &grown[found->count++];
    *server = *process;
    (void)snprintf(server->address, sizeof(server->address), "%s", address);
    return true;
}

/* "0100007F:17AC" as /proc writes it: words of the host's order. */
static bool
read_address(const char *text, bool is_v6, char *out, size_t size)
{
    uint32_t words[4] = { 0 };
    unsigned port = 0;
    unsigned count = is_v6 ? 4 : 1;
    char host[INET6_ADDRSTRLEN];
    for (unsigned i = 0; i < count; i++) {
        if (sscanf(text + 8 * i, "%8" SCNx32, &words[i]) != 1) {
            return false;
        }
    }
    if (sscanf(text + 8 * count, ":%4x", &port) != 1 ||
        inet_ntop(is_v6 ? AF_INET6 : AF_INET, words, host, sizeof(host)) ==
            NULL) {
        return false;
    }
    /* A wildcard is asked at this machine's own address. */
    bool is_any =
        words[0] == 0 && words[1] == 0 && words[2] == 0 && words[3] == 0;
    (void)snprintf(out, size, is_v6 ? "[%s]:%u" : "%s:%u",
                   is_any ? (is_v6 ? "::1" : "127.0.0.1") : host, port);
    return true;
}

static size_t
add_tcp(found_t *found, const cli_server_t *process, pid_t view, bool is_v6,
        const uint64_t *inodes, size_t socket_count)
{
    char line[512];
    size_t added = 0;
    FILE *table = open_proc(view, is_v6 ? "net/tcp6" : "net/tcp");
    while (table != NULL && fgets(line, sizeof(line), table) != NULL) {
        char local[64];
        char address[160];
        unsigned state = 0;
        uint64_t inode = 0;
        if (sscanf(line, " %*[^:]: %63s %*s %x %*s %*s %*s %*s %*s %" SCNu64,
                   local, &state, &inode) == 3 &&
            state == TCP_LISTEN && holds(inodes, socket_count, inode) &&
            read_address(local, is_v6, address, sizeof(address))) {
            added += add(found, process, address);
        }
    }
    if (table != NULL) {
        fclose(table);
    }
    return added;
}

static size_t
add_unix(found_t *found, const cli_server_t *process, pid_t view,
         const uint64_t *inodes, size_t socket_count)
{
    char line[512];
    size_t added = 0;
    FILE *table = open_proc(view, "net/unix");
    while (table != NULL && fgets(line, sizeof(line), table) != NULL) {
        char path[128];
        char address[160];
        unsigned flags = 0;
        uint64_t inode = 0;
        if (sscanf(line, "%*s %*s %*s %x %*s %*s %" SCNu64 " %127s", &flags,
                   &inode, path) == 3 &&
            (flags & UNIX_ACCEPTS) != 0 && path[0] == '/' &&
            holds(inodes, socket_count, inode)) {
            (void)snprintf(address, sizeof(address), "unix:%s", path);
            added += add(found, process, address);
        }
    }
    if (table != NULL) {
        fclose(table);
    }
    return added;
}

/* The threads whose folders show what the process has; returns how many, 0: it
 * neither has evprof in it nor is about to. */
static size_t
find_views(pid_t pid, pid_t *views, bool *opens_later)
{
    bool is_empty;
    bool is_ours = has_library(pid, &is_empty);
    size_t count =
        is_ours || is_empty ? list_views(pid, views, opens_later) : 0;
    if (is_empty && count > 1) {
        is_ours = has_library(views[0], &is_empty);
    }
    if (count <= 1 && is_beginning(pid)) {
        views[0] = pid;
        *opens_later = true;
        return 1;
    }
    return is_ours ? count : 0;
}

static void
add_process(found_t *found, pid_t pid)
{
    uint64_t inodes[MOST_SOCKETS];
    pid_t views[MOST_VIEWS];
    size_t sockets = 0;
    cli_server_t process = { .pid = pid };
    cli_server_name(pid, process.name, sizeof(process.name));
    if (strcmp(process.name, EVPROF_KEEPER_NAME) == 0 || is_this_tool(pid)) {
        return;
    }
    size_t view_count = find_views(pid, views, &process.opens_later);
    if (view_count == 0) {
        return;
    }
    for (size_t i = 0; i < view_count; i++) {
        sockets = list_sockets(views[i], inodes, sockets);
    }
    size_t added = add_unix(found, &process, views[0], inodes, sockets);
    added += add_tcp(found, &process, views[0], false, inodes, sockets);
    added += add_tcp(found, &process, views[0], true, inodes, sockets);
    if (added == 0) {
        (void)add(found, &process, "");
    }
}

int
cli_servers_find(pid_t pid, cli_server_t **out, size_t *count,
                 evprof_error_t *err)
{
    found_t found = { 0 };
    struct dirent *entry;
    DIR *proc = pid != 0 ? NULL : opendir("/proc");
    if (pid != 0) {
        add_process(&found, pid);
    } else if (proc == NULL) {
        return evprof_fail(err, EVPROF_EIO, "/proc: %s", strerror(errno));
    }
    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        char *end;
        long number = strtol(entry->d_name, &end, 10);
        if (number > 0 && *end == '\0') {
            add_process(&found, (pid_t)number);
        }
    }
    if (proc != NULL) {
        closedir(proc);
    }
    *out = found.items;
    *count = found.count;
    return EVPROF_OK;
}

int
cli_servers_await(pid_t pid, int64_t deadline_ns, cli_server_t **out,
                  size_t *count, evprof_error_t *err)
{
    const struct timespec pause = { .tv_nsec = CLI_LOOK_AGAIN_NS };
    int status = cli_servers_find(pid, out, count, err);
    while (status == EVPROF_OK && *count > 0 && (*out)->opens_later &&
           evprof_clock_ns(CLOCK_MONOTONIC) < deadline_ns) {
        free(*out);
        (void)nanosleep(&pause, NULL);
        status = cli_servers_find(pid, out, count, err);
    }
    return status;
}

/* ---- evprof ps ---- */

bool
cli_ps(int argc, char **argv, int *exit_status)
{
    cli_server_t *servers = NULL;
    size_t count = 0;
    evprof_error_t err;
    if (argc < 2 || strcmp(argv[1], "ps") != 0) {
        return false;
    }
    *exit_status = 2;
    if (argc > 2) {
        fprintf(stderr, "evprof: ps takes no arguments: it lists the "
                        "programs of this machine that have evprof in them\n");
        return true;
    }
    if (cli_servers_find(0, &servers, &count, &err) != EVPROF_OK) {
        fprintf(stderr, "evprof: ps: %s\n", err.message);
        return true;
    }
    printf("%7s  %-20s  %s\n", "PID", "NAME", "LISTENS ON");
    for (size_t i = 0; i < count; i++) {
        printf("%7d  %-20s  %s\n", (int)servers[i].pid, servers[i].name,
               servers[i].address[0] != '\0' ? servers[i].address : "-");
    }
    free(servers);
    *exit_status = 0;
    return true;
}

/* ---- Asking one ---- */

/* Connects within ANSWER_MS; the socket blocks afterwards. Closes it when that
 * fails. */
static int
connect_to(int fd, const struct sockaddr *at, socklen_t size)
{
    int failure;
    do {
        failure = connect(fd, at, size) == 0 ? 0 : errno;
    } while (failure == EINTR);
    if (failure == EINPROGRESS) {
        struct pollfd wait = { .fd = fd, .events = POLLOUT };
        socklen_t len = sizeof(failure);
        if (poll(&wait, 1, ANSWER_MS) != 1) {
            failure = EAGAIN;
        } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0) {
            failure = errno;
        }
    }
    if (failure != 0 || fcntl(fd, F_SETFL, 0) != 0) {
        close(fd);
        errno = failure;
        return -1;
    }
    return fd;
}

/* How long a blocking socket waits until something can be sent, or until there
 * is room in the queue of a unix socket; 0: for ever. */
static void
limit_wait(int fd, long wait_ms)
{
    const struct timeval limit = { .tv_usec = wait_ms * 1000 };
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/* A socket that does not block would not wait for room in the queue at all. */
static int
connect_unix(const char *path, evprof_error_t *err)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(at.sun_path)) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "the path of a socket has %zu bytes at most, not "
                           "%zu: %s",
                           sizeof(at.sun_path) - 1, strlen(path), path);
    }
    memcpy(at.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        limit_wait(fd, ANSWER_MS);
        fd = connect_to(fd, (struct sockaddr *)&at, sizeof(at));
    }
    if (fd >= 0) {
        limit_wait(fd, 0);
    }
    if (fd < 0 && errno == EAGAIN) {
        return evprof_fail(err, EVPROF_EBUSY,
                           "%s: its server takes no connections", path);
    }
    return fd < 0 ? evprof_fail(err, EVPROF_ENOENT, "%s: nothing listens", path)
                  : fd;
}

static int
connect_ip(const char *address, evprof_error_t *err)
{
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    char host[INET6_ADDRSTRLEN] = "";
    unsigned port = 0;
    bool is_v6 = sscanf(address, "[%45[^]]]:%u", host, &port) == 2;
    bool is_good = is_v6 || sscanf(address, "%45[^:]:%u", host, &port) == 2;
    v4.sin_port = v6.sin6_port = htons((uint16_t)port);
    is_good = is_good && inet_pton(is_v6 ? AF_INET6 : AF_INET, host,
                                   is_v6 ? (void *)&v6.sin6_addr
                                         : (void *)&v4.sin_addr) == 1;
    int fd = !is_good ? -1
                      : socket(is_v6 ? AF_INET6 : AF_INET,
                               SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        fd = is_v6 ? connect_to(fd, (struct sockaddr *)&v6, sizeof(v6))
                   : connect_to(fd, (struct sockaddr *)&v4, sizeof(v4));
    }
    return fd < 0
               ? evprof_fail(err, EVPROF_ENOENT, "%s: nothing listens", address)
               : fd;
}

int
cli_server_connect(const char *address, evprof_error_t *err)
{
    return strncmp(address, "unix:", 5) == 0 ? connect_unix(address + 5, err)
                                             : connect_ip(address, err);
}

/* Whether profiles are served there: every such server answers at the symbol
 * endpoint, unless its access rules refuse us. */
bool
cli_server_answers(const char *address)
{
    static const char ask[] = "GET /debug/pprof/symbol HTTP/1.1\r\n"
                              "Host: localhost\r\nConnection: close\r\n\r\n";
    char answer[1024] = "";
    size_t len = 0;
    int fd = cli_server_connect(address, NULL);
    if (fd < 0) {
        return false;
    }
    bool is_sent = send(fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL) > 0;
    while (is_sent && len < sizeof(answer) - 1) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        ssize_t n = poll(&wait, 1, ANSWER_MS) == 1
                        ? recv(fd, answer + len, sizeof(answer) - 1 - len, 0)
                        : 0;
        if (n <= 0) {
            break;
        }
        len += (size_t)n;
    }
    close(fd);
    answer[len] = '\0';
    return strstr(answer, "num_symbols") != NULL;
}
