/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread listens. Each request of another worker gets a thread of its own,
 * up to a bound, since a window lasts for seconds. The worker that collects
 * asks all others first, then takes its own profile, and waits only a little
 * longer for the rest.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/gather/merge.h"
#include "adapters/gather/peers.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/lock.h"
#include "core/runtime/gather.h"
#include "core/runtime/service.h"

#define PATIENCE_NS INT64_C(2000000000)

enum {
    ANSWERS_MAX = 16,
    OPEN_MAX = EVPROF_PEERS_MAX + ANSWERS_MAX,
    TIRED_MS = 100 /* when the process has no descriptor left */
};

typedef struct gatherer {
    const evprof_gather_host_t *host;
    int listen_fd;
    int stop_fd;
    pthread_t thread;
    bool has_thread;
    bool is_child;            /* of a fork: its thread listens, and later */
    _Atomic uint32_t answers; /* that are being given; a futex */
    /* Sockets to other workers; 0: a free place. */
    _Atomic int open_fds[OPEN_MAX];
} gatherer_t;

/* ---- Open sockets ---- */

/* Notes a socket, which the child of a fork inherits and closes. A socket for
 * which there is no place is not noted. */
static void
note_open(gatherer_t *g, int fd)
{
    for (int i = 0; fd > 0 && i < OPEN_MAX; i++) {
        int none = 0;
        if (atomic_compare_exchange_strong(&g->open_fds[i], &none, fd)) {
            return;
        }
    }
}

/* The note is removed first: once the socket is closed, another file may get
 * its number. */
static void
close_noted(gatherer_t *g, int fd)
{
    for (int i = 0; i < OPEN_MAX; i++) {
        int noted = fd;
        if (atomic_compare_exchange_strong(&g->open_fds[i], &noted, 0)) {
            break;
        }
    }
    close(fd);
}

static void
close_all_noted(gatherer_t *g)
{
    for (int i = 0; i < OPEN_MAX; i++) {
        int fd = atomic_exchange(&g->open_fds[i], 0);
        if (fd > 0) {
            close(fd);
        }
    }
}

/* ---- Answering ---- */

typedef struct answer {
    gatherer_t *gatherer;
    int fd;
} answer_t;

static void
send_all(int fd, const char *data, size_t len)
{
    struct timeval patience = { .tv_sec = 2 };
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        data += n;
        len -= (size_t)n;
    }
}

/* A profile as it is, or nothing. */
static void *
give_answer(void *arg)
{
    answer_t *answer = arg;
    gatherer_t *g = answer->gatherer;
    evprof_gather_ask_t ask;
    evprof_buf_t bytes = { 0 };
    evprof_error_t err;
    char profile[64];
    if (evprof_peer_read(answer->fd, profile, &ask) &&
        g->host->take(g->host, &ask, &bytes, &err) == EVPROF_OK) {
        send_all(answer->fd, bytes.data, bytes.len);
    }
    evprof_buf_free(&bytes);
    /* A child forked meanwhile may hold the socket open; the asking worker must
     * see the end all the same. */
    (void)shutdown(answer->fd, SHUT_WR);
    close_noted(g, answer->fd);
    free(answer);
    atomic_fetch_sub(&g->answers, 1);
    evprof_futex_wake(&g->answers);
    return NULL;
}

/* Accepts a request. False: descriptors or memory are out, and a further try
 * would fail at once. */
static bool
accept_one(gatherer_t *g)
{
    evprof_error_t err;
    pthread_t thread;
    int fd = accept4(g->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
    }
    answer_t *answer =
        evprof_peer_is_ours(fd) && atomic_load(&g->answers) < ANSWERS_MAX
            ? malloc(sizeof(*answer))
            : NULL;
    if (answer == NULL) {
        close(fd);
        return true;
    }
    note_open(g, fd);
    *answer = (answer_t){ .gatherer = g, .fd = fd };
    atomic_fetch_add(&g->answers, 1);
    if (g->host->start_thread(&thread, give_answer, answer, &err) ==
        EVPROF_OK) {
        pthread_detach(thread);
        return true;
    }
    atomic_fetch_sub(&g->answers, 1);
    close_noted(g, fd);
    free(answer);
    return true;
}

/* Begins to listen in the child of a fork. False: the process ends, or cannot
 * listen. */
static bool
listen_later(gatherer_t *g)
{
    struct pollfd stop = { .fd = g->stop_fd, .events = POLLIN };
    if (poll(&stop, 1, (int)(EVPROF_SERVICE_CHILD_WAIT_NS / 1000000)) > 0) {
        return false;
    }
    g->listen_fd = evprof_peers_listen();
    if (g->listen_fd < 0) {
        g->host->log(g->host, strerrordesc_np(errno));
    }
    return g->listen_fd >= 0;
}

static void *
run(void *arg)
{
    gatherer_t *g = arg;
    if (g->is_child && !listen_later(g)) {
        return NULL;
    }
    struct pollfd wait[] = { { .fd = g->listen_fd, .events = POLLIN },
                             { .fd = g->stop_fd, .events = POLLIN } };
    while (wait[1].revents == 0) {
        if (poll(wait, 2, -1) > 0 && wait[0].revents != 0 && !accept_one(g)) {
            (void)poll(&wait[1], 1, TIRED_MS);
        }
    }
    return NULL;
}

/* ---- Collecting ---- */

