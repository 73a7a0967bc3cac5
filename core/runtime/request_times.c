/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callbacks that run have places that the watching thread looks at, so that a
 * loop which hangs in one is noticed while it does; answers leave only the
 * slowest of them.
 */
#include "core/runtime/request_times.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/lock.h"
#include "core/base/self.h"
#include "core/base/visible.h"

_Atomic int64_t evprof_requests_slow_ns;

enum { PLACES = 64 };

typedef struct place {
    _Atomic int64_t begin_ns; /* 0: free; set last */
    _Atomic(const char *) route;
    _Atomic pid_t thread;
    _Atomic bool is_taken;
} place_t;

static place_t places[PLACES];
static _Atomic bool are_seen;

static struct {
    evprof_lock_t lock;
    evprof_slow_request_t request;
} slowest;

int
evprof_requests_enter(const char *route, int64_t now_ns)
{
    atomic_store_explicit(&are_seen, true, memory_order_relaxed);
    for (int i = 0; i < PLACES; i++) {
        if (!atomic_load_explicit(&places[i].is_taken, memory_order_relaxed) &&
            !atomic_exchange(&places[i].is_taken, true)) {
            atomic_store(&places[i].route, route);
            atomic_store(&places[i].thread, (pid_t)syscall(SYS_gettid));
            atomic_store(&places[i].begin_ns, now_ns);
            return i;
        }
    }
    return -1;
}

void
evprof_requests_leave(int place)
{
    if (place >= 0) {
        atomic_store(&places[place].begin_ns, 0);
        atomic_store(&places[place].is_taken, false);
    }
}

void
evprof_requests_note(const char *method, const char *path, int64_t ns)
{
    if (ns <=
        atomic_load_explicit(&evprof_requests_slow_ns, memory_order_relaxed)) {
        return;
    }
    /* The client chose the path, and a terminal may show the name. */
    evprof_buf_t shown = { 0 };
    evprof_visible_add(&shown, path,
                       strnlen(path, sizeof(slowest.request.name)), "");
    evprof_lock_enter(&slowest.lock);
    if (ns > slowest.request.ns) {
        slowest.request.ns = ns;
        (void)snprintf(slowest.request.name, sizeof(slowest.request.name),
                       "%s %s", method, shown.len > 0 ? shown.data : "");
    }
    evprof_lock_leave(&slowest.lock);
    evprof_buf_free(&shown);
}

/* A callback that runs longer than what is in `out`. A thread that ended inside
 * one, by pthread_exit(), never left it. */
static void
look_at(int i, int64_t now_ns, evprof_slow_request_t *out)
{
    place_t *place = &places[i];
    int64_t begin_ns = atomic_load(&place->begin_ns);
    const char *route = atomic_load(&place->route);
    pid_t thread = atomic_load(&place->thread);
    if (begin_ns == 0 || now_ns - begin_ns <= out->ns) {
        return;
    }
    bool is_left = !evprof_self_has_thread(thread);
    if (begin_ns != atomic_load(&place->begin_ns)) {
        return;
    }
    if (is_left) {
        evprof_requests_leave(i);
        return;
    }
    out->ns = now_ns - begin_ns;
    out->is_running = true;
    (void)snprintf(out->name, sizeof(out->name), "%s",
                   route[0] != '\0' ? route : "a request");
}

bool
evprof_requests_slowest(int64_t now_ns, evprof_slow_request_t *out)
{
    evprof_lock_enter(&slowest.lock);
    *out = slowest.request;
    slowest.request = (evprof_slow_request_t){ .ns = 0 };
    evprof_lock_leave(&slowest.lock);
    for (int i = 0; i < PLACES; i++) {
        look_at(i, now_ns, out);
    }
    return atomic_load(&are_seen);
}

void
evprof_requests_fork_child(void)
{
    evprof_lock_reset(&slowest.lock);
    slowest.request.ns = 0;
    for (int i = 0; i < PLACES; i++) {
        evprof_requests_leave(i);
    }
}
