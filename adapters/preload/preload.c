/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The constructor that makes a profiler in a program which knows nothing of it.
 * It says nothing on the program's streams and takes nothing of its own: what
 * goes wrong is for the `log` of the configuration.
 *
 * The port opens when a process has lived for `listen_after`, on a thread that
 * waits for it: a parent that only forks and leaves, and a child that only
 * copies, are gone by then. A forked child begins to wait anew.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>

#include <evprof/evprof.h>

#include "adapters/preload/alone.h"
#include "adapters/preload/descriptor_table.h"
#include "adapters/preload/environment.h"
#include "adapters/preload/files.h"
#include "adapters/preload/mounted.h"
#include "adapters/preload/port.h"
#include "adapters/preload/process_ends.h"
#include "core/base/clock.h"
#include "core/base/lock.h"
#include "core/base/look_up.h"
#include "core/runtime/runtime.h"
#include "core/runtime/service.h"
#include "core/runtime/settings.h"

static struct {
    evprof_t *prof;
    const char *pattern; /* EVPROF_LISTEN, or NULL: as configured */
    int64_t wait_ns;
    int signal;
    bool is_mounted;        /* `mount auto;` */
    bool has_port;          /* something says where to listen */
    bool is_used;           /* by the program too, which has evprof in it */
    int64_t due_ns;         /* when the port opens */
    pthread_t thread;       /* that waits */
    clockid_t clock;        /* of it */
    _Atomic uint32_t state; /* of it, which it sleeps on */
} preload;

/* The thread is known when it WAITS, not while it BEGINS. */
enum { NOBODY_WAITS, BEGINS, WAITS, IS_TO_LEAVE };

/* ---- Waiting ---- */

static void
await_signal(void)
{
    sigset_t set;
    int got = 0;
    sigemptyset(&set);
    sigaddset(&set, preload.signal);
    while (sigwait(&set, &got) != 0 || got != preload.signal) {
    }
}

/* Until it is time; false: the thread is to leave before. */
static bool
await_age(void)
{
    uint32_t waits = WAITS;
    (void)evprof_futex_await(&preload.state, BEGINS, 0);
    (void)evprof_futex_await(&preload.state, WAITS, preload.due_ns);
    return atomic_compare_exchange_strong(&preload.state, &waits, NOBODY_WAITS);
}

/* Whether what the program calls itself, also as handlers on its own evhttp,
 * needs nothing of ours in its table of descriptors. */
static bool
may_part(void)
{
    return !preload.is_mounted && !preload.is_used;
}

/* Where the port is all that there is, and its thread the only one of ours, all
 * later ones come from that. Others of ours that are there already use the
 * program's table; so do handlers on its evhttp and its own calls of evprof,
 * and the worker, which serves these and the port, can have only one table. */
static void
part_table(const int *sockets, size_t count)
{
    if (count == 1 && may_part() && evprof_own_thread_count() == 1) {
        (void)evprof_preload_part_table(sockets[0]);
    }
}

static void *
open_port(void *arg)
{
    evprof_error_t err = { 0 };
    (void)arg;
    if (preload.signal != 0) {
        await_signal();
    } else if (!await_age()) {
        return NULL;
    }
    pthread_detach(pthread_self());
    if (evprof_preload_listen(preload.prof, preload.pattern, part_table,
                              &err) != EVPROF_OK) {
        evprof_log(preload.prof, EVPROF_LOG_ERROR, "%s", err.message);
    }
    return NULL;
}

static void
start_to_wait(void)
{
    const bool is_timed = preload.signal == 0;
    evprof_error_t err = { 0 };
    atomic_store(&preload.state, is_timed ? BEGINS : NOBODY_WAITS);
    if (evprof_service_start(EVPROF_OWN_PRELOAD, &preload.thread, open_port,
                             NULL, &err) != EVPROF_OK) {
        atomic_store(&preload.state, NOBODY_WAITS);
        evprof_log(preload.prof, EVPROF_LOG_ERROR, "preload: no port: %s",
                   err.message);
    } else if (is_timed) {
        (void)pthread_getcpuclockid(preload.thread, &preload.clock);
        atomic_store(&preload.state, WAITS);
        evprof_futex_wake(&preload.state);
    }
}

static void
wait_for_port(void)
{
    preload.due_ns = evprof_clock_ns(CLOCK_MONOTONIC) + preload.wait_ns;
    if (preload.has_port) {
        start_to_wait();
    }
}

/* A child of vfork, or of clone() without libc's fork handlers, has the memory
 * of its parent or a copy, and no thread of it. It may have its process id too,
 * in another namespace; but to the kernel a thread's clock is known in its own
 * process only. */
static bool
is_thread_here(void)
{
    struct timespec time;
    return clock_gettime(preload.clock, &time) == 0;
}

/* libc's join returns a moment before the kernel counts the thread out, and
 * unshare() still fails in that moment. To yield could take for ever where the
 * caller runs with a real-time priority. */
