/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one profiler of the process. It is a static object: signals, rates and
 * jemalloc belong to the process anyway, and a pointer that lingers in
 * somebody's router after evprof_free() then still points to something that can
 * say it is shut down.
 *
 * A fork may come at any time. Our locks are taken around it, so that the
 * child's copy of the lists is whole; the child forgets the parent's jobs and
 * worker and starts its own when it is first asked.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/access/access.h"
#include "core/base/error.h"
#include "core/runtime/again.h"
#include "core/runtime/catalog.h"
#include "core/runtime/flight_dumps.h"
#include "core/runtime/gather.h"
#include "core/runtime/label_requests.h"
#include "core/runtime/learn_objects.h"
#include "core/runtime/own_profiles.h"
#include "core/runtime/push.h"
#include "core/runtime/reap_helper.h"
#include "core/runtime/recording.h"
#include "core/runtime/reload_signal.h"
#include "core/runtime/runtime.h"
#include "core/runtime/service.h"
#include "core/runtime/settings.h"
#include "core/runtime/symbols.h"
#include "core/runtime/watch.h"
#include "core/runtime/worker.h"
#include "core/sample/labels.h"
#include "core/trace/recorder.h"
#include "core/unwind/unwind.h"

/* The helper ends when it has not been asked for 30 s. */
#define REAP_PAUSE_NS INT64_C(10000000000)

static evprof_t the_profiler;

/* Guards the two variables below and the change from one profiler to the
 * next. */
static evprof_lock_t life_lock;
static bool is_taken;
static const char *made_by; /* the call that made it; static */
/* Why the last evprof_new() with a file failed; status 0: it did not fail. A
 * caller that passes its NULL on must not get a profiler with default access
 * rules. */
static evprof_error_t last_failure;
static bool watches_forks;

static void
prepare_fork(void)
{
    evprof_lock_enter(&life_lock);
    evprof_lock_enter(&the_profiler.lock);
    evprof_worker_fork_prepare();
    evprof_trace_fork_prepare();
}

static void
after_fork_parent(void)
{
    evprof_trace_fork_parent();
    evprof_worker_fork_parent();
    evprof_lock_leave(&the_profiler.lock);
    evprof_lock_leave(&life_lock);
}

static void
after_fork_child(void)
{
    evprof_worker_fork_child();
    evprof_learning_fork_child();
    evprof_reaping_fork_child();
    evprof_trace_fork_child();
    evprof_flight_dumps_fork_child();
    evprof_registry_fork_child(&the_profiler);
    evprof_own_fork_child(&the_profiler);
    evprof_symbols_fork_child();
    evprof_reload_signal_fork_child();
    evprof_access_fork_child();
    the_profiler.jobs = NULL;
    atomic_store(&the_profiler.job_count, 0);
    atomic_store(&the_profiler.visitors, 0);
    evprof_lock_reset(&the_profiler.lock);
    evprof_lock_reset(&life_lock);
}

/* Keeps a copy of the prefix for ever, since it may be read when the profiler
 * is gone, as a route may. The life lock is held. */
static int
keep_prefix(evprof_t *prof, const char *prefix, evprof_error_t *err)
{
    static struct kept {
        struct kept *next;
        char text[];
    } * all;
    struct kept *kept = all;
    while (kept != NULL && strcmp(kept->text, prefix) != 0) {
        kept = kept->next;
    }
    if (kept == NULL) {
        size_t size = strlen(prefix) + 1;
        kept = malloc(sizeof(*kept) + size);
        if (kept == NULL) {
            return evprof_fail(err, EVPROF_ENOMEM, "profiler: out of memory");
        }
        memcpy(kept->text, prefix, size);
        kept->next = all;
        all = kept;
    }
    atomic_store(&prof->prefix, kept->text);
    return EVPROF_OK;
}

/* An event loop may still read the old configuration, to answer 503. */
static void
replace_config(evprof_t *prof, evprof_config_t *config)
{
    evprof_lock_enter(&prof->lock);
    evprof_config_t *old = prof->config;
    prof->config = config;
    evprof_lock_leave(&prof->lock);
    evprof_config_unref(old);
}

/* A job may have started the helper, whatever it was for. */
static void
after_job(evprof_profile_t *profile)
{
    evprof_reload_settle(profile);
    evprof_reaping_ask();
}

