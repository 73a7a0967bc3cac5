/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The named profiles of <evprof/evprof.h>. Each call is a job that the caller
 * waits for: hooks run on the worker whichever thread calls, and the writer
 * runs on the calling thread.
 */
#include <errno.h>
#include <string.h>

#include "core/base/error.h"
#include "core/runtime/catalog.h"
#include "core/runtime/recording.h"
#include "core/runtime/runtime.h"
#include "core/runtime/worker.h"

static bool
is_listed(const evprof_profile_t *profile)
{
    return profile->is_on &&
           (profile->module->flags &
            (EVPROF_MODULE_TEXT_ONLY | EVPROF_MODULE_FILE)) == 0;
}

evprof_profile_t *
evprof_lookup(evprof_t *prof, const char *name)
{
    prof = name == NULL ? NULL : evprof_use(prof, "evprof_lookup", NULL);
    if (prof == NULL || !evprof_visit(prof)) {
        return NULL;
    }
    evprof_profile_t *profile = evprof_registry_find(prof, name);
    profile = profile != NULL && profile->is_on ? profile : NULL;
    evprof_leave(prof);
    return profile;
}

const char *
evprof_profile_name(const evprof_profile_t *p)
{
    return p == NULL ? NULL : p->name;
}

size_t
evprof_profiles(evprof_t *prof, evprof_profile_t **out, size_t max)
{
    size_t count = 0;
    prof = evprof_use(prof, "evprof_profiles", NULL);
    if (prof == NULL || !evprof_visit(prof)) {
        return 0;
    }
    max = out == NULL ? 0 : max;
    evprof_lock_enter(&prof->lock);
    for (evprof_profile_t *p = prof->profiles; p != NULL; p = p->next) {
        if (is_listed(p)) {
            if (count < max) {
                out[count] = p;
            }
            count++;
        }
    }
    evprof_lock_leave(&prof->lock);
    evprof_leave(prof);
    return count;
}

int
evprof_profile_deliver(evprof_job_t *job, const evprof_writer_t *out,
                       evprof_error_t *err)
{
    evprof_job_wait(job, EVPROF_JOB_FINISHED);
    evprof_result_t *result = evprof_job_result(job);
    int status = result->status;
    if (status != EVPROF_OK) {
        evprof_fail(err, status, "%s", result->err.message);
    } else {
        errno = 0;
        status = evprof_buf_write(&result->body, out);
        int why = errno; /* that of a writer to a file, 0 of most others */
        if (status != EVPROF_OK) {
            char words[EVPROF_ERRNO_TEXT_SIZE];
            evprof_fail(err, status, "the profile cannot be written: %s",
                        why == 0
                            ? evprof_status_text(status)
                            : evprof_errno_text(why, words, sizeof(words)));
        }
    }
    evprof_job_free(job);
    return status;
}

int
evprof_profile_refuse_hooks(const char *name, evprof_error_t *err)
{
    return evprof_worker_is_me()
               ? evprof_fail(err, EVPROF_ESTATE,
                             "profile %s: asked for by a module's hook", name)
               : EVPROF_OK;
}

int
evprof_profile_take(evprof_profile_t *p, const evprof_ask_t *ask,
                    const evprof_writer_t *out, evprof_error_t *err)
{
    evprof_job_t *job;
    int status = evprof_profile_refuse_hooks(p->name, err);
    if (status == EVPROF_OK) {
        status = evprof_job_start(p->prof, p->name, ask, NULL, NULL, NULL, &job,
                                  err);
    }
    return status == EVPROF_OK ? evprof_profile_deliver(job, out, err) : status;
}

int
evprof_profile_write(evprof_profile_t *p, const evprof_writer_t *out, int debug,
                     evprof_error_t *err)
{
    const evprof_ask_t ask = { .debug = debug };
    if (p == NULL || !evprof_writer_is_good(out)) {
        return evprof_fail(err, EVPROF_EINVAL, "no %s was given",
                           p == NULL ? "profile" : "writer");
    }
    return evprof_profile_take(p, &ask, out, err);
}

static int
count_entries(evprof_t *prof, const evprof_ask_t *ask, evprof_result_t *result)
{
    evprof_profile_t *profile = evprof_registry_find(prof, ask->query);
    long count = profile != NULL ? evprof_registry_count(profile) : -1;
    evprof_buf_add(&result->body, &count, sizeof(count));
    return result->body.failed ? EVPROF_ENOMEM : EVPROF_OK;
}

long
evprof_profile_count(evprof_profile_t *p)
{
    if (p == NULL) {
        return -1;
    }
    if (evprof_worker_is_me()) {
        return evprof_registry_count(p);
    }
    long count = -1;
    evprof_job_t *job;
    evprof_ask_t ask = { .query = p->name };
    if (evprof_job_call(p->prof, count_entries, &ask, NULL, NULL, &job, NULL) !=
        EVPROF_OK) {
        return count;
    }
    evprof_job_wait(job, EVPROF_JOB_FINISHED);
    evprof_result_t *result = evprof_job_result(job);
    if (result->status == EVPROF_OK) {
        memcpy(&count, result->body.data, sizeof(count));
    }
    evprof_job_free(job);
    return count;
}
