/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread of ours sleeps until the collector has seen a slow task or a signal
 * handler has run, then calls the recorder as the application would. The thread
 * stays when a reload switches the module off: that happens on the worker,
 * which the thread may be waiting for. It then has nothing to do.
 */
#include "core/runtime/flight_dumps.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/lock.h"
#include "core/runtime/kept_files.h"
#include "core/runtime/runtime.h"
#include "core/runtime/service.h"
#include "core/runtime/switched_on.h"
#include "core/sample/sig_alarm.h"
#include "core/sample/threads.h"
#include "core/trace/slow_tasks.h"

#define FILES_MAX 100000

static struct {
    evprof_lock_t lock; /* guards the next three */
    evprof_flight_dumps_t conf;
    char *folder; /* NULL: nothing is written */
    evprof_t *prof;
    pthread_t thread;
    pid_t process; /* the process that has the thread; 0: there is none */
    _Atomic uint32_t is_stopping;
    struct sigaction before;
    _Atomic uint64_t written;
    _Atomic uint64_t failed;
} state;

uint64_t
evprof_flight_dumps_written(void)
{
    return atomic_load(&state.written);
}

uint64_t
evprof_flight_dumps_failed(void)
{
    return atomic_load(&state.failed);
}

/* ---- The thread ---- */

/* "20260201T150405Z-PID-N.trace": in the order of time. */
static void
name_file(char *out, size_t size)
{
    evprof_buf_t time = { 0 };
    size_t len = 0;
    evprof_log_time(&time);
    for (const char *at = time.data; at != NULL && *at != '\0' && len < 32;
         at++) {
        if (*at != '-' && *at != ':') {
            out[len++] = *at;
        }
    }
    (void)snprintf(out + len, size - len, "-%ld-%llu.trace", (long)getpid(),
                   (unsigned long long)atomic_load(&state.written));
    evprof_buf_free(&time);
}

static void
write_one(evprof_t *prof, const evprof_flight_dumps_t *conf, const char *folder)
{
    const evprof_kept_files_t files = { .folder = folder,
                                        .prefix = "evprof-trace-",
                                        .max_files = FILES_MAX,
                                        .max_bytes = conf->max_bytes };
    char name[96];
    evprof_error_t err;
    evprof_buf_t bytes = { .is_bulk = true };
    evprof_writer_t out = evprof_writer_buf(&bytes);
    int status = conf->write(prof, &out, &err);
    name_file(name, sizeof(name));
    if (status == EVPROF_OK) {
        status =
            evprof_kept_files_write(&files, name, bytes.data, bytes.len, &err);
    }
    evprof_buf_free(&bytes);
    if (status == EVPROF_OK) {
        atomic_fetch_add(&state.written, 1);
        evprof_log(prof, EVPROF_LOG_INFO, "trace: wrote evprof-trace-%s", name);
    } else if (atomic_load(&state.is_stopping) == 0) {
        atomic_fetch_add(&state.failed, 1);
        evprof_log(prof, EVPROF_LOG_WARN, "trace: not written: %s",
                   err.message);
    }
}

/* Writes a file, unless the last one is too recent. */
static void
answer_alarm(int64_t *last_ns)
{
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    evprof_lock_enter(&state.lock);
    evprof_t *prof = state.prof;
    const evprof_flight_dumps_t conf = state.conf;
    bool is_due = state.folder != NULL &&
                  (*last_ns == 0 || now_ns - *last_ns >= conf.every_ns);
    char *folder = is_due ? strdup(state.folder) : NULL;
    evprof_lock_leave(&state.lock);
    if (folder != NULL) {
        *last_ns = now_ns;
        write_one(prof, &conf, folder);
        free(folder);
    }
}

static void *
run(void *unused)
{
    int64_t last_ns = 0;
    while (atomic_load(&state.is_stopping) == 0) {
        evprof_futex_wait(&evprof_sig_alarm_word, 0, 0);
        if (atomic_exchange(&evprof_sig_alarm_word, 0) != 0 &&
            atomic_load(&state.is_stopping) == 0) {
            answer_alarm(&last_ns);
        }
    }
    return unused;
}

