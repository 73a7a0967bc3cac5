/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that are stuck: who waits for which lock and who has it, circles of
 * such waits, locks whose owner has ended, and waits that last long. Nothing is
 * recorded for it: the threads are looked at when somebody asks, or every
 * `check_every`, by a thread of ours that logs what it finds, once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <evprof/module.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/json.h"
#include "core/base/lock.h"
#include "core/base/own_thread.h"
#include "core/runtime/service.h"
#include "core/runtime/switched_on.h"
#include "core/runtime/symbols.h"
#include "core/runtime/text_threads.h"
#include "core/sample/blocked.h"
#include "core/sample/threads.h"

#define SECOND_NS INT64_C(1000000000)

/* ?debug=N beyond text. */
enum { DEBUG_ALL = 2, DEBUG_JSON = 3 };

typedef struct deadlock_conf {
    long long stuck_ns;
    long long check_ns; /* 0: never */
} deadlock_conf_t;

static const char *
set_check(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    deadlock_conf_t *own = conf;
    (void)d;
    own->check_ns = 0;
    if (strcmp(evprof_conf_arg(cf, 0), "off") == 0) {
        return NULL;
    }
    const char *problem = evprof_conf_time_ns(cf, 0, &own->check_ns);
    return problem == NULL && own->check_ns < SECOND_NS
               ? "must be off, or at least 1s"
               : problem;
}

static const evprof_directive_t directives[] = {
    { .name = "stuck_after",
      .args = "TIME",
      .help = "A wait for a lock that lasts longer is told of.",
      .by_default = "10s",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(deadlock_conf_t, stuck_ns),
      .min = 1000000,
      .max = 3600 * SECOND_NS,
      .set = evprof_set_time_ns },
    { .name = "check_every",
      .args = "off|TIME",
      .help = "Looks for threads that are stuck so often, and logs those that "
              "it finds.",
      .by_default = "off",
      .min_args = 1,
      .max_args = 1,
      .set = set_check },
    EVPROF_DIRECTIVE_END,
};

typedef struct deadlock {
    deadlock_conf_t conf;
    evprof_t *prof;
    pthread_t thread;
    pid_t process; /* the process that has the thread; 0: there is none */
    _Atomic uint32_t is_stopping;
    uint64_t logged; /* hash of what was logged last */
    _Atomic uint64_t checks;
    /* Of the last look, by a request or a check: the status page and the index
     * are read often and must not take a dump of all threads. */
    _Atomic uint64_t looks;
    _Atomic size_t last[EVPROF_BLOCKED_WHYS];
    _Atomic size_t last_cycles;
} deadlock_t;

/* ---- Looking ---- */

typedef struct look {
    evprof_dump_t dump;
    evprof_blocked_t *waits;
    size_t count;
    size_t of[EVPROF_BLOCKED_WHYS]; /* how many there are of each */
    size_t cycles;
} look_t;

static void
forget(look_t *look)
{
    free(look->waits);
    evprof_dump_free(&look->dump);
}

