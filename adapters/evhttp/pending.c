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
link_pending(pending_t *p)
{
    evprof_lists_enter();
    p->next = pending_list;
    if (p->next != NULL) {
        p->next->previous = p;
    }
    pending_list = p;
    evprof_lists_leave();
}

static void
unlink_pending(pending_t *p)
{
    evprof_lists_enter();
    if (p->previous != NULL) {
        p->previous->next = p->next;
    } else {
        pending_list = p->next;
    }
    if (p->next != NULL) {
        p->next->previous = p->previous;
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
    for (const pending_t *p = pending_list; p != NULL; p = p->next) {
        count += p->pid == pid && p->resume != NULL &&
                 p->is_slow == plan->is_slow && p->peer == plan->peer &&
                 (p->credential == plan->credential) == is_same;
    }
    evprof_lists_leave();
    return count;
}

bool
evprof_pending_has(const struct bufferevent *bev)
{
    evprof_lists_enter();
    const pending_t *p = pending_list;
    while (p != NULL && p->bev != bev) {
        p = p->next;
    }
    evprof_lists_leave();
    return p != NULL;
}

unsigned
evprof_pending_count(void)
{
    pid_t pid = getpid();
    unsigned count = 0;
    evprof_lists_enter();
    for (const pending_t *p = pending_list; p != NULL; p = p->next) {
        count += p->pid == pid;
    }
    evprof_lists_leave();
    return count;
}

/* ---- Answering ---- */

/* Frees everything but the request, which libevent owns again. */
static void
release_pending(pending_t *p)
{
    if (p->event != NULL) {
        event_free(p->event);
    }
    if (p->epoll_fd >= 0) {
        close(p->epoll_fd);
    }
    if (p->wake_fd >= 0) {
        close(p->wake_fd);
    }
    bufferevent_decref(p->bev);
    evprof_job_free(p->job);
    free(p->filename);
    if (p->resume != NULL) {
        p->resume(NULL, EVPROF_ECANCELED, p->resume_ctx);
    }
    free(p);
}

static bool
has_connection(const pending_t *p)
{
    void *connection = NULL;
    bufferevent_getcb(p->bev, NULL, NULL, NULL, &connection);
    return connection != NULL && evhttp_request_get_connection(p->req) != NULL;
}

/* Gives the request back to libevent, which frees it after the reply, even when
 * the connection breaks; there is no public call for this. */
static void
disown(struct evhttp_request *req)
{
    req->flags &= ~EVHTTP_USER_OWNED;
}

static void
answer(pending_t *p)
{
    evprof_result_t *result = evprof_job_result(p->job);
    bool is_shut =
        result->status == EVPROF_ECANCELED || result->status == EVPROF_ENOMEM;
    disown(p->req);
    if (p->is_misplaced) {
        evprof_reply_error(p->req, 500, NULL,
                           "the request was handled on a thread that does not "
                           "run its event loop");
        return;
    }
    if (p->resume != NULL) {
        struct evhttp_request *open = is_shut ? NULL : p->req;
        p->resume(open, result->status, p->resume_ctx);
        p->resume = NULL;
        if (!is_shut) {
            return;
        }
    }
    if (result->status != EVPROF_OK) {
        evprof_reply_status(p->req, p->error_prefix, &result->err,
                            result->retry_s);
        return;
    }
    if (result->is_text && p->reply.filename != NULL) {
        p->reply.type = EVPROF_TYPE_TEXT;
        p->reply.filename = NULL;
    }
    evprof_reply_send(p->req, &p->reply, &result->body);
}

static void
finish(pending_t *p)
{
    unlink_pending(p);
    event_del(p->event);
    if (!has_connection(p)) {
        evhttp_request_free(p->req);
    } else if (p->is_gone) {
        /* The client is gone, and writing a reply could raise SIGPIPE. */
        evhttp_connection_free(evhttp_request_get_connection(p->req));
        evhttp_request_free(p->req);
    } else {
        answer(p);
    }
    release_pending(p);
}

/* Refuses a request that another thread than that of its loop has handled,
 * as in servers that hand requests to workers: no call of libevent would be
 * safe. */
static void
check_thread(pending_t *p)
{
    if (!p->is_misplaced && p->tid != gettid()) {
        p->is_misplaced = true;
        evprof_job_cancel(p->job);
        evprof_log(p->prof, EVPROF_LOG_ERROR,
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
    pending_t *p = arg;
    (void)what;
    if (p->pid != getpid()) {
        event_del(p->event);
        return;
    }
    struct epoll_event events[2];
    int count = epoll_wait(epoll_fd, events, 2, 0);
    bool is_done = false;
    uint64_t wakes = 0;
    check_thread(p);
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == p->wake_fd) {
            /* The read orders what the worker wrote before its write. */
            is_done =
                read(p->wake_fd, &wakes, sizeof(wakes)) > 0 && wakes >= DONE;
        } else if (may_still_read(events[i].events)) {
            p->is_shut = true;
        } else {
            p->is_gone = true;
        }
    }
    if (is_done) {
        finish(p);
    } else if (p->is_gone) {
        evprof_job_cancel(p->job);
    } else if (p->is_shut) {
        evprof_job_finish(p->job);
    }
}

/* ---- Starting ---- */

/* Runs on the worker. The request may be freed as soon as the loop sees the
 * write. */
static void
wake_loop(void *ctx, evprof_job_t *job)
{
    (void)job;
    const pending_t *p = ctx;
    const uint64_t done = DONE;
    int fd = p->wake_fd;
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
    const pending_t *p = ctx;
    struct epoll_event event = { .events = EPOLLRDHUP | EPOLLET,
                                 .data.fd = p->client };
    struct pollfd client = { .fd = p->client, .events = POLLRDHUP };
    if (p->client < 0) {
        return true;
    }
    return epoll_ctl(p->epoll_fd, EPOLL_CTL_MOD, p->client, &event) == 0 &&
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
open_descriptors(pending_t *p, struct event_base *base)
{
    p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    p->wake_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    if (p->epoll_fd < 0 || p->wake_fd < 0 ||
        watch(p->epoll_fd, p->wake_fd, EPOLLIN) != 0) {
        return -1;
    }
    /* Without a descriptor (a filtering bufferevent may hide it) a client that
     * leaves is noticed only when the reply is written. */
    p->client = bufferevent_getfd(p->bev);
    if (p->client >= 0 &&
        watch(p->epoll_fd, p->client, EPOLLRDHUP | EPOLLET) != 0) {
        p->client = -1;
    }
    if (evprof_stale_leave(base, &p->epoll_fd) != 0) {
        return -1;
    }
    p->event = event_new(base, p->epoll_fd, EV_READ | EV_PERSIST, on_event, p);
    if (p->event == NULL) {
        return -1;
    }
    /* Internal: a loop with only internal events left ends. */
    p->event->ev_evcallback.evcb_flags |= EVLIST_INTERNAL;
    return event_add(p->event, NULL);
}

static int
copy_filename(pending_t *p)
{
    if (p->reply.filename == NULL) {
        return 0;
    }
    p->filename = strdup(p->reply.filename);
    p->reply.filename = p->filename;
    return p->filename != NULL ? 0 : -1;
}

static pending_t *
new_pending(struct evhttp_request *req, const evprof_plan_t *plan)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(req);
    pending_t *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        if (plan->resume != NULL) {
            plan->resume(NULL, EVPROF_ENOMEM, plan->resume_ctx);
        }
        return NULL;
    }
    p->prof = plan->prof;
    p->http = plan->http;
    p->req = req;
    p->resume = plan->resume;
    p->resume_ctx = plan->resume_ctx;
    p->error_prefix = plan->error_prefix;
    p->is_slow = plan->is_slow;
    p->peer = plan->peer;
    p->credential = plan->credential;
    p->reply = plan->reply;
    p->pid = getpid();
    p->tid = gettid();
    p->client = -1;
    p->epoll_fd = -1;
    p->wake_fd = -1;
    p->bev = evhttp_connection_get_bufferevent(connection);
    bufferevent_incref(p->bev);
    if (copy_filename(p) != 0 ||
        open_descriptors(p, evhttp_connection_get_base(connection)) != 0) {
        release_pending(p);
        return NULL;
    }
    return p;
}

