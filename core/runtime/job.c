/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job is a task of the worker that runs at most twice: to open its window and
 * to close it, or once where there is none. Between the two it lies in the
 * worker's list until its time, so a window of minutes blocks nobody. A delta
 * is a window too: the first snapshot is taken with its values negated, the
 * second is added to it.
 *
 * The caller owns the job's memory, the list of the profiler's jobs only points
 * to it: a job leaves the list before `done` is called, and is not touched
 * after, as the caller may free it then.
 */
#include "core/runtime/job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/profile/builder.h"
#include "core/runtime/catalog.h"
#include "core/runtime/runtime.h"
#include "core/runtime/worker.h"

/* Stacks and labels of one profile; beyond it the module is told ELIMIT. */
#define BUILDER_MAX_BYTES ((size_t)256 << 20)

#define SECOND_NS INT64_C(1000000000)

/* The pause between two checks whether a job is still wanted. */
#define WANTED_NS INT64_C(250000000)

struct evprof_job {
    evprof_work_t task;
    evprof_t *prof;
    evprof_profile_t *profile; /* NULL: a call */
    evprof_call_fn call;
    evprof_ask_t ask;
    char *query;
    bool has_slot;   /* of an EXCLUSIVE profile, or of one that has none */
    bool has_window; /* TIMED, or a delta */
    bool is_open;    /* its first step is done; worker only */
    bool is_endless; /* of evprof_job_open() */
    _Atomic bool is_canceled;
    _Atomic bool is_hurried; /* its window ends now */
    _Atomic uint32_t phase;  /* enum evprof_job_phase; a futex */
    evprof_builder_t *builder;
    int64_t opened_ns;      /* CLOCK_MONOTONIC */
    bool has_begun;         /* begin ran, and neither snapshot nor cancel */
    _Atomic int64_t due_ns; /* when its window ends */
    evprof_result_t result;
    evprof_done_fn done;
    evprof_wanted_fn is_wanted; /* NULL: always */
    void *ctx;
    evprof_job_t *previous;
    evprof_job_t *next;
};

/* Takes the profile's one slot where it is EXCLUSIVE. EVPROF_EBUSY. */
static int
claim(evprof_profile_t *profile, evprof_error_t *err)
{
    if ((profile->module->flags & EVPROF_MODULE_EXCLUSIVE) != 0 &&
        atomic_exchange(&profile->is_claimed, true)) {
        return evprof_fail(err, EVPROF_EBUSY, "%s profiling already in use",
                           profile->name);
    }
    return EVPROF_OK;
}

static void
unclaim(evprof_profile_t *profile)
{
    atomic_store(&profile->is_claimed, false);
}

/* ---- The list of jobs ---- */

/* Under the lock. */
static bool
has_room(const evprof_t *prof)
{
    long taken = 0;
    for (const evprof_job_t *job = prof->jobs; job != NULL; job = job->next) {
        taken += job->profile != NULL;
    }
    return taken < evprof_config_pprof(prof->config)->max_profiles;
}

static int
link_job(evprof_job_t *job, evprof_error_t *err)
{
    evprof_t *prof = job->prof;
    int status = EVPROF_OK;
    evprof_lock_enter(&prof->lock);
    if (!atomic_load(&prof->is_open)) {
        status = evprof_fail(err, EVPROF_ESTATE, "the profiler is shut down");
    } else if (job->profile != NULL && !has_room(prof)) {
        status = evprof_fail(err, EVPROF_ELIMIT,
                             "too many profiles are being taken "
                             "(max_profiles)");
    } else {
        job->next = prof->jobs;
        if (job->next != NULL) {
            job->next->previous = job;
        }
        prof->jobs = job;
        atomic_fetch_add(&prof->job_count, 1);
    }
    evprof_lock_leave(&prof->lock);
    return status;
}

static void
unlink_job(evprof_job_t *job)
{
    evprof_t *prof = job->prof;
    evprof_lock_enter(&prof->lock);
    if (job->previous != NULL) {
        job->previous->next = job->next;
    } else {
        prof->jobs = job->next;
    }
    if (job->next != NULL) {
        job->next->previous = job->previous;
    }
    evprof_lock_leave(&prof->lock);
    atomic_fetch_sub(&prof->job_count, 1);
    evprof_futex_wake(&prof->job_count);
}

bool
evprof_profile_is_busy(evprof_profile_t *profile)
{
    evprof_t *prof = profile->prof;
    bool is_busy = false;
    evprof_lock_enter(&prof->lock);
    for (evprof_job_t *job = prof->jobs; job != NULL; job = job->next) {
        is_busy = is_busy || job->profile == profile;
    }
    evprof_lock_leave(&prof->lock);
    return is_busy;
}