static int
take(deadlock_t *own, look_t *out, evprof_error_t *err)
{
    *out = (look_t){ .waits = NULL };
    int status = evprof_dump_take(&out->dump, false, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_dump_describe(&out->dump);
    status = evprof_blocked_find(&out->dump, own->conf.stuck_ns, &out->waits,
                                 &out->count);
    if (status != EVPROF_OK) {
        forget(out);
        return evprof_fail(err, status, "deadlock: out of memory");
    }
    for (size_t i = 0; i < out->count; i++) {
        const evprof_blocked_t *wait = &out->waits[i];
        out->of[wait->why]++;
        out->cycles = wait->cycle > out->cycles ? wait->cycle : out->cycles;
    }
    for (size_t i = 0; i < EVPROF_BLOCKED_WHYS; i++) {
        atomic_store(&own->last[i], out->of[i]);
    }
    atomic_store(&own->last_cycles, out->cycles);
    atomic_fetch_add(&own->looks, 1);
    return EVPROF_OK;
}

/* ---- In words ---- */

static void
put_time(evprof_buf_t *out, const evprof_blocked_t *wait)
{
    evprof_buf_printf(out, ", for %s%.3fs", wait->is_exact ? "" : "at least ",
                      (double)wait->waited_ns / SECOND_NS);
}

/* "thread 12 (worker) waits for mutex 0x1f held by thread 13 (writer)". */
static void
put_wait(evprof_buf_t *out, const look_t *look, const evprof_blocked_t *wait)
{
    const evprof_dump_thread_t *thread = &look->dump.threads[wait->thread];
    evprof_buf_printf(out, "thread %d (%s) waits for ", (int)thread->tid,
                      thread->task.name);
    if (wait->kind == EVPROF_WAIT_JOIN) {
        evprof_buf_puts(out, "the end of");
    } else {
        evprof_buf_printf(out, "%s 0x%" PRIxPTR "%s", evprof_blocked_kind(wait),
                          wait->object, wait->holder != 0 ? " held by" : "");
    }
    if (wait->holder_thread != EVPROF_BLOCKED_NOBODY) {
        evprof_buf_printf(out, " thread %d (%s)", (int)wait->holder,
                          look->dump.threads[wait->holder_thread].task.name);
    } else if (wait->holder != 0) {
        evprof_buf_printf(
            out, " thread %d%s", (int)wait->holder,
            wait->why == EVPROF_BLOCKED_ENDED ? ", which has ended" : "");
    }
    put_time(out, wait);
}

static void
put_sums(evprof_buf_t *out, size_t cycles, const size_t of[EVPROF_BLOCKED_WHYS])
{
    evprof_buf_printf(
        out,
        "cycles: %zu\nthreads_in_cycles: %zu\nwaits_for_ended_threads: %zu\n"
        "long_waits: %zu\nother_waits: %zu\n",
        cycles, of[EVPROF_BLOCKED_CYCLE], of[EVPROF_BLOCKED_ENDED],
        of[EVPROF_BLOCKED_LONG], of[EVPROF_BLOCKED_WAITS]);
}

static void
put_waits(evprof_buf_t *out, const look_t *look, enum evprof_blocked_why why,
          const char *heading)
{
    size_t last = 0;
    for (size_t cycle = 0; cycle <= look->cycles; cycle++) {
        for (size_t i = 0; i < look->count; i++) {
            const evprof_blocked_t *wait = &look->waits[i];
            if (wait->why != why || wait->cycle != cycle) {
                continue;
            }
            if (heading != NULL || cycle != last) {
                evprof_buf_printf(
                    out, "\n%s\n",
                    heading != NULL ? heading : "these wait for each other:");
            }
            heading = NULL;
            last = cycle;
            put_wait(out, look, wait);
            evprof_buf_putc(out, '\n');
        }
    }
}

/* Keeps in the dump only threads that are stuck or that others wait for. */
static int
put_stacks(evprof_buf_t *out, const look_t *look, bool takes_all,
           evprof_error_t *err)
{
    evprof_dump_t some = look->dump;
    bool *wanted = calloc(look->dump.count + 1, sizeof(*wanted));
    some.threads = calloc(look->dump.count + 1, sizeof(*some.threads));
    some.count = 0;
    int status =
        wanted == NULL || some.threads == NULL ? EVPROF_ENOMEM : EVPROF_OK;
    for (size_t i = 0; i < look->count && status == EVPROF_OK; i++) {
        const evprof_blocked_t *wait = &look->waits[i];
        if (takes_all || wait->why != EVPROF_BLOCKED_WAITS) {
            wanted[wait->thread] = true;
            if (wait->holder_thread != EVPROF_BLOCKED_NOBODY) {
                wanted[wait->holder_thread] = true;
            }
        }
    }
    for (size_t i = 0; i < look->dump.count && status == EVPROF_OK; i++) {
        if (wanted[i]) {
            some.threads[some.count++] = look->dump.threads[i];
        }
    }
    if (status == EVPROF_OK && some.count > 0) {
        evprof_buf_putc(out, '\n');
        status = evprof_text_threads(&some, 0, out, err);
    }
    free(some.threads);
    free(wanted);
    return status;
}

static int
put_text(evprof_buf_t *out, const look_t *look, bool takes_all,
         evprof_error_t *err)
{
    put_sums(out, look->cycles, look->of);
    put_waits(out, look, EVPROF_BLOCKED_CYCLE, NULL);
    put_waits(out, look, EVPROF_BLOCKED_ENDED,
              "these wait for locks of threads that have ended:");
    put_waits(out, look, EVPROF_BLOCKED_LONG, "these wait long:");
    if (takes_all) {
        put_waits(out, look, EVPROF_BLOCKED_WAITS, "these wait:");
    }
    return put_stacks(out, look, takes_all, err);
}

/* ---- As JSON ---- */

static const char *const whys[EVPROF_BLOCKED_WHYS] = { "waits", "long", "ended",
                                                       "cycle" };

static void
put_json_stack(evprof_buf_t *out, const evprof_stack_t *stack)
{
    evprof_buf_putc(out, '[');
    (void)evprof_symbols_prepare(stack->pcs, stack->count);
    for (size_t i = 0; i < stack->count; i++) {
        const char *name = evprof_symbols_name(stack->pcs[i]);
        evprof_buf_puts(out, i > 0 ? "," : "");
        evprof_json_string(out, name != NULL ? name : "");
    }
    evprof_buf_putc(out, ']');
}

static void
put_json_thread(evprof_buf_t *out, const char *key,
                const evprof_dump_thread_t *thread)
{
    evprof_buf_printf(out, "\"%s\":{\"tid\":%d,\"name\":", key,
                      (int)thread->tid);
    evprof_json_string(out, thread->task.name);
    evprof_buf_puts(out, ",\"stack\":");
    put_json_stack(out, &thread->stack);
    evprof_buf_putc(out, '}');
}

static void
put_json(evprof_buf_t *out, const look_t *look)
{
    evprof_buf_printf(out, "{\"cycles\":%zu,\"waits\":[", look->cycles);
    for (size_t i = 0; i < look->count; i++) {
        const evprof_blocked_t *wait = &look->waits[i];
        evprof_buf_printf(out,
                          "%s{\"why\":\"%s\",\"cycle\":%zu,\"kind\":\"%s\","
                          "\"lock\":\"0x%" PRIxPTR "\",\"waited_ns\":%" PRId64
                          ",\"is_exact\":%s,",
                          i > 0 ? "," : "", whys[wait->why], wait->cycle,
                          evprof_blocked_kind(wait), wait->object,
                          wait->waited_ns, wait->is_exact ? "true" : "false");
        put_json_thread(out, "thread", &look->dump.threads[wait->thread]);
        if (wait->holder_thread != EVPROF_BLOCKED_NOBODY) {
            evprof_buf_putc(out, ',');
            put_json_thread(out, "holder",
                            &look->dump.threads[wait->holder_thread]);
        } else if (wait->holder != 0) {
            evprof_buf_printf(out, ",\"holder\":{\"tid\":%d}",
                              (int)wait->holder);
        }
        evprof_buf_putc(out, '}');
    }
    evprof_buf_puts(out, "]}\n");
}

/* ---- As a profile ---- */

static int
add_sample(evprof_builder_t *out, const look_t *look, size_t thread,
           const evprof_blocked_t *wait, const char *role, int64_t waited_ns)
{
    char lock[32];
    const int64_t values[] = { 1, waited_ns };
    const evprof_sample_label_t labels[] = {
        { .key = "holder", .number = wait->holder },
        { .key = "kind", .text = evprof_blocked_kind(wait) },
        { .key = "lock", .text = lock },
        { .key = "role", .text = role },
        { .key = "tid", .number = look->dump.threads[thread].tid },
        { .key = "why", .text = whys[wait->why] },
    };
    (void)snprintf(lock, sizeof(lock), "0x%" PRIxPTR, wait->object);
    return evprof_builder_add(out, &look->dump.threads[thread].stack, labels,
                              sizeof(labels) / sizeof(labels[0]), values);
}

static int
write_profile(const look_t *look, evprof_builder_t *out)
{
    int status = evprof_builder_type(out, "threads", "count");
    if (status == EVPROF_OK) {
        status = evprof_builder_type(out, "waited", "nanoseconds");
    }
    if (status == EVPROF_OK) {
        status = evprof_builder_period(out, "threads", "count", 1);
    }
    evprof_builder_time(out, 0, 0);
    for (size_t i = 0; i < look->count && status == EVPROF_OK; i++) {
        const evprof_blocked_t *wait = &look->waits[i];
        status = add_sample(out, look, wait->thread, wait, "waiter",
                            wait->waited_ns);
        if (status == EVPROF_OK &&
            wait->holder_thread != EVPROF_BLOCKED_NOBODY) {
            status =
                add_sample(out, look, wait->holder_thread, wait, "holder", 0);
        }
    }
    return status;
}

/* ---- Checking by itself ---- */

/* Logs one line. The same threads at the same locks are logged once. */
static void
log_stuck(deadlock_t *own, const look_t *look)
{
    uint64_t hash = 0;
    evprof_buf_t line = { 0 };
    for (size_t i = 0; i < look->count; i++) {
        const evprof_blocked_t *wait = &look->waits[i];
        if (wait->why == EVPROF_BLOCKED_WAITS) {
            continue;
        }
        hash ^= evprof_hash_mix(wait->object ^
                                (uint64_t)look->dump.threads[wait->thread].tid
                                    << 40 ^
                                (uint64_t)wait->why);
        evprof_buf_puts(&line, line.len > 0 ? "; " : "");
        put_wait(&line, look, wait);
        evprof_buf_puts(&line, wait->cycle != 0 ? ", in a circle" : "");
    }
    bool is_news = hash != 0 && hash != own->logged;
    if (is_news && !line.failed) {
        evprof_log(own->prof, EVPROF_LOG_WARN, "deadlock: %s", line.data);
    }
    own->logged = hash;
    evprof_buf_free(&line);
}

static void *
check(void *arg)
{
    deadlock_t *own = arg;
    while (atomic_load(&own->is_stopping) == 0) {
        look_t look;
        if (take(own, &look, NULL) == EVPROF_OK) {
            log_stuck(own, &look);
            atomic_fetch_add(&own->checks, 1);
            forget(&look);
        }
        evprof_futex_wait(&own->is_stopping, 0,
                          evprof_clock_ns(CLOCK_MONOTONIC) +
                              own->conf.check_ns);
    }
    return NULL;
}

/* ---- Hooks ---- */

static int
init(const void *conf, void **state, evprof_error_t *err)
{
    deadlock_t *own = calloc(1, sizeof(*own));
    if (own == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "deadlock: out of memory");
    }
    own->conf = *(const deadlock_conf_t *)conf;
    own->prof = evprof_switching();
    if (own->conf.check_ns > 0) {
        int status = evprof_service_start(EVPROF_OWN_DEADLOCK, &own->thread,
                                          check, own, err);
        if (status != EVPROF_OK) {
            free(own);
            return status;
        }
        own->process = getpid();
    }
    *state = own;
    return EVPROF_OK;
}

