/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's half of pushing: it opens the library, lends it jobs, and ends
 * it with the profiler.
 */
#include "core/runtime/push.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/runtime/open_beside.h"
#include "core/runtime/runtime.h"
#include "core/runtime/service.h"
#include "core/runtime/settings.h"

#define LIBRARY "libevprof_push.so"

static struct {
    evprof_lock_t lock; /* between senders and the end */
    const evprof_push_t *library;
    void *pusher; /* NULL: none */
    evprof_config_t *config;
    evprof_push_host_t host;
    _Atomic uint32_t is_finishing; /* a thread waits for the last windows */
} push;

static int
deliver(evprof_job_t *job, evprof_buf_t *out, evprof_error_t *err)
{
    evprof_writer_t writer = evprof_writer_buf(out);
    return evprof_profile_deliver(job, &writer, err);
}

static int
take(const evprof_push_host_t *host, const char *profile, evprof_buf_t *out,
     evprof_error_t *err)
{
    evprof_job_t *job = NULL;
    const evprof_ask_t ask = { .seconds = 0 };
    int status = evprof_job_start(host->prof, profile, &ask, NULL, NULL, NULL,
                                  &job, err);
    return status == EVPROF_OK ? deliver(job, out, err) : status;
}

static int
open_window(const evprof_push_host_t *host, const char *profile, void **window,
            evprof_error_t *err)
{
    evprof_job_t *job = NULL;
    int status = evprof_job_open(host->prof, profile, &job, err);
    *window = job;
    return status;
}

static int
close_window(const evprof_push_host_t *host, void *window, evprof_buf_t *out,
             evprof_error_t *err)
{
    (void)host;
    evprof_job_finish(window);
    return deliver(window, out, err);
}

static void
say(const evprof_push_host_t *host, enum evprof_log_level level,
    const char *line)
{
    evprof_log(host->prof, level, "push: %s", line);
}

static int
start_thread(pthread_t *out, void *(*run)(void *arg), void *arg,
             evprof_error_t *err)
{
    return evprof_service_start(EVPROF_OWN_PUSH, out, run, arg, err);
}

static int
open_library(evprof_error_t *err)
{
    void *library = evprof_open_beside(LIBRARY);
    void *symbol = library != NULL ? dlsym(library, EVPROF_PUSH_SYMBOL) : NULL;
    evprof_push_fn get;
    if (symbol == NULL) {
        const char *why = dlerror();
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "push: " LIBRARY " cannot be opened: %s",
                           why != NULL ? why : "it is not installed");
    }
    memcpy(&get, &symbol, sizeof(get));
    push.library = get();
    return EVPROF_OK;
}

void
evprof_push_finish(void)
{
    evprof_lock_enter(&push.lock);
    void *pusher = push.is_finishing != 0 ? NULL : push.pusher;
    if (pusher != NULL) {
        push.is_finishing = 1;
    }
    evprof_lock_leave(&push.lock);
    if (pusher == NULL) {
        return;
    }
    push.library->finish(pusher, push.host.conf->linger_ns);
    atomic_store(&push.is_finishing, 0);
    evprof_futex_wake(&push.is_finishing);
}

/* Registered after libcurl's own exit handler, so that ours runs before it. */
static void
finish_at_exit(void)
{
    static bool is_told;
    if (!is_told) {
        is_told = atexit(evprof_push_finish) == 0;
    }
}

static void
stop(void *unused)
{
    (void)unused;
    (void)evprof_futex_await(&push.is_finishing, 1, 0);
    evprof_lock_enter(&push.lock);
    void *pusher = push.pusher;
    push.pusher = NULL;
    evprof_lock_leave(&push.lock);
    if (pusher != NULL) {
        push.library->stop(pusher);
    }
    evprof_settings_release(push.config);
    push.config = NULL;
}

static void
fork_child(void)
{
    evprof_lock_reset(&push.lock);
    atomic_store(&push.is_finishing, 0);
    if (push.pusher != NULL) {
        push.library->fork_child(push.pusher);
    }
}

int
evprof_push_start(evprof_t *prof, evprof_error_t *err)
{
    evprof_config_t *config = evprof_settings_hold(prof);
    const evprof_push_conf_t *conf = evprof_config_push(config);
    int status = conf->url != NULL && push.library == NULL ? open_library(err)
                                                           : EVPROF_OK;
    if (conf->url == NULL || status != EVPROF_OK) {
        evprof_settings_release(config);
        return status;
    }
    push.config = config;
    push.host = (evprof_push_host_t){ .prof = prof,
                                      .conf = conf,
                                      .take = take,
                                      .open = open_window,
                                      .close = close_window,
                                      .log = say,
                                      .start_thread = start_thread };
    status = evprof_service_in_child(fork_child, err);
    if (status == EVPROF_OK) {
        status = evprof_service_at_free(prof, stop, NULL, err);
    }
    if (status != EVPROF_OK) {
        stop(NULL);
        return status;
    }
    push.pusher = push.library->start(&push.host, err);
    finish_at_exit();
    return push.pusher != NULL ? EVPROF_OK : err->status;
}

bool
evprof_push_send(const char *profile, const void *bytes, size_t len)
{
    evprof_lock_enter(&push.lock);
    bool is_sent =
        push.pusher != NULL &&
        push.library->send(push.pusher, profile, bytes, len) == EVPROF_OK;
    evprof_lock_leave(&push.lock);
    return is_sent;
}

int
evprof_push_status(const evprof_writer_t *out)
{
    evprof_lock_enter(&push.lock);
    int status = push.pusher != NULL ? push.library->status(push.pusher, out)
                                     : EVPROF_OK;
    evprof_lock_leave(&push.lock);
    return status;
}
