/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of the application's own evhttp as tasks of the execution trace, as
 * the label "route" of samples, and as durations for watch { }. libevent has no
 * hook for requests, so this file interposes the functions that bind a
 * callback, that send an answer, and that free a request: a callback is bound
 * through a record, and an answer ends the request's task. The interposed
 * functions are weak, so that a statically linked libevent keeps its own; there
 * evprof_evhttp_request() marks a request by hand.
 *
 * With no trace, labels or watch, a request costs one more call.
 */
#include "adapters/evhttp/requests.h"

#include <dlfcn.h>
#include <event2/http.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/trace.h>

#include "core/base/clock.h"
#include "core/base/hash.h"
#include "core/base/lock.h"
#include "core/base/look_up.h"
#include "core/runtime/label_requests.h"
#include "core/runtime/request_times.h"

#define WEAK __attribute__((weak))

/* ---- libevent's own functions ---- */

typedef void (*any_fn)(void);
typedef void callback_fn(struct evhttp_request *, void *);

typedef struct next {
    const char *name;
    _Atomic(any_fn) function; /* NULL: not looked up, or not there yet */
} next_t;

#define NEXT(function) static next_t next_##function = { .name = #function }

NEXT(evhttp_set_cb);
NEXT(evhttp_set_gencb);
NEXT(evhttp_send_reply);
NEXT(evhttp_send_error);
NEXT(evhttp_send_reply_start);
NEXT(evhttp_send_reply_end);
NEXT(evhttp_request_free);

static any_fn
look_up(next_t *next)
{
    any_fn function;
    void *found = evprof_look_up(RTLD_NEXT, next->name);
    memcpy(&function, &found, sizeof(function));
    atomic_store_explicit(&next->function, function, memory_order_relaxed);
    return function;
}

/* The next definition, libevent's; a program without libevent never calls
 * it. */
static any_fn
real(next_t *next)
{
    any_fn function =
        atomic_load_explicit(&next->function, memory_order_relaxed);
    return function != NULL ? function : look_up(next);
}

/* Looked up before any is called: a loop must not wait for a thread that is in
 * dlopen(). */
__attribute__((constructor(101))) static void
look_all_up(void)
{
    static next_t *const all[] = {
        &next_evhttp_set_cb,           &next_evhttp_set_gencb,
        &next_evhttp_send_reply,       &next_evhttp_send_error,
        &next_evhttp_send_reply_start, &next_evhttp_send_reply_end,
        &next_evhttp_request_free
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        (void)look_up(all[i]);
    }
}

/* ---- Requests without an answer ---- */

#define BUCKETS 256u

typedef struct open_request {
    const struct evhttp_request *req; /* an identity, never dereferenced */
    evprof_task_t task;               /* 0: there is no trace */
    int64_t begin_ns;                 /* 0: no duration is wanted */
    struct open_request *next;
} open_request_t;

static struct {
    evprof_lock_t lock;
    open_request_t *first;
} buckets[BUCKETS];

static _Atomic size_t open_requests;

static unsigned
bucket_of(const struct evhttp_request *req)
{
    return (unsigned)(evprof_hash_mix((uintptr_t)req) % BUCKETS);
}

/* Removes the request from the table and returns it; empty: it was not
 * there. */
static open_request_t
take(const struct evhttp_request *req)
{
    unsigned i = bucket_of(req);
    open_request_t taken = { .req = NULL };
    evprof_lock_enter(&buckets[i].lock);
    open_request_t **at = &buckets[i].first;
    while (*at != NULL && (*at)->req != req) {
        at = &(*at)->next;
    }
    open_request_t *found = *at;
    if (found != NULL) {
        *at = found->next;
        taken = *found;
        atomic_fetch_sub_explicit(&open_requests, 1, memory_order_relaxed);
    }
    evprof_lock_leave(&buckets[i].lock);
    free(found);
    return taken;
}

static evprof_task_t
find(const struct evhttp_request *req)
{
    unsigned i = bucket_of(req);
    evprof_lock_enter(&buckets[i].lock);
    const open_request_t *at = buckets[i].first;
    while (at != NULL && at->req != req) {
        at = at->next;
    }
    evprof_task_t task = at != NULL ? at->task : 0;
    evprof_lock_leave(&buckets[i].lock);
    return task;
}

void
evprof_requests_disown(const struct evhttp_request *req)
{
    unsigned i = bucket_of(req);
    evprof_lock_enter(&buckets[i].lock);
    open_request_t *at = buckets[i].first;
    while (at != NULL && at->req != req) {
        at = at->next;
    }
    evprof_task_t task = 0;
    if (at != NULL) {
        task = at->task;
        at->task = 0;
        at->begin_ns = 0;
    }
    evprof_lock_leave(&buckets[i].lock);
    evprof_task_end(task);
}