/* The child of a fork has no such thread. */
static void
fini(void *state)
{
    deadlock_t *own = state;
    if (own->process == getpid()) {
        atomic_store(&own->is_stopping, 1);
        evprof_futex_wake(&own->is_stopping);
        evprof_thread_join_ours(own->thread);
    }
    free(own);
}

static int
snapshot(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
         evprof_error_t *err)
{
    look_t look;
    (void)ask;
    int status = take(state, &look, err);
    if (status == EVPROF_OK) {
        status = write_profile(&look, out);
        forget(&look);
    }
    return status;
}

static int
text(void *state, const evprof_ask_t *ask, const evprof_writer_t *out,
     evprof_error_t *err)
{
    look_t look;
    evprof_buf_t lines = { .is_bulk = true };
    int status = take(state, &look, err);
    if (status != EVPROF_OK) {
        return status;
    }
    if (ask->debug == DEBUG_JSON) {
        put_json(&lines, &look);
    } else {
        status = put_text(&lines, &look, ask->debug >= DEBUG_ALL, err);
    }
    if (status == EVPROF_OK) {
        status = evprof_buf_write(&lines, out);
    }
    evprof_buf_free(&lines);
    forget(&look);
    return status;
}

/* How many threads the last look found stuck. */
static size_t
last_stuck(const deadlock_t *own)
{
    size_t stuck = 0;
    for (size_t i = 0; i < EVPROF_BLOCKED_WHYS; i++) {
        stuck += i == EVPROF_BLOCKED_WAITS ? 0 : atomic_load(&own->last[i]);
    }
    return stuck;
}

