/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_SETTINGS_H
#define EVPROF_RUNTIME_SETTINGS_H

/*
 * The configuration in force, for this room and for adapters of ours. What
 * carries EVPROF_API is for those, as in job.h.
 */

#include <evprof/evprof.h>

#include "core/access/access.h"
#include "core/conf/conf.h"

/* What a configuration may hold in this build. */
extern const evprof_schema_t evprof_runtime_schema;

/*
 * The configuration in force, with a reference for the caller, who keeps it for
 * as long as a request goes by its rules; evprof_settings_release() gives it
 * back. NULL before the first evprof_new().
 */
EVPROF_API evprof_config_t *evprof_settings_hold(evprof_t *prof);

/* Gives the reference back; NULL is ignored. MT-Safe. */
EVPROF_API void evprof_settings_release(evprof_config_t *config);

/* The access rules of the profile with that leaf, alias or name, or of
 * pprof { } when `leaf` is NULL or a page. */
EVPROF_API const evprof_access_conf_t *
evprof_settings_access(const evprof_config_t *config, const char *leaf);

/* Of the file itself: listen, reload_signal. */
EVPROF_API const evprof_main_conf_t *
evprof_settings_main(const evprof_config_t *config);

/* Of the file itself, for libevprof_preload.so. */
EVPROF_API const evprof_preload_conf_t *
evprof_settings_preload(const evprof_config_t *config);

/* Of pprof { }: prefix, max_profiles, status, ... */
EVPROF_API const evprof_pprof_conf_t *
evprof_settings_pprof(const evprof_config_t *config);

#endif
