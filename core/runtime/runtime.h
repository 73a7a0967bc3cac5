/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_RUNTIME_H
#define EVPROF_RUNTIME_RUNTIME_H

/*
 * What the files of this room share: the profiler, its profiles, its jobs. The
 * adapters see job.h and catalog.h only.
 */

#include <stdatomic.h>

#include <evprof/evprof.h>
#include <evprof/module.h>

#include "core/base/lock.h"
#include "core/conf/conf.h"
#include "core/runtime/job.h"

struct evprof_profile {
    evprof_t *prof;
    const evprof_module_t *module;
    const char *name;
    void *state;        /* of the module */
    _Atomic bool is_on; /* as configured; requests are taken */

    /* Written on the worker under the profiler's lock. */
    evprof_profile_limits_t limits;
    evprof_error_t refusal; /* why init failed; status 0: it did not */

    /* Used by the worker, and by the thread that opens and closes the
     * profiler. */
    bool is_running; /* init has run, fini has not */
    bool is_stale;   /* to be configured anew when its jobs have ended */
    evprof_config_t *config; /* held while running */

    _Atomic bool is_claimed; /* EXCLUSIVE: somebody has the slot */

    /* Of evprof_recording_start(); under the profiler's lock. */
    bool is_recording; /* since before there is the job */
    evprof_job_t *recording;
    evprof_writer_t recording_out;

    /* Worker only, but for the child of a fork, which has none yet. */
    unsigned windows;  /* begin ran for them, snapshot or cancel did not */
    bool is_in_hook;   /* a hook is running */
    bool is_abandoned; /* fork left a window open or a hook half done */

    struct evprof_profile *next; /* sorted by name */
};

struct evprof {
    evprof_lock_t lock; /* guards what is not said to be otherwise */
    _Atomic bool is_open;
    /* Kept after evprof_free() until the next evprof_new(). */
    evprof_config_t *config;
    /* Called before a job is queued and after one of `profile` has ended; set
     * once, when the profiler is opened. */
    void (*before_job)(void);
    void (*after_job)(evprof_profile_t *profile);
    _Atomic(const char *) prefix;  /* kept for ever: mounts that linger ask */
    _Atomic uint32_t visitors;     /* what evprof_free() sleeps on last */
    evprof_profile_t *profiles;    /* grows while open, never shrinks */
    evprof_job_t *jobs;            /* all that are not finished */
    _Atomic uint32_t job_count;    /* of them; what evprof_free() sleeps on */
    struct evprof_ending *endings; /* what evprof_free() calls */
};

/* Whether there is something to write to. */
static inline bool
evprof_writer_is_good(const evprof_writer_t *out)
{
    return out != NULL && out->write != NULL;
}

/* ---- default_profiler.c ---- */

/* Returns the process's profiler, made if there is none; set when the library
 * is loaded. */
extern evprof_t *(*evprof_use_maker)(const char *by, evprof_error_t *err);

/* ---- profile.c ---- */

/* Takes over the job, waits for it, and writes its body on this thread, or
 * says why there is none. */
int evprof_profile_deliver(evprof_job_t *job, const evprof_writer_t *out,
                           evprof_error_t *err);

/* EVPROF_ESTATE on the worker, which would wait for itself. */
int evprof_profile_refuse_hooks(const char *name, evprof_error_t *err);

/* ---- registry.c ---- */

/* Makes a profile of each module of the configuration. EVPROF_ENOMEM and what
 * an init hook says other than EVPROF_ENOTSUP. */
int evprof_registry_open(evprof_t *prof, evprof_error_t *err);

/* Runs the fini hooks and frees all profiles; no hook may be running. */
void evprof_registry_close(evprof_t *prof);

/* The first profile; NULL: none. Profiles are only added while the profiler is
 * open, so a walk may take its time. */
evprof_profile_t *evprof_registry_first(evprof_t *prof);

/* The profile behind this one; NULL: it is the last. */
evprof_profile_t *evprof_registry_next(const evprof_profile_t *profile);

