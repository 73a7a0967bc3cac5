/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers one question after the other from descriptor 0. Any failure ends the
 * program, and the server goes on without lines.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/symbol/kept_sources.h"
#include "core/symbol/readable.h"
#include "core/symbol/symbol_wire.h"

#define MAX_DATA ((rlim_t)512 << 20)
#define MAX_IDLE_MS 30000
#define MAX_SECONDS 12

/* It begins with the server's priority: where all CPUs are busy, a low one from
 * the start gave it a thirtieth of a CPU, and profiles no lines within the
 * time. After half a second of CPU time it gets a tenth of what a thread of the
 * server gets. */
#define BEGIN_US 500000
#define STEP_BACK 10

/* Of the objects that stay open from one question to the next. */
#define MAX_KEPT ((size_t)64 << 20)

/* ---- The place it runs in ---- */

static void
write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, text, strlen(text));
        close(fd);
    }
}

/* A sanitizer's shadow memory alone is far above any limit. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static void
limit_memory(void)
{
}
#else
static void
limit_memory(void)
{
    const struct rlimit data = { MAX_DATA, MAX_DATA };
    (void)setrlimit(RLIMIT_DATA, &data);
}
#endif

static void
step_back(int sig)
{
    (void)sig;
    (void)!nice(STEP_BACK);
}

static void
step_back_later(void)
{
    const struct sigaction act = { .sa_handler = step_back,
                                   .sa_flags = SA_RESTART };
    const struct itimerval begin = { .it_value.tv_usec = BEGIN_US };
    (void)sigaction(SIGPROF, &act, NULL);
    (void)setitimer(ITIMER_PROF, &begin, NULL);
}

static void
limit_myself(void)
{
    const struct rlimit none = { 0, 0 };
    sigset_t empty;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    limit_memory();
    (void)setrlimit(RLIMIT_CORE, &none);
    step_back_later();
    write_file("/proc/self/oom_score_adj", "1000");
    (void)signal(SIGALRM, SIG_DFL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)sigemptyset(&empty);
    (void)sigprocmask(SIG_SETMASK, &empty, NULL);
    /* What libraries print must not go to a file that was opened since. */
    while (open("/dev/null", O_RDWR) >= 0 && fcntl(2, F_GETFD) < 0) {
    }
    (void)fcntl(0, F_SETFL, fcntl(0, F_GETFL) & ~O_NONBLOCK);
}

/* ---- Bytes ---- */

static bool
get(void *out, size_t len)
{
    char *at = out;
    while (len > 0) {
        ssize_t n = read(0, at, len);
        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool
put(const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = write(0, at, len);
        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

/* The head of a question and the file that comes with it. */
static bool
get_head(evprof_wire_request_t *head, int *fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec piece = { .iov_base = head, .iov_len = sizeof(*head) };
    struct msghdr message = { .msg_iov = &piece,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof(control.bytes) };
    ssize_t n = recvmsg(0, &message, MSG_WAITALL | MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = n <= 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (n != (ssize_t)sizeof(*head) || c == NULL ||
        c->cmsg_type != SCM_RIGHTS) {
        return false;
    }
    memcpy(fd, CMSG_DATA(c), sizeof(*fd));
    return head->magic == EVPROF_WIRE_MAGIC &&
           head->version == EVPROF_WIRE_VERSION &&
           head->path_len <= EVPROF_WIRE_MAX_PATH &&
           head->count <= EVPROF_WIRE_MAX_COUNT;
}

/* ---- An answer ---- */

static char *
demangle(const char *name)
{
    static const evprof_readable_how_t how = { .form = EVPROF_READABLE_PLAIN };
    evprof_buf_t out = { 0 };
    evprof_readable_name(&out, name, &how);
    if (out.failed || out.len == 0) {
        evprof_buf_free(&out);
    }
    return out.data;
}

static int
resolve(evprof_kept_sources_t *kept, int fd, const char *path,
        const uint64_t *vaddrs, size_t count, evprof_symbol_file_t *file)
{
    evprof_query_t *queries = calloc(count + 1, sizeof(*queries));
    int status = queries == NULL ? EVPROF_ENOMEM : EVPROF_OK;
    for (size_t i = 0; i < count && status == EVPROF_OK; i++) {
        queries[i].vaddr = vaddrs[i];
        /* They are searched by halves. */
        if (i > 0 && vaddrs[i] <= vaddrs[i - 1]) {
            status = EVPROF_EINVAL;
        }
    }
    if (status == EVPROF_OK) {
        status =
            evprof_kept_sources_answer(kept, fd, path, queries, count, file);
    } else {
        close(fd);
    }
    free(queries);
    return status;
}

static bool
answer(evprof_kept_sources_t *kept, int fd, const char *path,
       const uint64_t *vaddrs, size_t count)
{
    evprof_symbol_cache_t cache = { .demangle = demangle };
    evprof_buf_t bytes = { 0 };
    evprof_symbol_file_t *file = evprof_symbol_cache_file(&cache, path);
    int status = file == NULL ? EVPROF_ENOMEM
                              : resolve(kept, fd, path, vaddrs, count, file);
    if (status == EVPROF_OK) {
        evprof_symbol_encode(file, vaddrs, count, &bytes);
        status = bytes.failed ? EVPROF_ENOMEM : EVPROF_OK;
    }
    const evprof_wire_reply_t reply = {
        .magic = EVPROF_WIRE_MAGIC,
        .status = status,
        .len = status == EVPROF_OK ? bytes.len : 0,
    };
    bool is_sent = put(&reply, sizeof(reply)) && put(bytes.data, reply.len);
    evprof_buf_free(&bytes);
    evprof_symbol_cache_free(&cache);
    return is_sent;
}

static bool
serve_one(evprof_kept_sources_t *kept)
{
    evprof_wire_request_t head;
    int fd = -1;
    if (!get_head(&head, &fd)) {
        return false;
    }
    char *path = calloc(head.path_len + 1, 1);
    uint64_t *vaddrs = calloc((size_t)head.count + 1, sizeof(*vaddrs));
    bool is_done = path != NULL && vaddrs != NULL && get(path, head.path_len) &&
                   get(vaddrs, head.count * sizeof(*vaddrs));
    if (is_done) {
        (void)alarm(MAX_SECONDS);
        is_done = answer(kept, fd, path, vaddrs, head.count);
        (void)alarm(0);
    } else {
        close(fd);
    }
    free(path);
    free(vaddrs);
    return is_done;
}

/* False: none comes any more. The signal by which the helper steps back ends no
 * wait, and begins it anew at most once. */
static bool
await_question(void)
{
    struct pollfd question = { .fd = 0, .events = POLLIN };
    int count;
    do {
        count = poll(&question, 1, MAX_IDLE_MS);
    } while (count < 0 && errno == EINTR);
    return count > 0;
}

int
main(void)
{
    evprof_kept_sources_t kept = { .max_bytes = MAX_KEPT };
    limit_myself();
    while (await_question() && serve_one(&kept)) {
    }
    evprof_kept_sources_close(&kept);
    return EXIT_SUCCESS;
}