long
evprof_job_retry_s(evprof_t *prof, const char *name)
{
    int64_t last_ns = 0;
    evprof_lock_enter(&prof->lock);
    for (evprof_job_t *job = prof->jobs; job != NULL; job = job->next) {
        int64_t due_ns = atomic_load(&job->due_ns);
        if (job->profile != NULL && strcmp(job->profile->name, name) == 0 &&
            due_ns > last_ns && due_ns != INT64_MAX) {
            last_ns = due_ns;
        }
    }
    evprof_lock_leave(&prof->lock);
    int64_t left_ns = last_ns - evprof_worker_now();
    return left_ns > 0 ? (long)((left_ns - 1) / SECOND_NS) + 1 : 1;
}

void
evprof_jobs_cancel_all(evprof_t *prof)
{
    evprof_lock_enter(&prof->lock);
    for (evprof_job_t *job = prof->jobs; job != NULL; job = job->next) {
        evprof_job_cancel(job);
    }
    evprof_lock_leave(&prof->lock);
    uint32_t left = atomic_load(&prof->job_count);
    while (left != 0) {
        evprof_futex_wait(&prof->job_count, left, 0);
        left = atomic_load(&prof->job_count);
    }
}

/* ---- The steps, on the worker ---- */

static void
enter_phase(evprof_job_t *job, enum evprof_job_phase phase)
{
    atomic_store(&job->phase, phase);
    evprof_futex_wake(&job->phase);
}

/* A failed job has no body, but always a message. */
static void
set_failure(evprof_result_t *result)
{
    if (result->err.message[0] == '\0') {
        evprof_fail(&result->err, result->status, "%s",
                    evprof_status_text(result->status));
    }
    result->err.status = result->status;
    evprof_buf_free(&result->body);
}

/* Its snapshot or its cancel is about to run. */
static void
leave_window(evprof_job_t *job)
{
    job->profile->windows -= job->has_begun;
    job->has_begun = false;
}

/* Cancels a window that no snapshot has closed. */
static void
cancel_window(evprof_job_t *job)
{
    evprof_profile_t *profile = job->profile;
    leave_window(job);
    if (profile->module->cancel != NULL) {
        profile->module->cancel(profile->state, job->ask.window);
    }
}

static void
end_job(evprof_job_t *job, int status)
{
    evprof_done_fn done = job->done;
    void *ctx = job->ctx;
    job->result.status = status;
    if (job->has_begun) {
        cancel_window(job);
    }
    if (status == EVPROF_EBUSY && job->profile != NULL) {
        job->result.retry_s = evprof_job_retry_s(job->prof, job->profile->name);
    }
    if (status != EVPROF_OK) {
        set_failure(&job->result);
    }
    evprof_builder_free(job->builder);
    job->builder = NULL;
    if (job->has_slot) {
        unclaim(job->profile);
    }
    unlink_job(job);
    if (job->profile != NULL) {
        job->prof->after_job(job->profile);
    }
    enter_phase(job, EVPROF_JOB_FINISHED);
    if (done != NULL) {
        done(ctx, job);
    }
}

static void
end_canceled(evprof_job_t *job)
{
    end_job(job, evprof_fail(&job->result.err, EVPROF_ECANCELED,
                             "the profile was cancelled"));
}

static int
need_builder(evprof_job_t *job)
{
    if (job->builder == NULL) {
        job->builder = evprof_builder_new(BUILDER_MAX_BYTES);
    }
    if (job->builder == NULL) {
        return evprof_fail(&job->result.err, EVPROF_ENOMEM,
                           "profile %s: out of memory", job->profile->name);
    }
    evprof_builder_limit(job->builder, (size_t)job->profile->limits.max_stacks);
    return EVPROF_OK;
}

static int
begin_delta(evprof_job_t *job)
{
    int status = need_builder(job);
    if (status == EVPROF_OK) {
        status = evprof_produce_snapshot(job->profile, &job->ask, job->builder,
                                         &job->result.err);
    }
    if (status == EVPROF_OK) {
        evprof_builder_subtract(job->builder);
    }
    return status;
}

static int
begin_window(evprof_job_t *job)
{
    evprof_profile_t *profile = job->profile;
    evprof_error_t *err = &job->result.err;
    if ((profile->module->flags & EVPROF_MODULE_TIMED) == 0) {
        return begin_delta(job);
    }
    int status = EVPROF_OK;
    if (profile->module->begin != NULL) {
        profile->is_in_hook = true;
        status = profile->module->begin(profile->state, &job->ask,
                                        &job->ask.window, err);
        profile->is_in_hook = false;
    }
    job->has_begun = status == EVPROF_OK;
    profile->windows += job->has_begun;
    return status;
}

