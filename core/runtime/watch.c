/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tick reads what the process uses (gauge.c), some microseconds of work. When
 * a bound is passed, and the last time was long enough ago, the threads and the
 * heap are taken as they are, and then a few seconds of CPU time. What is
 * written stays within the bounds of `keep` at every moment (kept_files.c).
 */
#include "core/runtime/watch.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/lock.h"
#include "core/runtime/gauge.h"
#include "core/runtime/kept_files.h"
#include "core/runtime/push.h"
#include "core/runtime/request_times.h"
#include "core/runtime/runtime.h"
#include "core/runtime/service.h"
#include "core/runtime/settings.h"

#define SECOND_NS INT64_C(1000000000)
/* A thread that waits for a CPU shows up in one of ten ticks a second. */
#define LATENCY_TICK_NS (SECOND_NS / 10)
#define CPU_SECONDS 10.0

enum { LINES = 10, LINE_BYTES = 512, NAME_MAX_BYTES = 96 };

static struct {
    evprof_lock_t lock; /* guards what others read */
    uint64_t moments;   /* when profiles were taken */
    uint64_t spared;    /* when the last ones were too recent */
    uint64_t written;
    uint64_t failed;               /* profiles that could not be had or kept */
    char lines[LINES][LINE_BYTES]; /* a ring, by `moments` */

    evprof_t *prof;
    pthread_t thread;
    _Atomic bool has_thread;
    _Atomic uint32_t is_stopping; /* a futex */
    int64_t begin_ns;             /* the first look; in a child later */

    /* Of the thread. */
    evprof_gauge_t gauge;
    int64_t last_ns; /* when profiles were taken last, 0: never */
} watch;

static bool
is_watching(const evprof_watch_conf_t *conf)
{
    return conf->cpu_percent > 0 || conf->rss_bytes > 0 ||
           conf->rss_growth_percent > 0 || conf->threads > 0 ||
           conf->latency_ns > 0;
}

/* ---- Taking ---- */

/* What is taken, in this order: what is there now first. */
static const struct {
    const char *profile;
    bool is_timed;
} taken[] = { { "goroutine", false }, { "heap", false }, { "cpu", true } };

static int
take(const char *profile, bool is_timed, evprof_buf_t *out, evprof_error_t *err)
{
    evprof_profile_t *found = evprof_registry_find(watch.prof, profile);
    if (found == NULL) {
        return evprof_fail(err, EVPROF_ENOENT, "this build has no %s", profile);
    }
    double most = (double)evprof_registry_max_seconds(found);
    const evprof_ask_t ask = { .seconds = !is_timed            ? 0
                                          : most < CPU_SECONDS ? most
                                                               : CPU_SECONDS };
    evprof_job_t *job = NULL;
    int status = evprof_job_start(watch.prof, profile, &ask, NULL, NULL, NULL,
                                  &job, err);
    evprof_writer_t writer = evprof_writer_buf(out);
    return status == EVPROF_OK ? evprof_profile_deliver(job, &writer, err)
                               : status;
}

static int
write_file(const evprof_watch_conf_t *conf, const char *name,
           const evprof_buf_t *bytes, evprof_error_t *err)
{
    const evprof_kept_files_t files = { .folder = conf->folder,
                                        .prefix = "evprof-watch-",
                                        .max_files = conf->keep_files,
                                        .max_bytes = conf->keep_bytes };
    return evprof_kept_files_write(&files, name, bytes->data, bytes->len, err);
}

/* Hands a profile to where it is wanted; appends to the line what became of it.
 */
