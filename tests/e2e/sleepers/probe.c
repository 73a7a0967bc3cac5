/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For LD_PRELOAD: compares, in whatever program it is loaded into, the stack of
 * each sleeping thread as it is walked from outside with the one that the
 * thread's own handler takes in the same sleep. Says what it found on the
 * standard error and ends the program: 0 when no stack was wrong, 1 when one
 * was, 2 when there was nothing to compare.
 *
 * EVPROF_PROBE_MS is how long the program is left alone at first, and
 * EVPROF_PROBE_ROUNDS how often its threads are looked at.
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/own_thread.h"
#include "core/sample/ask.h"
#include "core/sample/sleeper.h"
#include "core/sample/tap.h"

#define ANSWER_NS INT64_C(50000000)

/* Rounds until there is something to compare. */
enum { PATIENCE = 500 };

static struct {
    size_t stacks;  /* compared */
    size_t equal;   /* of those */
    size_t broken;  /* that end early, with a mark */
    size_t wrong;   /* that have a frame which is not there */
    size_t frames;  /* of the stacks that handlers took */
    size_t right;   /* of those, found from outside */
    size_t bad_too; /* stacks that the handler could not follow either */
} sums;

static struct {
    atomic_bool is_there;
    size_t count;
    unsigned flags;
    uintptr_t pcs[EVPROF_SLEEPER_DEPTH];
} answer;

static evprof_sleeper_t sleeper;

static void
take_answer(void *ctx, const evprof_record_t *record)
{
    (void)ctx;
    answer.count = record->count;
    answer.flags = record->flags;
    memcpy(answer.pcs, record->pcs, record->count * sizeof(*record->pcs));
    atomic_store(&answer.is_there, true);
}

static long
number_of(const char *name, long by_default)
{
    const char *text = getenv(name);
    return text == NULL ? by_default : strtol(text, NULL, 10);
}

static void
rest(long ms)
{
    const struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&time, NULL);
}

static bool
ask(evprof_thread_t *thread, uint32_t generation)
{
    atomic_store(&answer.is_there, false);
    if (evprof_ask_sleeper(EVPROF_TAP_THREADS, thread, generation) !=
        EVPROF_OK) {
        return false;
    }
    int64_t end_ns = evprof_clock_ns(CLOCK_MONOTONIC) + ANSWER_NS;
    while (!atomic_load(&answer.is_there) &&
           evprof_clock_ns(CLOCK_MONOTONIC) < end_ns) {
        rest(1);
        evprof_tap_flush();
    }
    return atomic_load(&answer.is_there);
}

static void
print_stack(const char *whose, const uintptr_t *pcs, size_t count)
{
    fprintf(stderr, "  %s:", whose);
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, " %" PRIxPTR, pcs[i]);
    }
    fprintf(stderr, "\n");
}

/* Whether the last frame says only that the stack is not whole. */
static size_t
without_mark(size_t count, unsigned flags)
{
    return (flags & (EVPROF_WALK_BROKEN | EVPROF_WALK_TRUNCATED)) != 0 &&
                   count > 0
               ? count - 1
               : count;
}

/* The first frame is not compared: a call that goes on after the signal has its
 * pc at its beginning. */
static void
compare(void)
{
    size_t outside = without_mark(sleeper.count, sleeper.flags);
    size_t inside = without_mark(answer.count, answer.flags);
    size_t same = 1;
    while (same < outside && same < inside &&
           sleeper.pcs[same] == answer.pcs[same]) {
        same++;
    }
    bool inside_is_broken = (answer.flags & EVPROF_WALK_BROKEN) != 0;
    bool is_equal = same == inside && same == outside;
    sums.stacks++;
    sums.bad_too += inside_is_broken;
    sums.frames += inside;
    sums.right += same;
    sums.equal += is_equal;
    if (is_equal) {
        return;
    }
    bool is_broken = (sleeper.flags & EVPROF_WALK_BROKEN) != 0;
    /* Where the handler gave up, nothing says what is right. */
    bool is_wrong = same < outside && !(inside_is_broken && same == inside);
    sums.broken += is_broken && !is_wrong;
    sums.wrong += is_wrong || !is_broken;
    if (getenv("EVPROF_PROBE_QUIET") == NULL || is_wrong) {
        fprintf(stderr, " thread %d: %s at frame %zu\n", (int)sleeper.tid,
                is_wrong ? "WRONG" : "broken", same);
        print_stack("outside", sleeper.pcs, sleeper.count);
        print_stack("handler", answer.pcs, answer.count);
    }
}