static void
add(const struct evhttp_request *req, evprof_task_t task, int64_t begin_ns)
{
    unsigned i = bucket_of(req);
    open_request_t *entry = malloc(sizeof(*entry));
    if (entry != NULL) {
        *entry =
            (open_request_t){ .req = req, .task = task, .begin_ns = begin_ns };
        evprof_lock_enter(&buckets[i].lock);
        entry->next = buckets[i].first;
        buckets[i].first = entry;
        atomic_fetch_add_explicit(&open_requests, 1, memory_order_relaxed);
        evprof_lock_leave(&buckets[i].lock);
    }
}

static const char *
method_of(const struct evhttp_request *req)
{
    switch (evhttp_request_get_command(req)) {
    case EVHTTP_REQ_GET:
        return "GET";
    case EVHTTP_REQ_POST:
        return "POST";
    case EVHTTP_REQ_HEAD:
        return "HEAD";
    case EVHTTP_REQ_PUT:
        return "PUT";
    case EVHTTP_REQ_DELETE:
        return "DELETE";
    case EVHTTP_REQ_OPTIONS:
        return "OPTIONS";
    case EVHTTP_REQ_PATCH:
        return "PATCH";
    default:
        return "REQUEST";
    }
}

static const char *
path_of(const struct evhttp_request *req)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
    const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
    return path != NULL ? path : "";
}

/* Enters a request at its first callback and returns its task. If its address
 * is still in the table, that was a request dropped without an answer. */
static evprof_task_t
open_request(const struct evhttp_request *req, int64_t begin_ns)
{
    char name[256];
    evprof_task_t task = 0;
    evprof_task_end(take(req).task);
    if (evprof_trace_is_enabled()) {
        snprintf(name, sizeof(name), "%s %s", method_of(req), path_of(req));
        task = evprof_task_new(0, name);
    }
    if (task != 0 || begin_ns != 0) {
        add(req, task, begin_ns);
    }
    return task;
}

static void
answer(const struct evhttp_request *req, int code)
{
    if (!evprof_trace_is_enabled()) {
        return;
    }
    char status[16];
    snprintf(status, sizeof(status), "%d", code);
    evprof_trace_log(find(req), "status", status);
}

/* Whether the table may contain a request. A relaxed load will do: the thread
 * that ends a request has also begun it. */
static bool
are_any_open(void)
{
    return atomic_load_explicit(&open_requests, memory_order_relaxed) != 0;
}

static void
finish(const struct evhttp_request *req)
{
    if (!are_any_open()) {
        return;
    }
    const open_request_t request = take(req);
    evprof_task_end(request.task);
    if (request.begin_ns != 0 && evprof_requests_are_timed()) {
        evprof_requests_note(method_of(req), path_of(req),
                             evprof_clock_ns(CLOCK_MONOTONIC) -
                                 request.begin_ns);
    }
}

/* ---- Callbacks ---- */

/* Bound in place of an application's callback. Equal pairs share a record, so
 * that binding the same callback again and again takes no more memory. */
typedef struct bound {
    callback_fn *callback;
    void *arg;
    struct bound *next;
    char path[]; /* "": the generic callback */
} bound_t;

static evprof_lock_t bound_lock;
static bound_t *all_bound;
static bool watches_forks; /* under the lock */

/* For the child of a fork: another thread of the parent may have held the
 * locks. */
static void
reset_locks(void)
{
    evprof_lock_reset(&bound_lock);
    for (unsigned i = 0; i < BUCKETS; i++) {
        evprof_lock_reset(&buckets[i].lock);
    }
}

static void
call_followed(struct evhttp_request *req, const bound_t *bound)
{
    const char *route = bound->path[0] != '\0' ? bound->path : path_of(req);
    int label =
        evprof_requests_are_labelled() ? evprof_label_push("route", route) : -1;
    int region = 0;
    int64_t now_ns =
        evprof_requests_are_timed() ? evprof_clock_ns(CLOCK_MONOTONIC) : 0;
    int place = now_ns != 0 ? evprof_requests_enter(bound->path, now_ns) : -1;
    evprof_task_t task = 0;
    if (evprof_trace_is_enabled() || now_ns != 0) {
        task = open_request(req, now_ns);
    }
    if (task != 0) {
        region = evprof_region_begin(task, route);
    }
    bound->callback(req, bound->arg);
    evprof_requests_leave(place);
    if (region != 0) {
        evprof_region_end(region);
    }
    if (label > 0) {
        evprof_label_restore(label);
    }
}