static void
await_gone(void)
{
    const struct timespec pause = { .tv_nsec = 20000 };
    while (is_thread_here()) {
        (void)nanosleep(&pause, NULL);
    }
}

bool
evprof_preload_stand_aside(void)
{
    int saved = errno;
    uint32_t waits = WAITS;
    bool is_leaving =
        atomic_load(&preload.state) == WAITS && is_thread_here() &&
        atomic_compare_exchange_strong(&preload.state, &waits, IS_TO_LEAVE);
    if (is_leaving) {
        int cancel;
        /* The call that we stand in for is no place where a thread may be
         * cancelled. */
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
        evprof_futex_wake(&preload.state);
        pthread_join(preload.thread, NULL);
        await_gone();
        pthread_setcancelstate(cancel, &cancel);
    }
    errno = saved;
    return is_leaving;
}

void
evprof_preload_come_back(void)
{
    int code = errno;
    start_to_wait();
    errno = code;
}

/* ---- Beginning ---- */

/* Whether the program has evprof in it besides this library: linked with it,
 * where one of the two stands in front. */
static bool
is_evprof_in_program(void)
{
    Dl_info ours;
    Dl_info first;
    void *called = evprof_look_up(RTLD_DEFAULT, "evprof_new");
    return evprof_look_up(RTLD_NEXT, "evprof_new") != NULL ||
           (called != NULL && dladdr(called, &first) != 0 &&
            dladdr(&preload, &ours) != 0 && first.dli_fbase != ours.dli_fbase);
}

static bool
is_wanted(const evprof_preload_conf_t *conf)
{
    const evprof_text_list_t *only = conf->only;
    while (only != NULL &&
           strcmp(only->text, program_invocation_short_name) != 0) {
        only = only->next;
    }
    return conf->only == NULL || only != NULL;
}

/* These give up rights one after the other in their one thread and then run the
 * program that was meant. Where threads of ours are there, which never had what
 * the first has kept, libc ends the process at the next step. */
static bool
only_gives_up_rights(void)
{
    return strcmp(program_invocation_short_name, "setpriv") == 0 ||
           strcmp(program_invocation_short_name, "capsh") == 0;
}

/* Every thread inherits what the first holds back, so that the signal waits
 * for ours. */
static void
hold_signal(int number)
{
    sigset_t set;
    if (number != 0) {
        sigemptyset(&set);
        sigaddset(&set, number);
        pthread_sigmask(SIG_BLOCK, &set, NULL);
    }
}

/* Reads what the preloaded library is told; false: it is not for this program.
 */
static bool
read_settings(void)
{
    evprof_config_t *config = evprof_settings_hold(preload.prof);
    const evprof_preload_conf_t *conf = evprof_settings_preload(config);
    bool wanted = is_wanted(conf) && !only_gives_up_rights();
    if (!conf->follow_exec) {
        evprof_preload_leave_environment();
    }
    preload.wait_ns = conf->listen_after_ns;
    preload.signal = conf->listen_signal;
    preload.has_port =
        preload.pattern != NULL || evprof_settings_main(config)->listen != NULL;
    preload.is_mounted = conf->mount == 1;
    if (wanted && preload.is_mounted) {
        evprof_preload_mount_first(preload.prof);
    }
    evprof_settings_release(config);
    return wanted;
}

static void
begin_again(void)
{
    evprof_preload_files_fork_child();
    wait_for_port();
}

/* Behind the constructors of our own rooms, before those of the program. */
__attribute__((constructor)) static void
begin(void)
{
    if (getauxval(AT_SECURE) != 0) {
        return; /* set-uid: nothing of the user's environment is followed */
    }
    /* Programs write their title over the environment. */
    evprof_preload_ends_begin();
    const char *pattern = secure_getenv("EVPROF_LISTEN");
    bool is_given = pattern != NULL && pattern[0] != '\0';
    preload.pattern = is_given ? strdup(pattern) : NULL;
    preload.prof = evprof_new(secure_getenv("EVPROF_CONF"), NULL);
    if (preload.prof == NULL) {
        evprof_preload_leave_environment();
        return;
    }
    if (!read_settings()) {
        evprof_free(preload.prof);
        preload.prof = NULL;
        return;
    }
    preload.is_used = is_evprof_in_program();
    hold_signal(preload.signal);
    /* `evprof run` names what is in files, once and when the program has ended,
     * where each window and each forked child would have to. */
    if (evprof_preload_files_begin(preload.prof,
                                   !preload.has_port && may_part()) &&
        !preload.has_port) {
        evprof_produce_leave_names();
    }
    pthread_atfork(NULL, NULL, begin_again);
    wait_for_port();
}

__attribute__((destructor)) static void
end(void)
{
    if (preload.prof != NULL) {
        (void)evprof_preload_files_end(0);
    }
}
