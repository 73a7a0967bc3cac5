/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Switching the module of a profile on, off, or to other directives. Before the
 * profiler is open and after it is closed that is done by whoever opens and
 * closes it, so that a server which mounts and then forks has no thread of ours
 * to lose; in between on the worker, between the hooks of the module. The
 * configuration that a module was started with is held until it is stopped, as
 * the module may point into it.
 */
#include "core/base/error.h"
#include "core/runtime/runtime.h"
#include "core/runtime/switched_on.h"

/* The windows of the parent count as open in the child's copy of the module,
 * where nothing will close them. */
void
evprof_profile_mend(evprof_profile_t *profile)
{
    if (!profile->is_abandoned) {
        return;
    }
    profile->is_abandoned = false;
    if (profile->module->cancel != NULL) {
        profile->module->cancel(profile->state, NULL);
    }
}

static _Thread_local evprof_t *switched;

evprof_t *
evprof_switching(void)
{
    return switched;
}

static void
set_refusal(evprof_profile_t *profile, int status, const evprof_error_t *why)
{
    evprof_lock_enter(&profile->prof->lock);
    profile->refusal = *why;
    profile->refusal.status = status;
    evprof_lock_leave(&profile->prof->lock);
}

/* A profile that cannot be had here keeps the reason and is served with it. */
static int
start(evprof_profile_t *profile, evprof_config_t *config, evprof_error_t *err)
{
    const evprof_module_t *module = profile->module;
    evprof_error_t why = { .status = EVPROF_OK };
    int status = EVPROF_OK;
    if (module->init != NULL) {
        const void *conf = evprof_config_profile(config, profile->name)->conf;
        switched = profile->prof;
        status = module->init(conf, &profile->state, &why);
        switched = NULL;
    }
    set_refusal(profile, status, &why);
    if (status == EVPROF_ENOTSUP) {
        return EVPROF_OK;
    }
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "profile %s: %s", profile->name,
                           why.message);
    }
    profile->is_running = true;
    profile->config = evprof_config_ref(config);
    return EVPROF_OK;
}

void
evprof_profile_stop(evprof_profile_t *profile)
{
    if (!profile->is_running) {
        return;
    }
    evprof_profile_mend(profile);
    if (profile->module->fini != NULL) {
        profile->module->fini(profile->state);
    }
    profile->is_running = false;
    profile->state = NULL;
    evprof_config_unref(profile->config);
    profile->config = NULL;
}

int
evprof_profile_configure(evprof_profile_t *profile, evprof_config_t *config,
                         evprof_error_t *err)
{
    const evprof_profile_conf_t *conf =
        evprof_config_profile(config, profile->name);
    if (conf == NULL) {
        return EVPROF_OK;
    }
    if (profile->is_running && conf->is_enabled &&
        evprof_config_profile_equal(profile->config, config, profile->name)) {
        return EVPROF_OK;
    }
    evprof_profile_stop(profile);
    return conf->is_enabled ? start(profile, config, err) : EVPROF_OK;
}

/* What requests see of a configuration. */
void
evprof_profile_announce(evprof_profile_t *profile,
                        const evprof_config_t *config)
{
    const evprof_profile_conf_t *conf =
        evprof_config_profile(config, profile->name);
    atomic_store(&profile->is_on, conf == NULL || conf->is_enabled);
    profile->limits =
        conf == NULL ? *evprof_config_limits(config) : conf->limits;
}