static void
call_bound(struct evhttp_request *req, void *arg)
{
    const bound_t *bound = arg;
    if (evprof_trace_is_enabled() || evprof_requests_are_labelled() ||
        evprof_requests_are_timed()) {
        call_followed(req, bound);
    } else {
        bound->callback(req, bound->arg);
    }
}

static bound_t *
bind_callback(callback_fn *callback, void *arg, const char *path)
{
    evprof_lock_enter(&bound_lock);
    if (!watches_forks) {
        watches_forks = pthread_atfork(NULL, NULL, reset_locks) == 0;
    }
    bound_t *bound = all_bound;
    while (bound != NULL && (bound->callback != callback || bound->arg != arg ||
                             strcmp(bound->path, path) != 0)) {
        bound = bound->next;
    }
    if (bound == NULL) {
        size_t size = strlen(path) + 1;
        bound = malloc(sizeof(*bound) + size);
        if (bound != NULL) {
            *bound = (bound_t){ .callback = callback,
                                .arg = arg,
                                .next = all_bound };
            memcpy(bound->path, path, size);
            all_bound = bound;
        }
    }
    evprof_lock_leave(&bound_lock);
    return bound;
}

typedef int set_cb_fn(struct evhttp *, const char *, callback_fn *, void *);
typedef void set_gencb_fn(struct evhttp *, callback_fn *, void *);

EVPROF_API WEAK int
evhttp_set_cb(struct evhttp *http, const char *path, callback_fn *callback,
              void *arg)
{
    set_cb_fn *call = (set_cb_fn *)real(&next_evhttp_set_cb);
    bound_t *bound =
        callback != NULL ? bind_callback(callback, arg, path) : NULL;
    return bound == NULL ? call(http, path, callback, arg)
                         : call(http, path, call_bound, bound);
}

EVPROF_API WEAK void
evhttp_set_gencb(struct evhttp *http, callback_fn *callback, void *arg)
{
    set_gencb_fn *call = (set_gencb_fn *)real(&next_evhttp_set_gencb);
    bound_t *bound = callback != NULL ? bind_callback(callback, arg, "") : NULL;
    if (bound == NULL) {
        call(http, callback, arg);
    } else {
        call(http, call_bound, bound);
    }
}

/* ---- Answers and ends ---- */

typedef void send_reply_fn(struct evhttp_request *, int, const char *,
                           struct evbuffer *);
typedef void send_start_fn(struct evhttp_request *, int, const char *);
typedef void end_fn(struct evhttp_request *);

/* Recorded before the call: a reply may free the request. */
EVPROF_API WEAK void
evhttp_send_reply(struct evhttp_request *req, int code, const char *reason,
                  struct evbuffer *body)
{
    send_reply_fn *call = (send_reply_fn *)real(&next_evhttp_send_reply);
    answer(req, code);
    finish(req);
    call(req, code, reason, body);
}

EVPROF_API WEAK void
evhttp_send_error(struct evhttp_request *req, int code, const char *reason)
{
    send_start_fn *call = (send_start_fn *)real(&next_evhttp_send_error);
    answer(req, code);
    finish(req);
    call(req, code, reason);
}

EVPROF_API WEAK void
evhttp_send_reply_start(struct evhttp_request *req, int code,
                        const char *reason)
{
    send_start_fn *call = (send_start_fn *)real(&next_evhttp_send_reply_start);
    answer(req, code);
    call(req, code, reason);
}

EVPROF_API WEAK void
evhttp_send_reply_end(struct evhttp_request *req)
{
    end_fn *call = (end_fn *)real(&next_evhttp_send_reply_end);
    finish(req);
    call(req);
}

/* Removes a request that is dropped without an answer. libevent answers
 * malformed ones itself, and the next request may get the same address. */
EVPROF_API WEAK void
evhttp_request_free(struct evhttp_request *req)
{
    end_fn *call = (end_fn *)real(&next_evhttp_request_free);
    if (are_any_open()) {
        evprof_task_end(take(req).task);
    }
    call(req);
}

evprof_task_t
evprof_evhttp_request(evprof_t *prof, struct evhttp_request *req)
{
    (void)prof;
    if (req == NULL || !evprof_trace_is_enabled()) {
        return 0;
    }
    evprof_task_t task = find(req);
    return task != 0 ? task : open_request(req, 0);
}