/* ---- Life ---- */

static void
wake(void)
{
    evprof_sig_alarm(0);
}

static int
take_signal(int number, evprof_error_t *err)
{
    struct sigaction action = { .sa_handler = evprof_sig_alarm,
                                .sa_flags = SA_RESTART };
    sigfillset(&action.sa_mask);
    if (sigaction(number, NULL, &state.before) != 0) {
        return evprof_fail(err, EVPROF_EINVAL, "dump_signal: %s",
                           strerrordesc_np(errno));
    }
    if (state.before.sa_handler != SIG_DFL &&
        state.before.sa_handler != SIG_IGN) {
        return evprof_fail(err, EVPROF_ESTATE,
                           "dump_signal %s: the application has a handler for "
                           "it; have a thread call evprof_flight_write()",
                           sigabbrev_np(number));
    }
    sigaction(number, &action, NULL);
    return EVPROF_OK;
}

static int
start_thread(evprof_error_t *err)
{
    if (state.process == getpid()) {
        return EVPROF_OK;
    }
    atomic_store(&state.is_stopping, 0);
    int status =
        evprof_service_start(EVPROF_OWN_DUMPS, &state.thread, run, NULL, err);
    state.process = status == EVPROF_OK ? getpid() : 0;
    return status;
}

/* Sets the options of the thread; NULL: it does nothing. */
static void
set(const evprof_flight_dumps_t *dumps, char *folder, evprof_t *prof)
{
    evprof_lock_enter(&state.lock);
    char *old = state.folder;
    state.folder = folder;
    state.prof = prof;
    state.conf = dumps != NULL ? *dumps : (evprof_flight_dumps_t){ 0 };
    evprof_lock_leave(&state.lock);
    free(old);
}

int
evprof_flight_dumps_start(const evprof_flight_dumps_t *dumps,
                          evprof_error_t *err)
{
    if (dumps->folder == NULL ||
        (dumps->latency_ns == 0 && dumps->signal == 0)) {
        return EVPROF_OK;
    }
    char *folder = strdup(dumps->folder);
    int status = folder != NULL
                     ? EVPROF_OK
                     : evprof_fail(err, EVPROF_ENOMEM, "trace: out of memory");
    if (status == EVPROF_OK && dumps->signal != 0) {
        status = take_signal(dumps->signal, err);
    }
    if (status == EVPROF_OK) {
        status = start_thread(err);
    }
    if (status != EVPROF_OK) {
        free(folder);
        return status;
    }
    set(dumps, folder, evprof_switching());
    if (dumps->latency_ns > 0) {
        evprof_trace_slow_watch(dumps->latency_ns, wake);
    }
    return EVPROF_OK;
}

void
evprof_flight_dumps_fork_child(void)
{
    evprof_lock_reset(&state.lock);
    atomic_store(&state.written, 0);
    atomic_store(&state.failed, 0);
    atomic_store(&evprof_sig_alarm_word, 0);
}

int
evprof_flight_dumps_again(evprof_error_t *err)
{
    return state.folder != NULL ? start_thread(err) : EVPROF_OK;
}

static bool
is_on_worker(void)
{
    const evprof_thread_t *self = evprof_thread_current;
    return self != NULL && (atomic_load(&self->flags) & EVPROF_THREAD_OURS);
}

void
evprof_flight_dumps_stop(void)
{
    int number = state.conf.signal;
    evprof_trace_slow_watch(0, NULL);
    if (number != 0) {
        sigaction(number, &state.before, NULL);
    }
    set(NULL, NULL, NULL);
    if (state.process == getpid() && !is_on_worker()) {
        atomic_store(&state.is_stopping, 1);
        wake();
        evprof_thread_join_ours(state.thread);
        state.process = 0;
    }
}
