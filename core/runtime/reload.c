/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From one configuration to the next. The new file is read whole on the thread
 * that asks; the switch is one task of the worker, so that it falls between the
 * hooks of all modules and requests see all of it or nothing. A module whose
 * start fails is undone together with all that were switched before it. A
 * profile that is being taken meanwhile ends under the rules it began with: its
 * module is switched when its last job ends.
 */
#include "core/base/error.h"
#include "core/runtime/catalog.h"
#include "core/runtime/label_requests.h"
#include "core/runtime/runtime.h"
#include "core/runtime/service.h"
#include "core/runtime/settings.h"
#include "core/runtime/watch.h"
#include "core/runtime/worker.h"
#include "core/sample/labels.h"

typedef struct reload {
    evprof_work_t task; /* first: the worker gives it back */
    evprof_t *prof;
    evprof_config_t *config;
    evprof_error_t *err;
    int status;
    _Atomic uint32_t is_done; /* a futex */
} reload_t;

/* ---- On the worker ---- */

/* Goes back to the old configuration for all profiles up to `last`. */
static void
undo(evprof_t *prof, const evprof_profile_t *last)
{
    evprof_profile_t *p = evprof_registry_first(prof);
    bool is_more = true;
    for (; is_more; p = evprof_registry_next(p)) {
        evprof_error_t err = { .status = EVPROF_OK };
        is_more = p != last;
        if (!p->is_stale &&
            evprof_profile_configure(p, prof->config, &err) != EVPROF_OK) {
            evprof_log(prof, EVPROF_LOG_ERROR, "reload: %s", err.message);
        }
        p->is_stale = false;
    }
}

/* Entries are only added to the list while the profiler is open. */
static int
switch_modules(evprof_t *prof, evprof_config_t *config, evprof_error_t *err)
{
    for (evprof_profile_t *p = evprof_registry_first(prof); p != NULL;
         p = evprof_registry_next(p)) {
        p->is_stale = evprof_profile_is_busy(p);
        int status =
            p->is_stale ? EVPROF_OK : evprof_profile_configure(p, config, err);
        if (status != EVPROF_OK) {
            undo(prof, p);
            return status;
        }
    }
    return EVPROF_OK;
}

static void
commit(evprof_t *prof, evprof_config_t *config)
{
    evprof_lock_enter(&prof->lock);
    evprof_config_t *old = prof->config;
    prof->config = evprof_config_ref(config);
    for (evprof_profile_t *p = prof->profiles; p != NULL; p = p->next) {
        evprof_profile_announce(p, config);
    }
    evprof_lock_leave(&prof->lock);
    evprof_labels_switch(evprof_config_pprof(config)->labels);
    atomic_store(&evprof_requests_labelled,
                 evprof_config_pprof(config)->label_requests);
    evprof_config_unref(old);
}

static int
apply(evprof_t *prof, evprof_config_t *config, evprof_error_t *err)
{
    if (!atomic_load(&prof->is_open)) {
        return evprof_fail(err, EVPROF_ESTATE, "the profiler is shut down");
    }
    int status = evprof_config_check_switch(prof->config, config, err);
    if (status == EVPROF_OK) {
        status = switch_modules(prof, config, err);
    }
    if (status == EVPROF_OK) {
        commit(prof, config);
    }
    return status;
}

static void
run_reload(evprof_work_t *task)
{
    reload_t *reload = (reload_t *)(void *)task;
    reload->status = apply(reload->prof, reload->config, reload->err);
    /* The waiting thread's stack holds the task: nothing after this. */
    atomic_store(&reload->is_done, 1);
    evprof_futex_wake(&reload->is_done);
}

void
evprof_reload_settle(evprof_profile_t *profile)
{
    evprof_error_t err = { .status = EVPROF_OK };
    if (!profile->is_stale || evprof_profile_is_busy(profile)) {
        return;
    }
    profile->is_stale = false;
    int status = evprof_profile_configure(profile, profile->prof->config, &err);
    if (status != EVPROF_OK) {
        evprof_log(profile->prof, EVPROF_LOG_ERROR, "reload: %s", err.message);
    }
}

/* ---- On the thread that asks ---- */

static int
load_again(evprof_t *prof, evprof_config_t **out, evprof_error_t *err)
{
    evprof_config_t *old = evprof_settings_hold(prof);
    const char *path = evprof_config_path(old);
    int status;
    if (path == NULL) {
        status = evprof_fail(err, EVPROF_ESTATE,
                             "reload: there is no configuration file, the "
                             "built-in defaults are in force");
    } else {
        status = evprof_config_load(path, &evprof_runtime_schema, out, err);
    }
    evprof_config_unref(old);
    return status;
}

static int
hand_over(evprof_t *prof, evprof_config_t *config, evprof_error_t *err)
{
    reload_t reload = {
        .task.run = run_reload, .prof = prof, .config = config, .err = err
    };
    int status = evprof_worker_post(&reload.task, 0, err);
    if (status != EVPROF_OK) {
        return status;
    }
    (void)evprof_futex_await(&reload.is_done, 0, 0);
    return reload.status;
}

int
evprof_reload(evprof_t *prof, evprof_error_t *err)
{
    evprof_error_t own = { .status = EVPROF_OK };
    evprof_config_t *config = NULL;
    err = err == NULL ? &own : err;
    prof = evprof_use(prof, "evprof_reload", err);
    if (prof == NULL) {
        return err->status;
    }
    if (!atomic_load(&prof->is_open)) {
        return evprof_fail(err, EVPROF_ESTATE, "the profiler is shut down");
    }
    if (evprof_worker_is_me()) {
        return evprof_fail(err, EVPROF_ESTATE,
                           "reload: asked for by a module's hook");
    }
    int status = load_again(prof, &config, err);
    if (status == EVPROF_OK) {
        status = hand_over(prof, config, err);
    }
    evprof_config_unref(config);
    if (status == EVPROF_OK) {
        evprof_log_warnings(prof);
        status = evprof_watching_start(prof, err);
    }
    evprof_log(prof, status == EVPROF_OK ? EVPROF_LOG_INFO : EVPROF_LOG_ERROR,
               "%s",
               status == EVPROF_OK ? "configuration reloaded" : err->message);
    return status;
}
