/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running tests. Each runs on a thread of its own while its parent waits. One
 * that calls evprof_parallel() lets its parent go on, and waits until the
 * parent's own body is over; then it and its like run together, at most
 * -parallel of them. A test is reported when all its sub-tests are.
 */
#include <stdlib.h>

#include "adapters/testing/junit.h"
#include "adapters/testing/state.h"
#include "adapters/testing/watch.h"
#include "core/base/clock.h"

/* How many parallel tests run now; `-parallel` is the limit. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    int64_t running;
} slots = { .lock = PTHREAD_MUTEX_INITIALIZER,
            .freed = PTHREAD_COND_INITIALIZER };

static void
take_slot(void)
{
    pthread_mutex_lock(&slots.lock);
    while (slots.running >= evprof_test_run.options.parallel) {
        pthread_cond_wait(&slots.freed, &slots.lock);
    }
    slots.running++;
    pthread_mutex_unlock(&slots.lock);
}

static void
give_slot(void)
{
    pthread_mutex_lock(&slots.lock);
    slots.running--;
    pthread_cond_signal(&slots.freed);
    pthread_mutex_unlock(&slots.lock);
}

static void
set_and_tell(struct evprof_tb_state *s, bool *flag)
{
    pthread_mutex_lock(&s->lock);
    *flag = true;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
}

void
evprof_parallel(evprof_tb_t *t)
{
    struct evprof_tb_state *s = t->state;
    if (s->is_parallel || s->is_benchmark) {
        return;
    }
    s->duration_ns += evprof_clock_ns(CLOCK_MONOTONIC) - s->start_ns;
    pthread_mutex_lock(&s->parent->lock);
    s->next_parallel = s->parent->parallel_subs;
    s->parent->parallel_subs = s;
    pthread_mutex_unlock(&s->parent->lock);
    if (evprof_test_run.options.verbose) {
        evprof_output_update(s->name, "=== PAUSE %s\n", s->name);
    }
    evprof_watch_leave(s);
    set_and_tell(s, &s->is_parallel);
    pthread_mutex_lock(&s->lock);
    while (!s->may_go) {
        pthread_cond_wait(&s->moved, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    take_slot();
    s->start_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    evprof_watch_enter(s);
    if (evprof_test_run.options.verbose) {
        evprof_output_update(s->name, "=== CONT  %s\n", s->name);
    }
}

static void
report(struct evprof_tb_state *s)
{
    evprof_junit_add(s);
    const char *word = evprof_failed(&s->tb)         ? "FAIL"
                       : atomic_load(&s->is_skipped) ? "SKIP"
                                                     : "PASS";
    if (evprof_failed(&s->tb) || evprof_test_run.options.verbose) {
        evprof_output_report(s, "--- %s: %s (%.2fs)\n", word, s->name,
                             (double)s->duration_ns / 1e9);
    }
}

/* Lets the waiting sub-tests go, in the order they came, and joins them. */
static void
run_parallel_subs(struct evprof_tb_state *s)
{
    struct evprof_tb_state *first = NULL;
    while (s->parallel_subs != NULL) {
        struct evprof_tb_state *sub = s->parallel_subs;
        s->parallel_subs = sub->next_parallel;
        sub->next_parallel = first;
        first = sub;
    }
    for (struct evprof_tb_state *sub = first; sub; sub = sub->next_parallel) {
        set_and_tell(sub, &sub->may_go);
    }
    while (first != NULL) {
        struct evprof_tb_state *next = first->next_parallel;
        pthread_join(first->thread, NULL);
        evprof_tb_free(first);
        first = next;
    }
}

static void *
test_thread(void *arg)
{
    struct evprof_tb_state *s = arg;
    /* Before it can be found by the watch, which reads it. */
    s->start_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    evprof_watch_enter(s);
    evprof_tb_protect(s, evprof_tb_call);
    s->duration_ns += evprof_clock_ns(CLOCK_MONOTONIC) - s->start_ns;
    if (s->parallel_subs != NULL) {
        if (s->is_parallel) {
            give_slot();
        }
        run_parallel_subs(s);
        if (s->is_parallel) {
            take_slot();
        }
    }
    s->start_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    evprof_tb_clean_up(s);
    s->duration_ns += evprof_clock_ns(CLOCK_MONOTONIC) - s->start_ns;
    evprof_watch_leave(s);
    report(s);
    if (s->is_parallel) {
        give_slot();
    }
    set_and_tell(s, &s->is_done);
    return NULL;
}

/* Starts `s` and waits until it is over or has said that it is parallel. */
static bool
start(struct evprof_tb_state *s)
{
    if (evprof_test_run.options.verbose) {
        evprof_output_update(s->name, "=== RUN   %s\n", s->name);
    }
    atomic_fetch_add(&evprof_test_run.ran, 1);
    pthread_t thread = evprof_testing_thread(test_thread, s);
    pthread_mutex_lock(&s->lock);
    while (!s->is_done && !s->is_parallel) {
        pthread_cond_wait(&s->moved, &s->lock);
    }
    bool is_over = !s->is_parallel;
    pthread_mutex_unlock(&s->lock);
    bool ok = !evprof_failed(&s->tb);
    if (is_over) {
        pthread_join(thread, NULL);
        evprof_tb_free(s);
    }
    return ok;
}

static bool
may_start(void)
{
    return !evprof_test_run.options.failfast ||
           !atomic_load(&evprof_test_run.any_failed);
}

bool
evprof_run_sub_test(struct evprof_tb_state *parent, const char *name,
                    void (*fn)(evprof_tb_t *, void *), void *arg)
{
    char *full =
        evprof_matcher_sub_name(evprof_test_run.match, parent->name, name);
    bool ok = true;
    if (full != NULL && may_start() &&
        evprof_matcher_test(evprof_test_run.match, full) != EVPROF_MATCH_NO) {
        struct evprof_tb_state *s = evprof_tb_new(parent, full);
        s->sub = fn;
        s->arg = arg;
        ok = start(s);
        if (evprof_test_run.options.json) {
            evprof_output_update(parent->name, "=== NAME  %s\n", parent->name);
        }
    }
    free(full);
    return ok;
}

bool
evprof_run_tests(evprof_testing_entry_t *const *entries, size_t count)
{
    struct evprof_tb_state *root = evprof_tb_new(NULL, "");
    for (size_t i = 0; i < count; i++) {
        if (entries[i]->is_benchmark || !may_start() ||
            evprof_matcher_test(evprof_test_run.match, entries[i]->name) ==
                EVPROF_MATCH_NO) {
            continue;
        }
        struct evprof_tb_state *s = evprof_tb_new(root, entries[i]->name);
        s->entry = entries[i]->run;
        start(s);
    }
    run_parallel_subs(root);
    bool ok = !evprof_failed(&root->tb);
    evprof_tb_free(root);
    return ok;
}
