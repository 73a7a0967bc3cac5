/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `reload_signal HUP;` takes no handler from anybody: the signal is blocked and
 * read from a signalfd by a thread that does nothing else. That works only if
 * every thread blocks it, as any other would get it first and most signals end
 * a process by default; so evprof_new() must come before threads are made, or
 * they must block it themselves, which is looked up in /proc.
 *
 * A forked child has the signal blocked and no thread. It makes one when it is
 * first asked for a profile; until then there is nothing that a reload could
 * change but what starts with the first request anyway, and a signal that came
 * meanwhile is still pending.
 */
#include "core/runtime/reload_signal.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/lock.h"
#include "core/base/parse.h"
#include "core/base/self.h"
#include "core/runtime/service.h"

static struct {
    evprof_lock_t lock; /* guards all below but `is_wanted` */
    evprof_t *prof;
    int signal;
    int signal_fd;
    int stop_fd;
    pthread_t thread;
    bool has_thread;
    _Atomic bool is_wanted; /* a fork has lost the thread */
} watch;

/* ---- The thread ---- */

static void
drain(void)
{
    struct signalfd_siginfo info;
    while (read(watch.signal_fd, &info, sizeof(info)) ==
           (ssize_t)sizeof(info)) {
    }
}

static void *
run_watch(void *arg)
{
    struct pollfd fds[2] = { { .fd = watch.stop_fd, .events = POLLIN },
                             { .fd = watch.signal_fd, .events = POLLIN } };
    (void)arg;
    for (;;) {
        int count = poll(fds, 2, -1);
        if (count < 0 && errno != EINTR) {
            return NULL;
        }
        if (count > 0 && fds[0].revents != 0) {
            return NULL;
        }
        if (count > 0 && fds[1].revents != 0) {
            drain();
            /* What is wrong is in the log. */
            evprof_reload(watch.prof, NULL);
        }
    }
}

/* ---- Whether it can work ---- */

static uint64_t
blocked_in(const char *tid)
{
    char path[64];
    char line[256];
    uint64_t mask = UINT64_MAX; /* of a thread that has gone meanwhile */
    (void)snprintf(path, sizeof(path), EVPROF_SELF_TASKS "/%.20s/status", tid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "SigBlk:\t", 8) == 0) {
            line[strcspn(line, "\n")] = '\0';
            evprof_parse_hex64(line + 8, &mask);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return mask;
}

/* The id of a thread that does not block `signal`, in `out`; "": there is none.
 */
static void
find_open_thread(int signal, char out[32])
{
    DIR *dir = opendir(EVPROF_SELF_TASKS);
    const struct dirent *entry;
    out[0] = '\0';
    while (dir != NULL && out[0] == '\0' && (entry = readdir(dir)) != NULL) {
        uint64_t bit = UINT64_C(1) << (signal - 1);
        if (entry->d_name[0] != '.' && (blocked_in(entry->d_name) & bit) == 0) {
            (void)snprintf(out, 32, "%.20s", entry->d_name);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

static int
check_signal(int signal, evprof_error_t *err)
{
    char tid[32];
    struct sigaction action;
    const char *name = sigabbrev_np(signal);
    if (sigaction(signal, NULL, &action) == 0 && action.sa_handler != SIG_DFL &&
        action.sa_handler != SIG_IGN) {
        return evprof_fail(err, EVPROF_ESTATE,
                           "reload_signal %s: the application has a handler "
                           "for it; have that call evprof_reload()",
                           name);
    }
    find_open_thread(signal, tid);
    if (tid[0] != '\0') {
        return evprof_fail(err, EVPROF_ESTATE,
                           "reload_signal %s: thread %s does not block it; "
                           "call evprof_new() before threads are made",
                           name, tid);
    }
    return EVPROF_OK;
}

/* ---- Life ---- */

static void
close_descriptors(void)
{
    if (watch.signal_fd >= 0) {
        close(watch.signal_fd);
    }
    if (watch.stop_fd >= 0) {
        close(watch.stop_fd);
    }
    watch.signal_fd = -1;
    watch.stop_fd = -1;
}

/* Under the lock. */
static int
open_watch(evprof_error_t *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, watch.signal);
    watch.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    watch.stop_fd = eventfd(0, EFD_CLOEXEC);
    int status =
        watch.signal_fd < 0 || watch.stop_fd < 0
            ? evprof_fail(err, EVPROF_EIO, "reload_signal: no descriptors left")
            : evprof_service_start(EVPROF_OWN_RELOAD, &watch.thread,
                                   run_watch, NULL, err);
    watch.has_thread = status == EVPROF_OK;
    if (status != EVPROF_OK) {
        close_descriptors();
    }
    return status;
}

int
evprof_reload_signal_start(evprof_t *prof, int signal, evprof_error_t *err)
{
    sigset_t set;
    sigset_t before;
    if (signal == 0) {
        return EVPROF_OK;
    }
    sigemptyset(&set);
    sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    int status = check_signal(signal, err);
    if (status == EVPROF_OK) {
        evprof_lock_enter(&watch.lock);
        watch.prof = prof;
        watch.signal = signal;
        status = open_watch(err);
        evprof_lock_leave(&watch.lock);
    }
    if (status != EVPROF_OK) {
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return status;
}

void
evprof_reload_signal_stop(void)
{
    const uint64_t one = 1;
    evprof_lock_enter(&watch.lock);
    bool has_thread = watch.has_thread;
    watch.has_thread = false;
    atomic_store(&watch.is_wanted, false);
    evprof_lock_leave(&watch.lock);
    if (has_thread && write(watch.stop_fd, &one, sizeof(one)) > 0) {
        pthread_join(watch.thread, NULL);
        close_descriptors();
    }
}

void
evprof_reload_signal_fork_child(void)
{
    evprof_lock_reset(&watch.lock);
    if (watch.has_thread) {
        watch.has_thread = false;
        close_descriptors();
        atomic_store(&watch.is_wanted, true);
    }
}

void
evprof_reload_signal_ensure(void)
{
    if (!atomic_load_explicit(&watch.is_wanted, memory_order_relaxed)) {
        return;
    }
    evprof_lock_enter(&watch.lock);
    if (atomic_exchange(&watch.is_wanted, false)) {
        open_watch(NULL);
    }
    evprof_lock_leave(&watch.lock);
}
