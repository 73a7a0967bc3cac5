/* SPDX-License-Identifier: Apache-2.0 */
#include "core/runtime/gather.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/error.h"
#include "core/runtime/open_beside.h"
#include "core/runtime/runtime.h"
#include "core/runtime/service.h"
#include "core/runtime/settings.h"

#define LIBRARY "libevprof_gather.so"

static struct {
    const evprof_gather_t *library;
    _Atomic(void *) gatherer; /* NULL: none */
    evprof_gather_host_t host;
} gather;

static int
take(const evprof_gather_host_t *host, const evprof_gather_ask_t *ask,
     evprof_buf_t *out, evprof_error_t *err)
{
    evprof_job_t *job = NULL;
    const evprof_ask_t own = { .seconds = ask->seconds,
                               .rate = ask->rate,
                               .gc = ask->gc };
    evprof_writer_t writer = evprof_writer_buf(out);
    int status = evprof_job_start(host->prof, ask->profile, &own, NULL, NULL,
                                  NULL, &job, err);
    return status == EVPROF_OK ? evprof_profile_deliver(job, &writer, err)
                               : status;
}

static void
say_alone(const evprof_gather_host_t *host, const char *why)
{
    evprof_log(host->prof, EVPROF_LOG_WARN,
               "gather: this process answers for itself: %s", why);
}

static int
start_thread(pthread_t *out, void *(*run)(void *arg), void *arg,
             evprof_error_t *err)
{
    return evprof_service_start(EVPROF_OWN_GATHER, out, run, arg, err);
}

static int
open_library(evprof_error_t *err)
{
    void *library = evprof_open_beside(LIBRARY);
    void *symbol =
        library != NULL ? dlsym(library, EVPROF_GATHER_SYMBOL) : NULL;
    evprof_gather_fn get;
    if (symbol == NULL) {
        const char *why = dlerror();
        return evprof_fail(err, EVPROF_ENOTSUP,
                           "gather: " LIBRARY " cannot be opened: %s",
                           why != NULL ? why : "it is not installed");
    }
    memcpy(&get, &symbol, sizeof(get));
    gather.library = get();
    return EVPROF_OK;
}

/* No job is left, so nothing collects any more. */
static void
stop(void *unused)
{
    (void)unused;
    void *gatherer = atomic_exchange(&gather.gatherer, NULL);
    if (gatherer != NULL) {
        gather.library->stop(gatherer);
    }
}

static void
fork_child(void)
{
    void *gatherer = atomic_load(&gather.gatherer);
    evprof_error_t err;
    if (gatherer != NULL &&
        gather.library->fork_child(gatherer, &err) != EVPROF_OK) {
        say_alone(&gather.host, err.message);
    }
}

int
evprof_gather_start(evprof_t *prof, evprof_error_t *err)
{
    evprof_config_t *config = evprof_settings_hold(prof);
    bool is_wanted = evprof_settings_pprof(config)->gather != 0;
    evprof_settings_release(config);
    int status =
        is_wanted && gather.library == NULL ? open_library(err) : EVPROF_OK;
    if (!is_wanted || status != EVPROF_OK) {
        return status;
    }
    gather.host = (evprof_gather_host_t){ .prof = prof,
                                          .take = take,
                                          .log = say_alone,
                                          .start_thread = start_thread };
    status = evprof_service_in_child(fork_child, err);
    if (status == EVPROF_OK) {
        status = evprof_service_at_free(prof, stop, NULL, err);
    }
    if (status == EVPROF_OK) {
        void *gatherer = gather.library->start(&gather.host, err);
        atomic_store(&gather.gatherer, gatherer);
        if (gatherer == NULL) {
            say_alone(&gather.host, err->message);
            *err = (evprof_error_t){ .status = EVPROF_OK };
        }
    }
    return status;
}

bool
evprof_gather_is_on(void)
{
    return atomic_load(&gather.gatherer) != NULL;
}

int
evprof_gather_call(evprof_t *prof, const evprof_ask_t *ask,
                   evprof_result_t *result)
{
    const evprof_gather_ask_t own = { .profile = ask->query,
                                      .seconds = ask->seconds,
                                      .rate = ask->rate,
                                      .gc = ask->gc };
    void *gatherer = atomic_load(&gather.gatherer);
    (void)prof;
    return gatherer != NULL ? gather.library->collect(
                                  gatherer, &own, &result->body, &result->err)
                            : evprof_fail(&result->err, EVPROF_ESTATE,
                                          "the profiler is shut down");
}
