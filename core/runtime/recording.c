/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A window that the application opens and closes itself, to profile a part of
 * its work alone. It is a job like that of a request, but without an end of its
 * own.
 */
#include "core/runtime/recording.h"

#include "core/base/error.h"
#include "core/runtime/catalog.h"
#include "core/runtime/runtime.h"

/* Only one at a time for a profile, since before there is a job. */
static int
reserve(evprof_profile_t *recorded, evprof_error_t *err)
{
    evprof_lock_enter(&recorded->prof->lock);
    bool is_taken = recorded->is_recording;
    recorded->is_recording = true;
    evprof_lock_leave(&recorded->prof->lock);
    return is_taken ? evprof_fail(err, EVPROF_EBUSY,
                                  "%s profiling already in use", recorded->name)
                    : EVPROF_OK;
}

static int
open_recording(evprof_t *prof, evprof_profile_t *recorded,
               const evprof_writer_t *out, evprof_error_t *err)
{
    evprof_job_t *job = NULL;
    int status = reserve(recorded, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = evprof_job_open(prof, recorded->name, &job, err);
    evprof_lock_enter(&prof->lock);
    recorded->recording = job;
    recorded->recording_out = *out;
    recorded->is_recording = job != NULL;
    evprof_lock_leave(&prof->lock);
    return status;
}

/* Begins a visit of `*prof`, NULL: of the process's profiler, which it becomes.
 */
static int
enter(evprof_t **prof, const char *profile, evprof_error_t *err)
{
    int status = evprof_profile_refuse_hooks(profile, err);
    if (status != EVPROF_OK) {
        return status;
    }
    *prof = evprof_use(*prof, "evprof_cpu_start", err);
    if (*prof == NULL) {
        return err->status;
    }
    return evprof_visit(*prof)
               ? EVPROF_OK
               : evprof_fail(err, EVPROF_ESTATE, "the profiler is shut down");
}

int
evprof_recording_start(evprof_t *prof, const char *profile,
                       const evprof_writer_t *out, evprof_error_t *err)
{
    if (!evprof_writer_is_good(out)) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "profile %s: no writer was given", profile);
    }
    evprof_error_t own;
    err = err == NULL ? &own : err;
    int status = enter(&prof, profile, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_profile_t *recorded = evprof_registry_find(prof, profile);
    status = recorded != NULL
                 ? open_recording(prof, recorded, out, err)
                 : evprof_fail(err, EVPROF_ENOENT, "Unknown profile");
    evprof_leave(prof);
    return status;
}

/* Takes the window out of the profile; NULL: there is none. */
static evprof_job_t *
take(evprof_profile_t *profile, evprof_writer_t *out)
{
    evprof_lock_enter(&profile->prof->lock);
    evprof_job_t *job = profile->recording;
    *out = profile->recording_out;
    profile->recording = NULL;
    profile->is_recording = profile->is_recording && job == NULL;
    evprof_lock_leave(&profile->prof->lock);
    return job;
}

int
evprof_recording_stop(evprof_t *prof, const char *profile, evprof_error_t *err)
{
    evprof_writer_t out;
    int status = evprof_profile_refuse_hooks(profile, err);
    if (status != EVPROF_OK) {
        return status;
    }
    prof = evprof_use(prof, "evprof_cpu_stop", err);
    evprof_job_t *job = NULL;
    if (prof != NULL && evprof_visit(prof)) {
        evprof_profile_t *recorded = evprof_registry_find(prof, profile);
        job = recorded != NULL ? take(recorded, &out) : NULL;
        evprof_leave(prof);
    }
    if (job == NULL) {
        return EVPROF_OK;
    }
    evprof_job_finish(job);
    return evprof_profile_deliver(job, &out, err);
}

/* On the worker. */
static int
write_part(evprof_t *prof, const evprof_ask_t *ask, evprof_result_t *result)
{
    evprof_profile_t *recorded = evprof_registry_find(prof, ask->query);
    if (recorded == NULL || recorded->module->part == NULL) {
        return evprof_fail(&result->err, EVPROF_ENOTSUP,
                           "profile %s: its file has no parts", ask->query);
    }
    evprof_lock_enter(&prof->lock);
    bool is_open = recorded->recording != NULL;
    evprof_lock_leave(&prof->lock);
    return is_open && recorded->is_running && recorded->windows > 0
               ? evprof_produce_part(recorded, result)
               : evprof_fail(&result->err, EVPROF_ESTATE,
                             "profile %s: no window is open", ask->query);
}

int
evprof_recording_part(evprof_t *prof, const char *profile,
                      const evprof_writer_t *out, evprof_error_t *err)
{
    const evprof_ask_t ask = { .query = profile };
    evprof_job_t *job = NULL;
    evprof_error_t own;
    err = err == NULL ? &own : err;
    int status = enter(&prof, profile, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = evprof_job_call(prof, write_part, &ask, NULL, NULL, &job, err);
    evprof_leave(prof);
    return status == EVPROF_OK ? evprof_profile_deliver(job, out, err) : status;
}

void
evprof_recordings_drop(evprof_t *prof)
{
    evprof_writer_t out;
    for (evprof_profile_t *p = evprof_registry_first(prof); p != NULL;
         p = evprof_registry_next(p)) {
        evprof_job_free(take(p, &out));
    }
}
