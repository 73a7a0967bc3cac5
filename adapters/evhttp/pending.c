/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each pending request has its own epoll descriptor, with two members: an
 * eventfd by which the worker says that it is done, and the client's socket,
 * watched only for its end (EPOLLRDHUP, edge-triggered). The epoll descriptor
 * is a plain read event of the request's base. So nothing of ours is in a base
 * without pending requests, and no lock of libevent's is needed. evhttp's
 * reading stays off: if it read while it waits for our reply, or if an
 * EV_CLOSED event were beside it, it would either spin after a reset or let a
 * pipelined request stop the server (libevent 2.1.12).
 *
 * A client that has shut down its sending side may still read, and one that has
 * closed looks the same until something is written to it. For both the window
 * ends early and they are answered, as Go's server does. But if SIGPIPE would
 * end this process, they count as gone, like clients that have reset.
 *
 * The connection may be freed meanwhile (evhttp_free). We own the request and
 * keep a reference to the bufferevent, whose callback argument tells: libevent
 * clears the callbacks of a bufferevent that it frees. No close callback is
 * set.
 *
 * A forked child ignores its copies of the parent's pending requests: their
 * sockets and descriptors are in use by the parent.
 */
#include "adapters/evhttp/pending.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "adapters/evhttp/list_lock.h"
#include "adapters/evhttp/stale_events.h"
#include "core/base/error.h"
#include "core/runtime/service.h"

typedef struct pending {
    evprof_t *prof;
    struct evhttp *http;
    struct evhttp_request *req;
    struct bufferevent *bev;
    struct event *event; /* of `epoll_fd` */
    int epoll_fd;
    int wake_fd;
    int client; /* the socket's descriptor; negative: unknown */
    pid_t pid;  /* the process that it belongs to */
    pid_t tid;  /* the thread that handled the request */
    bool is_gone;
    bool is_shut;      /* the client sends nothing more, but may still read */
    bool is_misplaced; /* `tid` is not the loop's thread */
    evprof_job_t *job;
    evprof_reply_t reply;
    char *filename; /* a copy: the profile may be freed before the reply */
    void (*resume)(struct evhttp_request *req, int status, void *ctx);
    void *resume_ctx;
    const char *error_prefix; /* of the module, or NULL */
    bool is_slow;
    uint64_t peer;
    uint64_t credential;
    struct pending *previous;
    struct pending *next;
} pending_t;

static pending_t *pending_list; /* under the lock of the lists */

static void
link_pending(pending_t *f)
{
    evprof_lists_enter();
    f->next = pending_list;
    if (f->next != NULL) {
        f->next->previous = f;
    }
    pending_list = f;
    evprof_lists_leave();
}

static void
unlink_pending(pending_t *f)
{
    evprof_lists_enter();
    if (f->previous != NULL) {
        f->previous->next = f->next;
    } else {
        pending_list = f->next;
    }
    if (f->next != NULL) {
        f->next->previous = f->previous;
    }
    evprof_lists_leave();
}

/* The eventfd's count is 1 at the start, for one look at the request, and DONE
 * or more when the worker has finished. */
#define DONE (UINT64_C(1) << 32)

unsigned
evprof_pending_checks(const evprof_plan_t *plan, bool is_same)
{
    pid_t pid = getpid();
    unsigned count = 0;
    evprof_lists_enter();
    for (const pending_t *f = pending_list; f != NULL; f = f->next) {
        count += f->pid == pid && f->resume != NULL &&
                 f->is_slow == plan->is_slow && f->peer == plan->peer &&
                 (f->credential == plan->credential) == is_same;
    }
    evprof_lists_leave();
    return count;
}

bool
evprof_pending_has(const struct bufferevent *bev)
{
    evprof_lists_enter();
    const pending_t *f = pending_list;
    while (f != NULL && f->bev != bev) {
        f = f->next;
    }
    evprof_lists_leave();
    return f != NULL;
}

unsigned
evprof_pending_count(void)
{
    pid_t pid = getpid();
    unsigned count = 0;
    evprof_lists_enter();
    for (const pending_t *f = pending_list; f != NULL; f = f->next) {
        count += f->pid == pid;
    }
    evprof_lists_leave();
    return count;
}

/* ---- Answering ---- */

/* Frees everything but the request, which libevent owns again. */
static void
release_pending(pending_t *f)
{
    if (f->event != NULL) {
        event_free(f->event);
    }
    if (f->epoll_fd >= 0) {
        close(f->epoll_fd);
    }
    if (f->wake_fd >= 0) {
        close(f->wake_fd);
    }
    bufferevent_decref(f->bev);
    evprof_job_free(f->job);
    free(f->filename);
    if (f->resume != NULL) {
        f->resume(NULL, EVPROF_ECANCELED, f->resume_ctx);
    }
    free(f);
}