static void
keep(const evprof_watch_conf_t *conf, const char *profile, const char *stem,
     const evprof_buf_t *bytes, evprof_buf_t *line)
{
    evprof_error_t err;
    char name[NAME_MAX_BYTES];
    int status = EVPROF_OK;
    (void)snprintf(name, sizeof(name), "%.64s-%.20s.pb.gz", stem, profile);
    if (conf->folder != NULL) {
        status = write_file(conf, name, bytes, &err);
    }
    if (status != EVPROF_OK) {
        evprof_buf_printf(line, "; %s was not written: %s", profile,
                          err.message);
    } else if (conf->folder != NULL) {
        evprof_buf_printf(line, "; wrote evprof-watch-%s", name);
    }
    bool is_pushed =
        conf->push && evprof_push_send(profile, bytes->data, bytes->len);
    evprof_buf_puts(line, is_pushed ? "; pushed " : "");
    evprof_buf_puts(line, is_pushed ? profile : "");
    evprof_lock_enter(&watch.lock);
    watch.written += conf->folder != NULL && status == EVPROF_OK;
    watch.failed += status != EVPROF_OK;
    evprof_lock_leave(&watch.lock);
}

static void
take_set(const evprof_watch_conf_t *conf, const char *stem, evprof_buf_t *line)
{
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        evprof_buf_t bytes = { .is_bulk = true };
        evprof_error_t err = { .status = EVPROF_OK };
        if (take(taken[i].profile, taken[i].is_timed, &bytes, &err) ==
            EVPROF_OK) {
            keep(conf, taken[i].profile, stem, &bytes, line);
        } else {
            evprof_buf_printf(line, "; no %s: %s", taken[i].profile,
                              err.message);
        }
        evprof_buf_free(&bytes);
    }
}

/* The line of the moment, the same in the log and on the index page. */
static void
note(const char *line)
{
    evprof_lock_enter(&watch.lock);
    (void)snprintf(watch.lines[watch.moments % LINES], LINE_BYTES, "%s", line);
    watch.moments++;
    evprof_lock_leave(&watch.lock);
    evprof_log(watch.prof, EVPROF_LOG_WARN, "watch: %s", line);
}

/* 20260201T150405Z-PID-REASON: in the order of time. */
static void
name_set(const char *time, const char *reason, char out[NAME_MAX_BYTES])
{
    size_t len = 0;
    for (; time != NULL && *time != '\0' && len < NAME_MAX_BYTES / 2; time++) {
        if (*time != '-' && *time != ':') {
            out[len++] = *time;
        }
    }
    (void)snprintf(out + len, NAME_MAX_BYTES - len, "-%ld-%s", (long)getpid(),
                   reason);
}

static void
act(const evprof_watch_conf_t *conf, const char *reason, const char *text)
{
    char stem[NAME_MAX_BYTES];
    evprof_buf_t line = { 0 };
    evprof_log_time(&line);
    name_set(line.data, reason, stem);
    evprof_buf_printf(&line, " %s: %s", reason, text);
    take_set(conf, stem, &line);
    note(line.failed ? text : line.data);
    evprof_buf_free(&line);
}

/* ---- The thread ---- */

static void
look(const evprof_watch_conf_t *conf, int64_t due_ns)
{
    evprof_usage_t usage;
    const char *reason;
    char text[256];
    evprof_usage_read(&usage);
    bool are_seen = evprof_requests_slowest(usage.now_ns, &usage.request);
    if (!are_seen && usage.now_ns > due_ns) {
        usage.late_ns = usage.now_ns - due_ns;
    }
    if (!evprof_gauge_add(&watch.gauge, &usage, conf, &reason, text,
                          sizeof(text))) {
        return;
    }
    if (watch.last_ns != 0 && usage.now_ns - watch.last_ns < conf->every_ns) {
        evprof_lock_enter(&watch.lock);
        watch.spared++;
        evprof_lock_leave(&watch.lock);
        return;
    }
    watch.last_ns = usage.now_ns;
    act(conf, reason, text);
}