static int
status(void *state, const evprof_writer_t *out)
{
    const deadlock_t *own = state;
    size_t of[EVPROF_BLOCKED_WHYS];
    evprof_buf_t lines = { .is_bulk = true };
    for (size_t i = 0; i < EVPROF_BLOCKED_WHYS; i++) {
        of[i] = atomic_load(&own->last[i]);
    }
    evprof_buf_printf(&lines, "checks: %" PRIu64 "\nlooks: %" PRIu64 "\n",
                      atomic_load(&own->checks), atomic_load(&own->looks));
    put_sums(&lines, atomic_load(&own->last_cycles), of);
    if (last_stuck(own) > 0) {
        evprof_buf_puts(&lines, "warning: threads are stuck, see ?debug=1\n");
    }
    int result = evprof_buf_write(&lines, out);
    evprof_buf_free(&lines);
    return result;
}

static long
count(void *state)
{
    const deadlock_t *own = state;
    return atomic_load(&own->looks) == 0 ? -1 : (long)last_stuck(own);
}

const evprof_module_t evprof_profile_deadlock = {
    .abi = EVPROF_MODULE_ABI,
    .name = "deadlock",
    .full_text = "all waits for locks",
    .summary = "Threads that are stuck: who waits for which lock, and who has "
               "it.",
    .directives = directives,
    .conf_size = sizeof(deadlock_conf_t),
    .init = init,
    .snapshot = snapshot,
    .text = text,
    .status = status,
    .count = count,
    .fini = fini,
};