/* Whether the thread was asked in the sleep that it was walked in: then the
 * same call stands at the same place after it. */
static bool
is_same_sleep(void)
{
    evprof_thread_info_t now;
    return evprof_thread_read_call(sleeper.tid, &now) == EVPROF_OK &&
           now.sp == sleeper.task.sp && now.pc == sleeper.task.pc;
}

static void
look(evprof_outside_t *outside, evprof_thread_t *thread)
{
    evprof_thread_info_t task;
    sleeper.index = thread->index;
    sleeper.generation = atomic_load(&thread->generation);
    sleeper.tid = atomic_load(&thread->tid);
    evprof_sleepers_walk(outside, &sleeper, 1);
    if (sleeper.status != EVPROF_SLEEPER_WALKED ||
        evprof_thread_read_status(sleeper.tid, &task) != EVPROF_OK ||
        task.holds_sigprof_back || task.state != 'S' ||
        evprof_thread_cpu_ns(sleeper.tid) != sleeper.cpu_ns) {
        return;
    }
    uint64_t sleeps = task.switches;
    if (ask(thread, sleeper.generation) && is_same_sleep() &&
        evprof_thread_read_status(sleeper.tid, &task) == EVPROF_OK &&
        task.switches - sleeps <= 1) {
        compare();
    }
}

static void
look_at_all(evprof_outside_t *outside)
{
    (void)evprof_thread_scan();
    const uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit; i++) {
        if (evprof_thread_is_application(evprof_thread_at(i))) {
            look(outside, evprof_thread_at(i));
        }
    }
}

static void *
probe(void *unused)
{
    const evprof_tap_t tap = { .unwinder = evprof_unwinder_find("auto"),
                               .depth = EVPROF_SLEEPER_DEPTH,
                               .uses_signals = true,
                               .sink = take_answer };
    rest(number_of("EVPROF_PROBE_MS", 300));
    evprof_outside_t *outside = evprof_outside_new();
    evprof_error_t err;
    if (evprof_tap_open(EVPROF_TAP_THREADS, &tap, &err) != EVPROF_OK) {
        fprintf(stderr, "probe: %s\n", err.message);
        _exit(2);
    }
    long rounds = number_of("EVPROF_PROBE_ROUNDS", 20);
    /* On a busy machine an answer may not come in time. */
    for (long i = 0; i < rounds || (sums.stacks == 0 && i < PATIENCE); i++) {
        look_at_all(outside);
        rest(number_of("EVPROF_PROBE_REST_MS", 5));
    }
    fprintf(stderr,
            "probe: %zu stacks, %zu equal, %zu broken, %zu wrong; %zu of %zu "
            "frames (%.2f %%); %zu broken for the handler too\n",
            sums.stacks, sums.equal, sums.broken, sums.wrong, sums.right,
            sums.frames,
            sums.frames == 0 ? 0.0
                             : 100.0 * (double)sums.right / (double)sums.frames,
            sums.bad_too);
    _exit(sums.stacks == 0 ? 2 : sums.wrong > 0);
    return unused;
}

__attribute__((constructor)) static void
begin(void)
{
    pthread_t thread;
    if (evprof_own_thread_start(EVPROF_OWN_WORKER, &thread, probe, NULL) == 0) {
        pthread_detach(thread);
    }
}