static void *
run(void *unused)
{
    int64_t due_ns = watch.begin_ns;
    evprof_slow_request_t earlier;
    (void)evprof_requests_slowest(due_ns, &earlier);
    (void)evprof_futex_await(&watch.is_stopping, 0, watch.begin_ns);
    while (atomic_load(&watch.is_stopping) == 0) {
        evprof_config_t *config = evprof_settings_hold(watch.prof);
        const evprof_watch_conf_t *conf = evprof_config_watch(config);
        atomic_store(&evprof_requests_slow_ns, conf->latency_ns);
        if (is_watching(conf)) {
            look(conf, due_ns);
        }
        due_ns = evprof_clock_ns(CLOCK_MONOTONIC) +
                 (conf->latency_ns > 0 ? LATENCY_TICK_NS : SECOND_NS);
        evprof_settings_release(config);
        evprof_futex_wait(&watch.is_stopping, 0, due_ns);
    }
    atomic_store(&evprof_requests_slow_ns, 0);
    return unused;
}

/* ---- Life ---- */

static void
stop(void *unused)
{
    (void)unused;
    atomic_store(&watch.is_stopping, 1);
    evprof_futex_wake(&watch.is_stopping);
    if (watch.has_thread) {
        pthread_join(watch.thread, NULL);
    }
    watch.has_thread = false;
}

static int
start_thread(int64_t wait_ns, evprof_error_t *err)
{
    watch.begin_ns = evprof_clock_ns(CLOCK_MONOTONIC) + wait_ns;
    atomic_store(&watch.is_stopping, 0);
    evprof_gauge_clear(&watch.gauge);
    watch.last_ns = 0;
    int status =
        evprof_service_start(EVPROF_OWN_WATCH, &watch.thread, run, NULL, err);
    watch.has_thread = status == EVPROF_OK;
    return status;
}

static void
fork_child(void)
{
    evprof_error_t err;
    evprof_lock_reset(&watch.lock);
    evprof_requests_fork_child();
    if (watch.has_thread &&
        start_thread(EVPROF_SERVICE_CHILD_WAIT_NS, &err) != EVPROF_OK) {
        evprof_log(watch.prof, EVPROF_LOG_WARN,
                   "watch: nothing is watched in this process: %s",
                   err.message);
    }
}

int
evprof_watching_start(evprof_t *prof, evprof_error_t *err)
{
    evprof_config_t *config = evprof_settings_hold(prof);
    bool is_wanted = is_watching(evprof_config_watch(config));
    evprof_settings_release(config);
    if (!is_wanted || watch.has_thread) {
        return EVPROF_OK;
    }
    watch.prof = prof;
    evprof_lock_enter(&watch.lock);
    watch.moments = watch.spared = watch.written = watch.failed = 0;
    evprof_lock_leave(&watch.lock);
    int status = evprof_service_in_child(fork_child, err);
    if (status == EVPROF_OK) {
        status = evprof_service_at_free(prof, stop, NULL, err);
    }
    return status == EVPROF_OK ? start_thread(0, err) : status;
}

/* ---- For pages ---- */

int
evprof_watching_status(const evprof_writer_t *out)
{
    char text[256];
    evprof_lock_enter(&watch.lock);
    int len = !watch.has_thread
                  ? 0
                  : snprintf(text, sizeof(text),
                             "moments: %llu\nmoments_spared: %llu\n"
                             "files_written: %llu\nfiles_failed: %llu\n",
                             (unsigned long long)watch.moments,
                             (unsigned long long)watch.spared,
                             (unsigned long long)watch.written,
                             (unsigned long long)watch.failed);
    evprof_lock_leave(&watch.lock);
    return len > 0 ? out->write(out->ctx, text, (size_t)len) : EVPROF_OK;
}

void
evprof_watching_each(void (*show)(void *ctx, const char *line), void *ctx)
{
    evprof_lock_enter(&watch.lock);
    uint64_t first = watch.moments > LINES ? watch.moments - LINES : 0;
    for (uint64_t i = watch.moments; i > first; i--) {
        show(ctx, watch.lines[(i - 1) % LINES]);
    }
    evprof_lock_leave(&watch.lock);
}