/* Puts the job back until its window ends, or until the next check whether it
 * is still wanted. */
static int
await_end(evprof_job_t *job)
{
    int64_t next_ns = evprof_worker_now() + WANTED_NS;
    bool is_asked = job->is_wanted != NULL && next_ns < job->due_ns;
    int status =
        evprof_worker_post(&job->task, is_asked ? next_ns : job->due_ns, NULL);
    /* A cancel that came before the post found nothing to wake, so it is
     * checked again. */
    if (status == EVPROF_OK &&
        (atomic_load(&job->is_canceled) || atomic_load(&job->is_hurried))) {
        evprof_worker_hurry(&job->task);
    }
    return status;
}

/* Whether the window goes on. A job that is no longer wanted is cancelled. */
static bool
goes_on(evprof_job_t *job)
{
    if (!job->is_open || job->profile == NULL ||
        atomic_load(&job->is_canceled) || atomic_load(&job->is_hurried) ||
        evprof_worker_now() >= job->due_ns) {
        return false;
    }
    if (job->is_wanted != NULL && !job->is_wanted(job->ctx)) {
        atomic_store(&job->is_canceled, true);
        return false;
    }
    return await_end(job) == EVPROF_OK;
}

static void
open_window(evprof_job_t *job)
{
    job->opened_ns = evprof_worker_now();
    int status = begin_window(job);
    if (status != EVPROF_OK) {
        end_job(job, status);
        return;
    }
    job->is_open = true;
    job->due_ns = INT64_MAX;
    if (!job->is_endless) {
        job->due_ns = job->opened_ns + llround(job->ask.seconds * 1e9);
    }
    (void)await_end(job);
    enter_phase(job, EVPROF_JOB_OPEN);
}

static int
take_profile(evprof_job_t *job)
{
    evprof_profile_t *profile = job->profile;
    evprof_result_t *result = &job->result;
    const evprof_module_t *module = profile->module;
    if ((module->flags & EVPROF_MODULE_FILE) != 0) {
        leave_window(job);
        return evprof_produce_text(profile, &job->ask, result);
    }
    bool wants_text = (module->flags & EVPROF_MODULE_TEXT_ONLY) != 0 ||
                      (job->ask.debug != 0 && module->text != NULL);
    if (wants_text && !job->has_window) {
        return evprof_produce_text(profile, &job->ask, result);
    }
    int status = need_builder(job);
    if (status == EVPROF_OK) {
        leave_window(job);
        status = evprof_produce_snapshot(profile, &job->ask, job->builder,
                                         &result->err);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    if (result->is_delta) {
        evprof_builder_time(job->builder, 0,
                            evprof_worker_now() - job->opened_ns);
    }
    return evprof_produce_encode(profile, &job->ask, job->builder, result);
}

static void
run_profile(evprof_job_t *job)
{
    evprof_profile_mend(job->profile);
    if (!job->profile->is_running) {
        /* A reload came between the request and its turn. */
        end_job(job, evprof_fail(&job->result.err, EVPROF_EOFF,
                                 "this profile is switched off by the "
                                 "configuration"));
    } else if (job->has_window && !job->is_open) {
        open_window(job);
    } else {
        end_job(job, take_profile(job));
    }
}

/* A delayed result stays in the worker's list until its time. */
static void
run_call(evprof_job_t *job)
{
    if (!job->is_open) {
        job->is_open = true;
        job->opened_ns = evprof_worker_now();
        job->result.status = job->call(job->prof, &job->ask, &job->result);
        int64_t due_ns = job->opened_ns + job->result.hold_ms * 1000000;
        if (job->result.hold_ms > 0 &&
            evprof_worker_post(&job->task, due_ns, NULL) == EVPROF_OK) {
            /* A cancel that came before the post found nothing to wake, so it
             * is checked again. */
            if (atomic_load(&job->is_canceled)) {
                evprof_worker_hurry(&job->task);
            }
            return;
        }
    }
    end_job(job, job->result.status);
}

static void
run_job(evprof_work_t *task)
{
    evprof_job_t *job = (evprof_job_t *)(void *)task;
    if (goes_on(job)) {
        return;
    }
    if (atomic_load(&job->is_canceled)) {
        end_canceled(job);
    } else if (job->profile != NULL) {
        run_profile(job);
    } else {
        run_call(job);
    }
}

/* ---- Starting ---- */

static evprof_job_t *
new_job(evprof_t *prof, const evprof_ask_t *ask)
{
    evprof_job_t *job = calloc(1, sizeof(*job));
    if (job == NULL) {
        return NULL;
    }
    job->task.run = run_job;
    job->prof = prof;
    job->result.body.is_bulk = true;
    job->ask = *ask;
    if (ask->query != NULL) {
        job->query = strdup(ask->query);
    }
    if (ask->query != NULL && job->query == NULL) {
        evprof_job_free(job);
        return NULL;
    }
    job->ask.query = job->query;
    return job;
}

static int
launch(evprof_job_t *job, evprof_job_t **out, evprof_error_t *err)
{
    int status = link_job(job, err);
    if (status != EVPROF_OK) {
        return status;
    }
    job->prof->before_job();
    /* Set first: the job may be over before the post returns. */
    *out = job;
    status = evprof_worker_post(&job->task, 0, err);
    if (status != EVPROF_OK) {
        *out = NULL;
        unlink_job(job);
    }
    return status;
}

/* Whether a request opens a window that its seconds, or nothing, will close. */
static bool
is_timed_request(const evprof_profile_t *profile, const evprof_ask_t *ask)
{
    const evprof_module_t *module = profile->module;
    return (module->flags & EVPROF_MODULE_TIMED) != 0 &&
           (module->is_immediate == NULL || !module->is_immediate(ask));
}

static int
check_seconds(evprof_profile_t *profile, const evprof_ask_t *ask,
              evprof_error_t *err)
{
    unsigned flags = profile->module->flags;
    long most = evprof_registry_max_seconds(profile);
    bool is_timed = (flags & EVPROF_MODULE_TIMED) != 0;
    if (!is_timed && ask->seconds > 0 && (flags & EVPROF_MODULE_DELTA) == 0) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "\"seconds\" parameter is not supported for this "
                           "profile type");
    }
    if (!is_timed && ask->seconds > 0 && ask->debug != 0) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "seconds and debug params are incompatible");
    }
    if (ask->seconds > (double)most) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "\"seconds\" must not be above %ld (max_seconds)",
                           most);
    }
    if (is_timed_request(profile, ask) && !(ask->seconds > 0)) {
        return evprof_fail(err, EVPROF_ESTATE, "profile %s: needs a duration",
                           profile->name);
    }
    return EVPROF_OK;
}