/*
 * Adds a profile whose state the caller made; `module` and its name must live
 * as long as the profile. EVPROF_EBUSY: the name is taken; EVPROF_ENOMEM.
 */
int evprof_registry_add(evprof_t *prof, const evprof_module_t *module,
                        void *state, evprof_profile_t **out,
                        evprof_error_t *err);

/* By name, switched off or not; NULL: unknown. */
evprof_profile_t *evprof_registry_find(evprof_t *prof, const char *name);

/* Why it cannot be served; EVPROF_OK where it can. */
int evprof_registry_refusal(evprof_profile_t *profile, evprof_error_t *err);

/* The longest window that may be asked for now, in seconds. */
long evprof_registry_max_seconds(evprof_profile_t *profile);

/* What the index shows, -1: unknown; on the worker. */
long evprof_registry_count(evprof_profile_t *profile);

/* In the child of a fork. */
void evprof_registry_fork_child(evprof_t *prof);

/* ---- url_leaf.c ---- */

/* The last part of the URL of a module's profile. */
const char *evprof_module_leaf(const evprof_module_t *module);

/* Whether the module is asked for by that leaf, or has it as an alias. */
bool evprof_module_has_leaf(const evprof_module_t *module, const char *leaf);

/* Whether a page that is no profile is served at that leaf. */
bool evprof_leaf_is_page(const char *leaf);

/* ---- visitors.c ---- */

/* Waits until no thread is between evprof_visit() and evprof_leave(). */
void evprof_await_visitors(evprof_t *prof);

/* ---- switch_modules.c ---- */

/* Puts in order what a fork broke; on the worker, before a hook. */
void evprof_profile_mend(evprof_profile_t *profile);

/*
 * Starts, stops or restarts the module as `config` has it, and does nothing
 * where it runs by the same directives already. What its init says other than
 * EVPROF_ENOTSUP; it is stopped then.
 */
int evprof_profile_configure(evprof_profile_t *profile, evprof_config_t *config,
                             evprof_error_t *err);

/* Runs the module's fini, if it runs; on the worker. */
void evprof_profile_stop(evprof_profile_t *profile);

/* Lets requests see what `config` says; under the profiler's lock. */
void evprof_profile_announce(evprof_profile_t *profile,
                             const evprof_config_t *config);

/* ---- service.c ---- */

/* Calls what evprof_service_at_free() left. */
void evprof_service_end(evprof_t *prof);

/* ---- log.c ---- */

/* Logs what is worth saying of the configuration that is in force. */
void evprof_log_warnings(evprof_t *prof);

/* ---- reload.c ---- */

/* Does what a reload had to put off; on the worker, after a job has ended. */
void evprof_reload_settle(evprof_profile_t *profile);

/* ---- job.c ---- */

/* Whether a job for the profile is waiting or running. */
bool evprof_profile_is_busy(evprof_profile_t *profile);

/* Cancels all jobs and returns when none is left. */
void evprof_jobs_cancel_all(evprof_t *prof);

/* ---- produce.c; on the worker ---- */

/* Runs the module's snapshot into `b` between the marks of a running hook. */
int evprof_produce_snapshot(evprof_profile_t *profile, const evprof_ask_t *ask,
                            evprof_builder_t *b, evprof_error_t *err);

/* Makes the reply's bytes of what `b` holds. */
int evprof_produce_encode(const evprof_profile_t *profile,
                          const evprof_ask_t *ask, evprof_builder_t *b,
                          evprof_result_t *result);

/* The reply's bytes from the module's own text. */
int evprof_produce_text(evprof_profile_t *profile, const evprof_ask_t *ask,
                        evprof_result_t *result);

/* The part of the module's file that an open window has had since the last. */
int evprof_produce_part(evprof_profile_t *profile, evprof_result_t *result);

/* From now on profiles have mappings and addresses, but no names: who reads
 * them has the program's files and finds the names. Only what has no such file
 * any more has names. MT-Safe. */
void evprof_produce_leave_names(void);

#endif