/* Under the life lock. */
static int
open_profiler(evprof_t *prof, const char *conf_file, evprof_error_t *err)
{
    if (!watches_forks &&
        pthread_atfork(prepare_fork, after_fork_parent, after_fork_child)) {
        return evprof_fail(err, EVPROF_ENOMEM, "profiler: out of memory");
    }
    watches_forks = true;
    evprof_config_t *config;
    int status =
        evprof_config_load(conf_file, &evprof_runtime_schema, &config, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = keep_prefix(prof, evprof_config_pprof(config)->prefix, err);
    if (status != EVPROF_OK) {
        evprof_config_unref(config);
        return status;
    }
    replace_config(prof, config);
    evprof_labels_switch(evprof_config_pprof(config)->labels);
    atomic_store(&evprof_requests_labelled,
                 evprof_config_pprof(config)->label_requests);
    status = evprof_registry_open(prof, err);
    if (status != EVPROF_OK) {
        return status;
    }
    prof->before_job = evprof_reload_signal_ensure;
    prof->after_job = after_job;
    status = evprof_reload_signal_start(
        prof, evprof_config_main(config)->reload_signal, err);
    if (status != EVPROF_OK) {
        evprof_registry_close(prof);
    }
    return status;
}

/* Warns of the library that makes C++ exceptions slow: the server's owner would
 * not know why. */
static void
warn_of_exceptions(evprof_t *prof)
{
    evprof_error_t err;
    if (evprof_unwind_check_exceptions(&err) != EVPROF_OK) {
        evprof_log(prof, EVPROF_LOG_WARN, "%s", err.message);
    }
}

/* The life lock is held. Between the two halves of evprof_free() the profiler
 * exists but cannot be used. */
static evprof_t *
existing(const char *conf_file, evprof_error_t *err)
{
    if (conf_file != NULL) {
        evprof_fail(err, EVPROF_EBUSY,
                    "profiler: there is one already, made by %s(); "
                    "evprof_free() it first",
                    made_by);
        return NULL;
    }
    if (!atomic_load(&the_profiler.is_open)) {
        evprof_fail(err, EVPROF_EBUSY, "profiler: it is being shut down");
        return NULL;
    }
    return &the_profiler;
}

static int
start_services(evprof_t *prof, evprof_error_t *err)
{
    int status = evprof_push_start(prof, err);
    if (status == EVPROF_OK) {
        status = evprof_watching_start(prof, err);
    }
    return status == EVPROF_OK ? evprof_gather_start(prof, err) : status;
}

/* Makes the profiler, or takes the one that exists when `conf_file` is NULL;
 * `by` is the caller's name for messages. */
static evprof_t *
make(const char *conf_file, const char *by, evprof_error_t *err)
{
    evprof_t *prof = NULL;
    evprof_lock_enter(&life_lock);
    const bool is_new = !is_taken;
    if (is_taken) {
        prof = existing(conf_file, err);
    } else if (open_profiler(&the_profiler, conf_file, err) == EVPROF_OK) {
        is_taken = true;
        made_by = by;
        prof = &the_profiler;
        evprof_learning_begin();
        evprof_reaping_begin(REAP_PAUSE_NS);
        atomic_store(&prof->is_open, true);
        warn_of_exceptions(prof);
        evprof_log_warnings(prof);
    }
    evprof_lock_leave(&life_lock);
    if (is_new && prof != NULL && start_services(prof, err) != EVPROF_OK) {
        evprof_free(prof);
        return NULL;
    }
    return prof;
}

static void
note_failure(const evprof_error_t *err)
{
    evprof_lock_enter(&life_lock);
    last_failure = *err;
    evprof_lock_leave(&life_lock);
}

evprof_t *
evprof_new(const char *conf_file, evprof_error_t *err)
{
    evprof_error_t own = { .status = EVPROF_OK };
    err = err == NULL ? &own : err;
    evprof_t *prof = make(conf_file, "evprof_new", err);
    if (prof != NULL || (conf_file != NULL && err->status != EVPROF_EBUSY)) {
        note_failure(prof != NULL ? &own : err);
    }
    return prof;
}

static bool
has_failed(evprof_error_t *err)
{
    evprof_lock_enter(&life_lock);
    const evprof_error_t failure = last_failure;
    evprof_lock_leave(&life_lock);
    if (failure.status != EVPROF_OK) {
        evprof_fail(err, failure.status, "%s", failure.message);
    }
    return failure.status != EVPROF_OK;
}

/* Makes the profiler for evprof_use(). */
static evprof_t *
use_default(const char *by, evprof_error_t *err)
{
    if (atomic_load(&the_profiler.is_open)) {
        return &the_profiler;
    }
    if (has_failed(err)) {
        return NULL;
    }
    /* Another thread may make it at the same time; that one is then used. */
    const char *conf_file = secure_getenv("EVPROF_CONF");
    evprof_t *prof = make(conf_file, by, err);
    return prof == NULL && atomic_load(&the_profiler.is_open) ? &the_profiler
                                                              : prof;
}

/* Before every other constructor of the program: one may use the profiler. */
__attribute__((constructor(101))) static void
offer_default(void)
{
    evprof_use_maker = use_default;
}

evprof_t *
evprof_default(evprof_error_t *err)
{
    return evprof_use(NULL, "evprof_default", err);
}

void
evprof_free(evprof_t *prof)
{
    if (prof == NULL) {
        return;
    }
    evprof_push_finish();
    if (!atomic_exchange(&prof->is_open, false)) {
        return;
    }
    evprof_jobs_cancel_all(prof);
    evprof_reload_signal_stop();
    evprof_service_end(prof);
    evprof_learning_end();
    evprof_reaping_end();
    evprof_again_end();
    evprof_worker_stop();
    evprof_recordings_drop(prof);
    evprof_await_visitors(prof);
    evprof_registry_close(prof);
    evprof_symbols_close();
    evprof_labels_switch(true);
    atomic_store(&evprof_requests_labelled, false);
    evprof_lock_enter(&life_lock);
    is_taken = false;
    evprof_lock_leave(&life_lock);
}