/* Finds the profile of that name, if it may be taken. */
static int
find_served(evprof_t *prof, const char *name, evprof_profile_t **out,
            evprof_error_t *err)
{
    if (!atomic_load(&prof->is_open)) {
        return evprof_fail(err, EVPROF_ESTATE, "the profiler is shut down");
    }
    evprof_profile_t *profile = evprof_registry_find(prof, name);
    if (profile == NULL) {
        return evprof_fail(err, EVPROF_ENOENT, "Unknown profile");
    }
    if (!profile->is_on) {
        return evprof_fail(err, EVPROF_EOFF,
                           "this profile is switched off by the configuration");
    }
    int status = evprof_registry_refusal(profile, err);
    if (status == EVPROF_OK) {
        *out = profile;
    }
    return status;
}

static int
launch_profile(evprof_job_t *job, evprof_profile_t *profile, evprof_job_t **out,
               evprof_error_t *err)
{
    bool is_timed = (profile->module->flags & EVPROF_MODULE_TIMED) != 0;
    job->profile = profile;
    job->has_window =
        is_timed ? is_timed_request(profile, &job->ask) : job->ask.seconds > 0;
    job->result.is_delta = !is_timed && job->has_window;
    job->has_slot = !is_timed || job->has_window;
    int status = job->has_slot ? claim(profile, err) : EVPROF_OK;
    if (status != EVPROF_OK) {
        return status;
    }
    status = launch(job, out, err);
    if (status != EVPROF_OK && job->has_slot) {
        unclaim(profile);
    }
    return status;
}

int
evprof_job_check(evprof_t *prof, const char *name, const evprof_ask_t *ask,
                 evprof_error_t *err)
{
    evprof_profile_t *profile = NULL;
    int status = find_served(prof, name, &profile, err);
    return profile != NULL ? check_seconds(profile, ask, err) : status;
}

