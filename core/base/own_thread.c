/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glibc takes the memory of thread-local storage from a thread's stack, and a
 * program may have megabytes of it; glibc says how much, by a function that it
 * keeps for its own libraries, or the stack would have to be guessed.
 */
#include "core/base/own_thread.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/look_up.h"

#define KB ((size_t)1024)

static const evprof_own_thread_row_t rows[EVPROF_OWN_THREADS] = {
    [EVPROF_OWN_DRAINER] = { "evprof-drain", 256 * KB,
                             "while stacks are being sampled" },
    [EVPROF_OWN_WALL] = { "evprof-wall", 256 * KB, "during a wall profile" },
    [EVPROF_OWN_TRACE] = { "evprof-trace", 256 * KB,
                           "while events are being recorded" },
    [EVPROF_OWN_TABLES] = { "evprof-tables", 256 * KB,
                            "for moments, when large objects were loaded" },
    [EVPROF_OWN_WORKER] = { "evprof-worker", 1024 * KB,
                            "from the first request to evprof_free()" },
    [EVPROF_OWN_HASHER] = { "evprof-hasher", 256 * KB,
                            "from the first password to evprof_free()" },
    [EVPROF_OWN_RELOAD] = { "evprof-reload", 256 * KB,
                            "with `reload_signal`, until evprof_free()" },
    [EVPROF_OWN_PORT] = { "evprof-listener", 512 * KB,
                          "one a private port, until evprof_free()" },
    [EVPROF_OWN_PRELOAD] = { "evprof-preload", 512 * KB,
                             "preloaded, until its port is open" },
    [EVPROF_OWN_FILES] = { "evprof-files", 256 * KB,
                           "under `evprof run` with files, until the end" },
    [EVPROF_OWN_DEADLOCK] = { "evprof-deadlock", 512 * KB,
                              "with `check_every` of the profile deadlock" },
    [EVPROF_OWN_DUMPS] = { "evprof-dumps", 512 * KB,
                           "with `dump_latency` or `dump_signal`" },
    [EVPROF_OWN_PUSH] = { "evprof-push", 512 * KB,
                          "with `push`, until evprof_free()" },
    [EVPROF_OWN_WATCH] = { "evprof-watch", 256 * KB,
                           "with `watch`, until evprof_free()" },
    [EVPROF_OWN_GATHER] = { "evprof-gather", 256 * KB,
                            "with `gather all`, and one an answer" },
    [EVPROF_OWN_COLLECTOR] = { "evprof-collect", 1024 * KB,
                               "with `gather all`, from the first request" },
    [EVPROF_OWN_DEMANGLER] = { "evprof-demangle", 256 * KB,
                               "for moments, to look for the C++ runtime" },
};

typedef struct start {
    enum evprof_own_thread which;
    void *(*run)(void *arg);
    void *arg;
} start_t;

static void (*on_begin)(void);
static _Atomic unsigned running; /* threads of ours */

const evprof_own_thread_row_t *
evprof_own_thread_row(enum evprof_own_thread which)
{
    return &rows[which];
}

void
evprof_own_thread_on_begin(void (*begin)(void))
{
    on_begin = begin;
}

/* libc's number of threads, which it keeps for debuggers; NULL: not this one.
 */
static unsigned *thread_count;

/* libc ends a program when its last thread has ended, also where main() has
 * left by pthread_exit(). Ours are no reason to go on: they are not counted,
 * and who comes last without being counted does what libc does. */
static void
count_out(void)
{
    if (thread_count != NULL &&
        __atomic_fetch_sub(thread_count, 1, __ATOMIC_ACQ_REL) == 1) {
        exit(0);
    }
}

/* Before what libc or count_out() takes away. Where nobody is counted, the last
 * thread is in exit() already: one more is counted then and for ever, since
 * whoever came last again would call exit() beside it. */
static void
count_in(void)
{
    unsigned seen = 0;
    while (thread_count != NULL &&
           !__atomic_compare_exchange_n(thread_count, &seen,
                                        seen == 0 ? 2 : seen + 1, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    }
}

static void *
run_thread(void *arg)
{
    const start_t start = *(start_t *)arg;
    free(arg);
    count_out();
    if (on_begin != NULL) {
        on_begin();
    }
    pthread_setname_np(pthread_self(), rows[start.which].name);
    void *result = start.run(start.arg);
    atomic_fetch_sub(&running, 1);
    count_in();
    return result;
}

/* All but what must reach the CPU sampler and the application's crash handler.
 */
static void
choose_signals(sigset_t *blocked)
{
    static const int kept[] = { SIGPROF, SIGSEGV, SIGBUS,  SIGFPE,
                                SIGILL,  SIGABRT, SIGTRAP, SIGSYS };
    sigfillset(blocked);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        sigdelset(blocked, kept[i]);
    }
}

static size_t (*ask)(const pthread_attr_t *attr); /* NULL: not this glibc */

/* A child has none of them. */
static void
forget_threads(void)
{
    atomic_store(&running, 0);
}

/* Early: a thread that is stuck in dlopen() later must not keep ours from being
 * started. */
__attribute__((constructor(101))) static void
find_in_libc(void)
{
    void *address = evprof_look_up(RTLD_DEFAULT, "__pthread_get_minstack");
    memcpy(&ask, &address, sizeof(ask));
    thread_count = evprof_look_up(RTLD_DEFAULT, "__nptl_nthreads");
    (void)pthread_atfork(NULL, NULL, forget_threads);
}

/* What glibc itself needs of a stack, thread-local storage included. */
static size_t
least_stack(const pthread_attr_t *attr)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);
    size_t said = ask == NULL ? 0 : ask(attr);
    return least > 0 && (size_t)least > said ? (size_t)least : said;
}

static int
start_with(const pthread_attr_t *attr, pthread_t *out, start_t *start)
{
    sigset_t blocked;
    sigset_t saved;
    choose_signals(&blocked);
    pthread_sigmask(SIG_SETMASK, &blocked, &saved);
    atomic_fetch_add(&running, 1);
    count_in();
    int failure = pthread_create(out, attr, run_thread, start);
    count_out();
    atomic_fetch_sub(&running, failure == 0 ? 0 : 1);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    return failure;
}

int
evprof_own_thread_start(enum evprof_own_thread which, pthread_t *out,
                        void *(*run)(void *arg), void *arg)
{
    pthread_attr_t attr;
    start_t *start = malloc(sizeof(*start));
    int failure = start == NULL ? ENOMEM : pthread_attr_init(&attr);
    if (failure != 0) {
        free(start);
        return failure;
    }
    *start = (start_t){ which, run, arg };
    failure = pthread_attr_setstacksize(&attr, rows[which].stack_bytes +
                                                   least_stack(&attr));
    if (failure == 0) {
        failure = start_with(&attr, out, start);
    }
    pthread_attr_destroy(&attr);
    if (failure != 0) {
        free(start);
    }
    return failure;
}

unsigned
evprof_own_thread_count(void)
{
    return atomic_load(&running);
}

bool
evprof_own_thread_is(void *(*routine)(void *))
{
    return routine == run_thread;
}