static bool
has_connection(const pending_t *f)
{
    void *connection = NULL;
    bufferevent_getcb(f->bev, NULL, NULL, NULL, &connection);
    return connection != NULL && evhttp_request_get_connection(f->req) != NULL;
}

/* Gives the request back to libevent, which frees it after the reply, even when
 * the connection breaks; there is no public call for this. */
static void
disown(struct evhttp_request *req)
{
    req->flags &= ~EVHTTP_USER_OWNED;
}

static void
answer(pending_t *f)
{
    evprof_result_t *result = evprof_job_result(f->job);
    bool is_shut =
        result->status == EVPROF_ECANCELED || result->status == EVPROF_ENOMEM;
    disown(f->req);
    if (f->is_misplaced) {
        evprof_reply_error(f->req, 500, NULL,
                           "the request was handled on a thread that does not "
                           "run its event loop");
        return;
    }
    if (f->resume != NULL) {
        struct evhttp_request *open = is_shut ? NULL : f->req;
        f->resume(open, result->status, f->resume_ctx);
        f->resume = NULL;
        if (!is_shut) {
            return;
        }
    }
    if (result->status != EVPROF_OK) {
        evprof_reply_status(f->req, f->error_prefix, &result->err,
                            result->retry_s);
        return;
    }
    if (result->is_text && f->reply.filename != NULL) {
        f->reply.type = EVPROF_TYPE_TEXT;
        f->reply.filename = NULL;
    }
    evprof_reply_send(f->req, &f->reply, &result->body);
}

static void
finish(pending_t *f)
{
    unlink_pending(f);
    event_del(f->event);
    if (!has_connection(f)) {
        evhttp_request_free(f->req);
    } else if (f->is_gone) {
        /* The client is gone, and writing a reply could raise SIGPIPE. */
        evhttp_connection_free(evhttp_request_get_connection(f->req));
        evhttp_request_free(f->req);
    } else {
        answer(f);
    }
    release_pending(f);
}

/* Refuses a request that another thread than that of its loop has handled,
 * as in servers that hand requests to workers: no call of libevent would be
 * safe. */
static void
check_thread(pending_t *f)
{
    if (!f->is_misplaced && f->tid != gettid()) {
        f->is_misplaced = true;
        evprof_job_cancel(f->job);
        evprof_log(f->prof, EVPROF_LOG_ERROR,
                   "a request was handled on a thread that does not run its "
                   "event loop, and is refused");
    }
}

static bool
may_still_read(uint32_t events)
{
    struct sigaction pipe;
    return (events & (EPOLLHUP | EPOLLERR)) == 0 &&
           sigaction(SIGPIPE, NULL, &pipe) == 0 && pipe.sa_handler != SIG_DFL;
}

static void
on_event(evutil_socket_t epoll_fd, short what, void *arg)
{
    pending_t *f = arg;
    (void)what;
    if (f->pid != getpid()) {
        event_del(f->event);
        return;
    }
    struct epoll_event events[2];
    int count = epoll_wait(epoll_fd, events, 2, 0);
    bool is_done = false;
    uint64_t wakes = 0;
    check_thread(f);
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == f->wake_fd) {
            /* The read orders what the worker wrote before its write. */
            is_done =
                read(f->wake_fd, &wakes, sizeof(wakes)) > 0 && wakes >= DONE;
        } else if (may_still_read(events[i].events)) {
            f->is_shut = true;
        } else {
            f->is_gone = true;
        }
    }
    if (is_done) {
        finish(f);
    } else if (f->is_gone) {
        evprof_job_cancel(f->job);
    } else if (f->is_shut) {
        evprof_job_finish(f->job);
    }
}

/* ---- Starting ---- */

/* Runs on the worker. The request may be freed as soon as the loop sees the
 * write. */
static void
wake_loop(void *ctx, evprof_job_t *job)
{
    (void)job;
    const pending_t *f = ctx;
    const uint64_t done = DONE;
    int fd = f->wake_fd;
    while (write(fd, &done, sizeof(done)) < 0 && errno == EINTR) {
    }
}

/*
 * Runs on the worker: whether the client is still there. Closing the socket, as
 * evhttp_free() does, removes it from the epoll set even if the loop never runs
 * again. So EPOLL_CTL_MOD fails then, and cannot hit another file of that
 * number.
 */
