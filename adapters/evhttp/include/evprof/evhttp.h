/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_H
#define EVPROF_EVHTTP_H

/*
 * The handlers of /debug/pprof/ on an application's own evhttp router, as Go's
 * net/http/pprof has them. There are four ways in: evprof_evhttp_mount() binds
 * all paths on an evhttp; evprof_evhttp_handle() takes requests in a generic
 * callback; evprof_mount() binds all paths on a router of the application's
 * own; and a router that takes prefixes or patterns binds one route, as
 * "/debug/pprof/" followed by "*", to evprof_evhttp_index().
 *
 * `prof` may be NULL everywhere: the process's profiler, see evprof_default().
 * Routes run before an application's generic callback, and so before a check of
 * passwords that stands there: behind such a check evprof_evhttp_handle()
 * serves.
 *
 * Every function here runs on the thread of the event loop that owns the
 * evhttp, or before that loop runs; nothing blocks it, and a request that
 * another thread handles is refused (500). None is async-signal-safe. Requests
 * are answered in the loop that they came from, so several event bases may
 * serve at once, without evthread_use_pthreads().
 */

#include <stdbool.h>
#include <stdint.h>

#include <evprof/evprof.h>

#ifdef __cplusplus
extern "C" {
#endif

struct evhttp;
struct evhttp_request;
struct evbuffer;

/* ---- A private port ---- */

/*
 * Serves the handlers on a port and a thread of their own: "127.0.0.1:6060",
 * "[::1]:6060" or "unix:/path". NULL takes every `listen` of the configuration;
 * `address` is copied.
 * EVPROF_EIO: the address cannot be bound; EVPROF_EINVAL: it cannot be read;
 * EVPROF_ENOENT: the configuration has no `listen`; EVPROF_ESTATE: the profiler
 * is shut down; EVPROF_ENOMEM. Without `err` a failure is written to stderr.
 */
EVPROF_API int evprof_listen(evprof_t *prof, const char *address,
                             evprof_error_t *err);

/* ---- Mounting ---- */

/*
 * Binds every path below the configured prefix with evhttp_set_cb(), and leaves
 * the generic callback alone; `http` stays the application's. EVPROF_EBUSY: a
 * path is taken already (nothing stays bound); EVPROF_EINVAL: no evhttp;
 * EVPROF_ESTATE: the profiler is shut down; EVPROF_ENOMEM. Without `err` a
 * failure is written to stderr. May be called for any number of
 * evhttps, and again for one that the application has made anew.
 */
EVPROF_API int evprof_evhttp_mount(evprof_t *prof, struct evhttp *http,
                                   evprof_error_t *err);

/*
 * Unbinds the paths; pending requests are cancelled and answered 503 by their
 * loop. `http` stays the application's. EVPROF_ENOENT: it was not mounted;
 * EVPROF_EINVAL: no evhttp, or no profiler can be made.
 */
EVPROF_API int evprof_evhttp_unmount(evprof_t *prof, struct evhttp *http);

/*
 * For a server's own generic callback or router. True: the request's path is
 * below the prefix, and the library owns and answers `req`; false: `req` stays
 * the caller's.
 */
EVPROF_API bool evprof_evhttp_handle(evprof_t *prof,
                                     struct evhttp_request *req);

/* Any router that can bind a path to a callback; see evprof_mount(). */
typedef struct evprof_mux {
    /* Binds `path`, which it copies; 0, or a negative status to refuse. */
    int (*handle)(void *ctx, const char *path,
                  void (*callback)(struct evhttp_request *, void *), void *arg);
    void *ctx; /* passed to `handle`; the application's */
} evprof_mux_t;

/*
 * Binds every path through a router of the application's own, the longest paths
 * first, for routers whose first match wins. `mux` is copied.
 * EVPROF_EINVAL: no mux; EVPROF_ESTATE: the profiler is shut down;
 * EVPROF_ENOMEM; the first status that `handle` refuses with: paths bound
 * before it stay bound, as a mux has no way to take one away. Without `err` a
 * failure is written to stderr.
 */
EVPROF_API int evprof_mount(evprof_t *prof, const evprof_mux_t *mux,
                            evprof_error_t *err);

/* ---- The plain callbacks, for paths of one's own ---- */

/*
 * The first serves the index and every profile whose name follows the prefix;
 * each of the others serves the profile of its name, whatever the path. `prof`
 * is an evprof_t, which the library owns, or NULL. All own `req` from here on
 * and answer it now or later; refusals are answers too (403, 404, 500). On the
 * thread of the request's loop.
 */
EVPROF_API void evprof_evhttp_index(struct evhttp_request *req, void *prof);
EVPROF_API void evprof_evhttp_cmdline(struct evhttp_request *req, void *prof);
EVPROF_API void evprof_evhttp_profile(struct evhttp_request *req, void *prof);
EVPROF_API void evprof_evhttp_symbol(struct evhttp_request *req, void *prof);
EVPROF_API void evprof_evhttp_trace(struct evhttp_request *req, void *prof);

/*
 * The task of a request in the execution trace (<evprof/trace.h>), for regions
 * and log lines of the application's own; 0 while no trace is recorded. Tasks
 * begin and end by themselves where libevprof_evhttp comes before libevent in
 * the order of the link; elsewhere this call begins the task, and sending the
 * answer does not end it: evprof_task_end() does. `req` is only read. On the
 * thread that has the request.
 */
EVPROF_API uint64_t evprof_evhttp_request(evprof_t *prof,
                                          struct evhttp_request *req);

/* What to bind a path to: a `callback` and its argument, `arg`. The caller owns
 * the structure; what `arg` points to is static and never freed. */
typedef struct evprof_route {
    void (*callback)(struct evhttp_request *, void *);
    void *arg;
} evprof_route_t;

/*
 * Writes to `out` the route that serves the profile `name`, which is copied, at
 * any path. A name that does not exist yet is looked up when asked for.
 * EVPROF_EINVAL: no name, an empty one, no `out`; EVPROF_ENOMEM.
 */
EVPROF_API int evprof_evhttp_handler(evprof_t *prof, const char *name,
                                     evprof_route_t *out);

/* ---- Access and output ---- */

/*
 * Returns 0 to let a request pass, anything else to answer 403. Called on the
 * loop when all rules of the configuration have let the request pass, so it can
 * only veto. The library owns the request: read it, and neither answer nor keep
 * it.
 */
typedef int (*evprof_authorize_fn)(struct evhttp_request *req, void *ctx);

/* Sets the veto of the process; `fn` NULL removes it. `ctx` is passed to `fn`
 * and stays the application's. To be called before requests are served. */
EVPROF_API void evprof_evhttp_set_authorize(evprof_t *prof,
                                            evprof_authorize_fn fn, void *ctx);

/* A writer that appends to `out`, which stays the caller's; it returns
 * EVPROF_OK or EVPROF_ENOMEM. On the thread that uses `out`. */
EVPROF_API evprof_writer_t evprof_writer_evbuffer(struct evbuffer *out);

#ifdef __cplusplus
}
#endif

#endif