/* Reads what has arrived of an answer. False: the answer is complete, or broken
 * off. */
static bool
read_some(int fd, evprof_buf_t *out)
{
    char piece[16384];
    ssize_t n = read(fd, piece, sizeof(piece));
    if (n > 0) {
        evprof_buf_add(out, piece, (size_t)n);
        return true;
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Collects answers until all are there, at most for `PATIENCE_NS`. Incomplete
 * ones are dropped. */
static void
read_answers(gatherer_t *g, struct pollfd *fds, evprof_part_t *parts,
             size_t count)
{
    int64_t until_ns = evprof_clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS;
    size_t left = count;
    for (size_t i = 0; i < count; i++) {
        left -= fds[i].fd < 0;
    }
    while (left > 0) {
        int64_t wait_ns = until_ns - evprof_clock_ns(CLOCK_MONOTONIC);
        if (wait_ns <= 0 ||
            poll(fds, count, (int)(wait_ns / 1000000) + 1) <= 0) {
            break;
        }
        for (size_t i = 0; i < count; i++) {
            if (fds[i].fd >= 0 && fds[i].revents != 0 &&
                !read_some(fds[i].fd, &parts[i].bytes)) {
                close_noted(g, fds[i].fd);
                fds[i].fd = -1;
                left--;
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (fds[i].fd >= 0) {
            close_noted(g, fds[i].fd);
            evprof_buf_free(&parts[i].bytes);
        }
    }
}

static int
collect_from(gatherer_t *g, const evprof_gather_ask_t *ask,
             const evprof_peer_t *peers, size_t count, evprof_buf_t *out,
             evprof_error_t *err)
{
    struct pollfd *fds = calloc(count + 1, sizeof(*fds));
    evprof_part_t *parts = calloc(count + 1, sizeof(*parts));
    if (fds == NULL || parts == NULL) {
        free(fds);
        free(parts);
        return evprof_fail(err, EVPROF_ENOMEM, "gather: out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        parts[i + 1].pid = peers[i].pid;
        fds[i] = (struct pollfd){ .fd = evprof_peer_ask(&peers[i], ask),
                                  .events = POLLIN };
        note_open(g, fds[i].fd);
    }
    parts[0].pid = getpid();
    int status = g->host->take(g->host, ask, &parts[0].bytes, err);
    read_answers(g, fds, parts + 1, count);
    if (status == EVPROF_OK) {
        status = evprof_parts_merge(parts, count + 1, out, err);
    }
    for (size_t i = 0; i <= count; i++) {
        evprof_buf_free(&parts[i].bytes);
    }
    free(fds);
    free(parts);
    return status;
}

static int
collect(void *gatherer, const evprof_gather_ask_t *ask, evprof_buf_t *out,
        evprof_error_t *err)
{
    evprof_peer_t *peers = calloc(EVPROF_PEERS_MAX, sizeof(*peers));
    if (peers == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "gather: out of memory");
    }
    size_t count = evprof_peers_list(peers);
    int status = collect_from(gatherer, ask, peers, count, out, err);
    free(peers);
    return status;
}

/* ---- Life ---- */

static int
begin(gatherer_t *g, evprof_error_t *err)
{
    g->listen_fd = g->is_child ? -1 : evprof_peers_listen();
    g->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if ((g->listen_fd < 0 && !g->is_child) || g->stop_fd < 0) {
        char why[EVPROF_ERRNO_TEXT_SIZE];
        return evprof_fail(err, EVPROF_EIO, "no socket: %s",
                           evprof_errno_text(errno, why, sizeof(why)));
    }
    int status = g->host->start_thread(&g->thread, run, g, err);
    g->has_thread = status == EVPROF_OK;
    return status;
}

static void
stop(void *gatherer)
{
    gatherer_t *g = gatherer;
    const uint64_t one = 1;
    if (g->has_thread &&
        write(g->stop_fd, &one, sizeof(one)) == (ssize_t)sizeof(one)) {
        pthread_join(g->thread, NULL);
    }
    uint32_t left = atomic_load(&g->answers);
    while (left != 0) {
        evprof_futex_wait(&g->answers, left, 0);
        left = atomic_load(&g->answers);
    }
    if (g->listen_fd >= 0) {
        close(g->listen_fd);
    }
    if (g->stop_fd >= 0) {
        close(g->stop_fd);
    }
    free(g);
}

static void *
start(const evprof_gather_host_t *host, evprof_error_t *err)
{
    gatherer_t *g = calloc(1, sizeof(*g));
    if (g == NULL) {
        evprof_fail(err, EVPROF_ENOMEM, "gather: out of memory");
        return NULL;
    }
    g->host = host;
    if (begin(g, err) != EVPROF_OK) {
        stop(g);
        return NULL;
    }
    return g;
}

/* The parent's sockets are its own. */
static int
fork_child(void *gatherer, evprof_error_t *err)
{
    gatherer_t *g = gatherer;
    close(g->listen_fd);
    close(g->stop_fd);
    close_all_noted(g);
    g->has_thread = false;
    g->is_child = true;
    atomic_store(&g->answers, 0);
    return begin(g, err);
}

const evprof_gather_t *
evprof_gather(void)
{
    static const evprof_gather_t library = { .start = start,
                                             .stop = stop,
                                             .collect = collect,
                                             .fork_child = fork_child };
    return &library;
}