static bool
is_wanted(void *ctx)
{
    const pending_t *f = ctx;
    struct epoll_event event = { .events = EPOLLRDHUP | EPOLLET,
                                 .data.fd = f->client };
    struct pollfd client = { .fd = f->client, .events = POLLRDHUP };
    if (f->client < 0) {
        return true;
    }
    return epoll_ctl(f->epoll_fd, EPOLL_CTL_MOD, f->client, &event) == 0 &&
           (poll(&client, 1, 0) <= 0 || client.revents == 0 ||
            ((client.revents & (POLLHUP | POLLERR)) == 0 &&
             may_still_read(EPOLLRDHUP)));
}

static int
watch(int epoll_fd, int fd, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.fd = fd };
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int
open_descriptors(pending_t *f, struct event_base *base)
{
    f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    f->wake_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    if (f->epoll_fd < 0 || f->wake_fd < 0 ||
        watch(f->epoll_fd, f->wake_fd, EPOLLIN) != 0) {
        return -1;
    }
    /* Without a descriptor (a filtering bufferevent may hide it) a client that
     * leaves is noticed only when the reply is written. */
    f->client = bufferevent_getfd(f->bev);
    if (f->client >= 0 &&
        watch(f->epoll_fd, f->client, EPOLLRDHUP | EPOLLET) != 0) {
        f->client = -1;
    }
    if (evprof_stale_leave(base, &f->epoll_fd) != 0) {
        return -1;
    }
    f->event = event_new(base, f->epoll_fd, EV_READ | EV_PERSIST, on_event, f);
    if (f->event == NULL) {
        return -1;
    }
    /* Internal: a loop with only internal events left ends. */
    f->event->ev_evcallback.evcb_flags |= EVLIST_INTERNAL;
    return event_add(f->event, NULL);
}

static int
copy_filename(pending_t *f)
{
    if (f->reply.filename == NULL) {
        return 0;
    }
    f->filename = strdup(f->reply.filename);
    f->reply.filename = f->filename;
    return f->filename != NULL ? 0 : -1;
}

static pending_t *
new_pending(struct evhttp_request *req, const evprof_plan_t *plan)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(req);
    pending_t *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        if (plan->resume != NULL) {
            plan->resume(NULL, EVPROF_ENOMEM, plan->resume_ctx);
        }
        return NULL;
    }
    f->prof = plan->prof;
    f->http = plan->http;
    f->req = req;
    f->resume = plan->resume;
    f->resume_ctx = plan->resume_ctx;
    f->error_prefix = plan->error_prefix;
    f->is_slow = plan->is_slow;
    f->peer = plan->peer;
    f->credential = plan->credential;
    f->reply = plan->reply;
    f->pid = getpid();
    f->tid = gettid();
    f->client = -1;
    f->epoll_fd = -1;
    f->wake_fd = -1;
    f->bev = evhttp_connection_get_bufferevent(connection);
    bufferevent_incref(f->bev);
    if (copy_filename(f) != 0 ||
        open_descriptors(f, evhttp_connection_get_base(connection)) != 0) {
        release_pending(f);
        return NULL;
    }
    return f;
}

static int
start_job(pending_t *f, const evprof_plan_t *plan, evprof_error_t *err)
{
    if (plan->is_slow) {
        return evprof_job_hash(plan->prof, plan->call, &plan->ask, wake_loop, f,
                               &f->job, err);
    }
    if (plan->is_gathered) {
        return evprof_job_gather(plan->prof, plan->call, &plan->ask, wake_loop,
                                 f, &f->job, err);
    }
    if (plan->profile == NULL) {
        return evprof_job_call(plan->prof, plan->call, &plan->ask, wake_loop, f,
                               &f->job, err);
    }
    return evprof_job_start(plan->prof, plan->profile, &plan->ask, wake_loop,
                            is_wanted, f, &f->job, err);
}

void
evprof_pending_start(struct evhttp_request *req, const evprof_plan_t *plan)
{
    pending_t *f = new_pending(req, plan);
    if (f == NULL) {
        evprof_reply_error(req, 500, plan->error_prefix,
                           "out of memory or of descriptors");
        return;
    }
    evprof_error_t err;
    int status = start_job(f, plan, &err);
    if (status != EVPROF_OK) {
        long retry_s = status == EVPROF_EBUSY && plan->profile != NULL
                           ? evprof_job_retry_s(plan->prof, plan->profile)
                           : 0;
        release_pending(f);
        evprof_reply_status(req, plan->error_prefix, &err, retry_s);
        return;
    }
    /* The reply is sent after this function has returned to the loop. */
    evhttp_request_own(req);
    link_pending(f);
}

void
evprof_pending_cancel(const struct evhttp *http)
{
    pid_t pid = getpid();
    evprof_lists_enter();
    for (pending_t *f = pending_list; f != NULL; f = f->next) {
        if (f->http == http && f->pid == pid) {
            evprof_job_cancel(f->job);
        }
    }
    evprof_lists_leave();
}