int
evprof_job_start(evprof_t *prof, const char *name, const evprof_ask_t *ask,
                 evprof_done_fn done, evprof_wanted_fn is_wanted, void *ctx,
                 evprof_job_t **out, evprof_error_t *err)
{
    evprof_profile_t *profile = NULL;
    int status = find_served(prof, name, &profile, err);
    if (profile != NULL) {
        status = check_seconds(profile, ask, err);
    }
    if (profile == NULL || status != EVPROF_OK) {
        return status;
    }
    evprof_job_t *job = new_job(prof, ask);
    if (job == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "profile %s: out of memory",
                           name);
    }
    job->done = done;
    job->is_wanted = is_wanted;
    job->ctx = ctx;
    status = launch_profile(job, profile, out, err);
    if (status != EVPROF_OK) {
        evprof_job_free(job);
    }
    return status;
}

static evprof_job_t *
new_call(evprof_t *prof, evprof_call_fn call, const evprof_ask_t *ask,
         enum evprof_lane lane)
{
    evprof_job_t *job = new_job(prof, ask);
    if (job != NULL) {
        job->call = call;
        job->task.lane = lane;
    }
    return job;
}

/* `job` NULL: out of memory. */
static int
start_call(evprof_job_t *job, evprof_done_fn done, void *ctx,
           evprof_job_t **out, evprof_error_t *err)
{
    if (job == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    job->done = done;
    job->ctx = ctx;
    int status = launch(job, out, err);
    if (status != EVPROF_OK) {
        evprof_job_free(job);
    }
    return status;
}

int
evprof_job_call(evprof_t *prof, evprof_call_fn call, const evprof_ask_t *ask,
                evprof_done_fn done, void *ctx, evprof_job_t **out,
                evprof_error_t *err)
{
    return start_call(new_call(prof, call, ask, EVPROF_LANE_WORK), done, ctx,
                      out, err);
}

int
evprof_job_hash(evprof_t *prof, evprof_call_fn call, const evprof_ask_t *ask,
                evprof_done_fn done, void *ctx, evprof_job_t **out,
                evprof_error_t *err)
{
    return start_call(new_call(prof, call, ask, EVPROF_LANE_HASH), done, ctx,
                      out, err);
}

int
evprof_job_gather(evprof_t *prof, evprof_call_fn call, const evprof_ask_t *ask,
                  evprof_done_fn done, void *ctx, evprof_job_t **out,
                  evprof_error_t *err)
{
    static _Atomic unsigned turn;
    const unsigned lanes = EVPROF_LANE_COLLECT_LAST - EVPROF_LANE_COLLECT + 1;
    const unsigned lane =
        EVPROF_LANE_COLLECT + atomic_fetch_add(&turn, 1) % lanes;
    return start_call(new_call(prof, call, ask, (enum evprof_lane)lane), done,
                      ctx, out, err);
}

int
evprof_job_open(evprof_t *prof, const char *name, evprof_job_t **out,
                evprof_error_t *err)
{
    evprof_profile_t *profile = NULL;
    int status = find_served(prof, name, &profile, err);
    if (profile == NULL) {
        return status;
    }
    evprof_job_t *job = new_job(prof, &(evprof_ask_t){ .seconds = 0 });
    if (job == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "profile %s: out of memory",
                           name);
    }
    job->is_endless = true;
    status = launch_profile(job, profile, out, err);
    if (status != EVPROF_OK) {
        evprof_job_free(job);
        return status;
    }
    evprof_job_wait(job, EVPROF_JOB_OPEN);
    if (atomic_load(&job->phase) == EVPROF_JOB_FINISHED) {
        status =
            evprof_fail(err, job->result.status, "%s", job->result.err.message);
        *out = NULL;
        evprof_job_free(job);
    }
    return status;
}

void
evprof_job_cancel(evprof_job_t *job)
{
    atomic_store(&job->is_canceled, true);
    evprof_worker_hurry(&job->task);
}

void
evprof_job_finish(evprof_job_t *job)
{
    atomic_store(&job->is_hurried, true);
    evprof_worker_hurry(&job->task);
}

void
evprof_job_wait(evprof_job_t *job, enum evprof_job_phase phase)
{
    uint32_t now = atomic_load(&job->phase);
    while (now < (uint32_t)phase) {
        evprof_futex_wait(&job->phase, now, 0);
        now = atomic_load(&job->phase);
    }
}

evprof_result_t *
evprof_job_result(evprof_job_t *job)
{
    /* The caller may have been told by `done` through a descriptor; this load
     * makes what the worker wrote before it visible. */
    (void)atomic_load(&job->phase);
    return &job->result;
}

void
evprof_job_free(evprof_job_t *job)
{
    if (job == NULL) {
        return;
    }
    evprof_buf_free(&job->result.body);
    free(job->query);
    free(job);
}