static int
start_job(pending_t *p, const evprof_plan_t *plan, evprof_error_t *err)
{
    if (plan->is_slow) {
        return evprof_job_hash(plan->prof, plan->call, &plan->ask, wake_loop, p,
                               &p->job, err);
    }
    if (plan->is_gathered) {
        return evprof_job_gather(plan->prof, plan->call, &plan->ask, wake_loop,
                                 p, &p->job, err);
    }
    if (plan->profile == NULL) {
        return evprof_job_call(plan->prof, plan->call, &plan->ask, wake_loop, p,
                               &p->job, err);
    }
    return evprof_job_start(plan->prof, plan->profile, &plan->ask, wake_loop,
                            is_wanted, p, &p->job, err);
}

void
evprof_pending_start(struct evhttp_request *req, const evprof_plan_t *plan)
{
    pending_t *p = new_pending(req, plan);
    if (p == NULL) {
        evprof_reply_error(req, 500, plan->error_prefix,
                           "out of memory or of descriptors");
        return;
    }
    evprof_error_t err;
    int status = start_job(p, plan, &err);
    if (status != EVPROF_OK) {
        long retry_s = status == EVPROF_EBUSY && plan->profile != NULL
                           ? evprof_job_retry_s(plan->prof, plan->profile)
                           : 0;
        release_pending(p);
        evprof_reply_status(req, plan->error_prefix, &err, retry_s);
        return;
    }
    /* The reply is sent after this function has returned to the loop. */
    evhttp_request_own(req);
    link_pending(p);
}

void
evprof_pending_cancel(const struct evhttp *http)
{
    pid_t pid = getpid();
    evprof_lists_enter();
    for (pending_t *p = pending_list; p != NULL; p = p->next) {
        if (p->http == http && p->pid == pid) {
            evprof_job_cancel(p->job);
        }
    }
    evprof_lists_leave();
}
