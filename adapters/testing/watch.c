/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A crash handler may not write profiles: the thread it interrupts may hold the
 * allocator's lock. So the handler only walks its stack, tells the watching
 * thread by a semaphore, and waits; the watching thread, which is well, does
 * the talking and writing. An alarm ends the process should that hang after
 * all.
 */
#include "adapters/testing/watch.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <evprof/evprof.h>

#include "adapters/testing/junit.h"
#include "adapters/testing/profiles.h"
#include "adapters/testing/stack.h"
#include "adapters/testing/state.h"
#include "core/base/clock.h"
#include "core/base/flag_text.h"

/* How long writing profiles after a crash may take. */
#define RESCUE_SECONDS 20

/* Room for a handler on a stack that has overflowed. */
#define ALT_STACK_SIZE ((size_t)65536)

static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };

static struct {
    pthread_t thread;
    sem_t wake;
    int64_t timeout_ns;
    void (*finish)(const char *remark);
    atomic_int crash_signal;
    atomic_bool is_over;
    evprof_crash_stack_t stack;
    struct evprof_tb_state *crashed;

    pthread_mutex_t lock; /* guards the list of running tests */
    struct evprof_tb_state *running;
} watch = { .lock = PTHREAD_MUTEX_INITIALIZER };

static _Thread_local struct evprof_tb_state *current;
static _Thread_local void *alt_stack;

void
evprof_watch_enter(struct evprof_tb_state *s)
{
    if (alt_stack == NULL) {
        alt_stack = malloc(ALT_STACK_SIZE);
        if (alt_stack != NULL) {
            sigaltstack(
                &(stack_t){ .ss_sp = alt_stack, .ss_size = ALT_STACK_SIZE },
                NULL);
        }
    }
    current = s;
    pthread_mutex_lock(&watch.lock);
    s->next_running = watch.running;
    s->previous_running = NULL;
    if (watch.running != NULL) {
        watch.running->previous_running = s;
    }
    watch.running = s;
    pthread_mutex_unlock(&watch.lock);
}

void
evprof_watch_leave(struct evprof_tb_state *s)
{
    current = NULL;
    pthread_mutex_lock(&watch.lock);
    if (s->next_running != NULL) {
        s->next_running->previous_running = s->previous_running;
    }
    if (s->previous_running != NULL) {
        s->previous_running->next_running = s->next_running;
    } else {
        watch.running = s->next_running;
    }
    pthread_mutex_unlock(&watch.lock);
    if (alt_stack != NULL) {
        sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
        free(alt_stack);
        alt_stack = NULL;
    }
}

static void
on_crash(int signal, siginfo_t *info, void *context)
{
    (void)info;
    int none = 0;
    if (atomic_compare_exchange_strong(&watch.crash_signal, &none, signal)) {
        evprof_crash_stack_take(&watch.stack, context);
        watch.crashed = current;
        sem_post(&watch.wake);
    }
    for (;;) {
        pause();
    }
}

/* Prints the lines of a test that did not end. */
static void
report_failed(struct evprof_tb_state *s)
{
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    s->duration_ns += now_ns - s->start_ns;
    evprof_fail_test(&s->tb);
    printf("%s--- FAIL: %s (%.2fs)\n", evprof_output_mark(), s->name,
           (double)s->duration_ns / 1e9);
    evprof_junit_add(s);
}

static const char *
text_of(const evprof_buf_t *text)
{
    return text->failed ? "" : text->data;
}

static void
end_timed_out(void)
{
    evprof_buf_t text = { 0 };
    fflush(stdout);
    evprof_flag_put_duration(&text, watch.timeout_ns);
    fprintf(stderr, "panic: test timed out after %s\n", text_of(&text));
    pthread_mutex_lock(&watch.lock);
    if (watch.running != NULL) {
        fputs("running tests:\n", stderr);
    }
    for (struct evprof_tb_state *s = watch.running; s; s = s->next_running) {
        int64_t run_ns = evprof_clock_ns(CLOCK_MONOTONIC) - s->start_ns;
        evprof_buf_clear(&text);
        evprof_flag_put_duration(&text, run_ns / 10000000 * 10000000);
        fprintf(stderr, "\t%s (%s)\n", s->name, text_of(&text));
    }
    evprof_buf_free(&text);
    fputc('\n', stderr);
    for (struct evprof_tb_state *s = watch.running; s; s = s->next_running) {
        report_failed(s);
    }
    pthread_mutex_unlock(&watch.lock);
    printf("%sFAIL\n", evprof_output_mark());
    fflush(stdout);
    watch.finish("testing: this run took longer than -timeout");
    evprof_profiles_dump_threads();
    _exit(2);
}

static void
end_crashed(int signal)
{
    fflush(stdout);
    fprintf(stderr, "panic: %s%s%s\n\n", strsignal(signal),
            watch.crashed == NULL ? "" : " in ",
            watch.crashed == NULL ? "" : watch.crashed->name);
    evprof_crash_stack_print(&watch.stack);
    if (watch.crashed != NULL) {
        report_failed(watch.crashed);
    }
    printf("%sFAIL\n", evprof_output_mark());
    fflush(stdout);
    watch.finish("testing: this run crashed");
    _exit(2);
}

static void *
watch_thread(void *arg)
{
    (void)arg;
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    int64_t ns = deadline.tv_nsec + watch.timeout_ns;
    deadline.tv_sec += ns / 1000000000;
    deadline.tv_nsec = ns % 1000000000;
    int waited;
    do {
        waited = watch.timeout_ns > 0 ? sem_timedwait(&watch.wake, &deadline)
                                      : sem_wait(&watch.wake);
    } while (waited != 0 && errno == EINTR);
    if (atomic_load(&watch.is_over)) {
        return NULL;
    }
    alarm(RESCUE_SECONDS);
    int signal = atomic_load(&watch.crash_signal);
    if (signal != 0) {
        end_crashed(signal);
    }
    end_timed_out();
    return NULL;
}

void
evprof_watch_start(int64_t timeout_ns, void (*finish)(const char *remark))
{
    watch.timeout_ns = timeout_ns;
    watch.finish = finish;
    sem_init(&watch.wake, 0, 0);
    struct sigaction action = { .sa_sigaction = on_crash,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(crash_signals) / sizeof(int); i++) {
        sigaction(crash_signals[i], &action, NULL);
    }
    watch.thread = evprof_testing_thread(watch_thread, NULL);
}

void
evprof_watch_stop(void)
{
    atomic_store(&watch.is_over, true);
    sem_post(&watch.wake);
    pthread_join(watch.thread, NULL);
    for (size_t i = 0; i < sizeof(crash_signals) / sizeof(int); i++) {
        signal(crash_signals[i], SIG_DFL);
    }
    sem_destroy(&watch.wake);
}
