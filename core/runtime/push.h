/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_PUSH_H
#define EVPROF_RUNTIME_PUSH_H

/*
 * The contract between the runtime and libevprof_push.so, which is opened when
 * push { } has a url, so that nobody else loads libcurl. The library calls back
 * through the host it is given and needs no symbol of ours; so it works for
 * programs that hold the runtime themselves as well.
 */

#include <pthread.h>

#include <evprof/evprof.h>

#include "core/base/buf.h"
#include "core/conf/conf.h"

typedef struct evprof_push_host {
    evprof_t *prof;
    const evprof_push_conf_t *conf; /* lives as long as what was started */

    /* Appends a profile of now to `out`; waits for it. */
    int (*take)(const struct evprof_push_host *host, const char *profile,
                evprof_buf_t *out, evprof_error_t *err);
    /* Opens a window that lasts until it is closed. */
    int (*open)(const struct evprof_push_host *host, const char *profile,
                void **window, evprof_error_t *err);
    /* Closes it and appends its profile to `out`; the window is gone, also on
     * failure. */
    int (*close)(const struct evprof_push_host *host, void *window,
                 evprof_buf_t *out, evprof_error_t *err);
    void (*log)(const struct evprof_push_host *host,
                enum evprof_log_level level, const char *line);
    int (*start_thread)(pthread_t *out, void *(*run)(void *arg), void *arg,
                        evprof_error_t *err);
} evprof_push_host_t;

typedef struct evprof_push {
    /* Starts the thread; `host` outlives it. NULL: `err` says why. */
    void *(*start)(const evprof_push_host_t *host, evprof_error_t *err);
    /* Takes the last windows, and sends or spools them; returns when that is
     * done, or after `limit_ns` and at most a second more. Once. */
    void (*finish)(void *pusher, int64_t limit_ns);
    /* Ends the thread and frees; what is not sent stays in the spool. */
    void (*stop)(void *pusher);
    /* "name: value" lines. Any thread. */
    int (*status)(void *pusher, const evprof_writer_t *out);
    /* Sends a profile that was taken elsewhere. Any thread. EVPROF_ENOMEM. */
    int (*send)(void *pusher, const char *profile, const void *bytes,
                size_t len);
    /* In the child of a fork: starts a thread of its own. */
    void (*fork_child)(void *pusher);
} evprof_push_t;

typedef const evprof_push_t *(*evprof_push_fn)(void);
#define EVPROF_PUSH_SYMBOL "evprof_push"

/* What the shared object exports. MT-Safe. */
EVPROF_API const evprof_push_t *evprof_push(void);

/* ---- For the runtime ---- */

/* Opens the library and starts it where the configuration has a url. EVPROF_OK
 * where it has none; EVPROF_ENOTSUP: it is not installed; what start says. */
int evprof_push_start(evprof_t *prof, evprof_error_t *err);

/* Takes and sends the last windows, within the time that `linger` allows; jobs
 * can still be started. Also called when the process ends by exit(). Any
 * thread. */
void evprof_push_finish(void);

/* Sends a profile on; false where nothing is pushed. Any thread. */
bool evprof_push_send(const char *profile, const void *bytes, size_t len);

/* Writes its lines of the status page; none where nothing is pushed. What the
 * writer returned. */
EVPROF_API int evprof_push_status(const evprof_writer_t *out);

#endif
