/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pusher is one thread: it takes profiles at fixed times, puts them into
 * the queue, and sends from the queue whenever it can. New windows of cpu and
 * wall are opened before the old ones are closed, so that no time is left out.
 *
 * At the end it closes the windows once more, which are kept in any case, and
 * sends as much as the time allows. What is under way then has a part of that
 * time, lest an engine that never answers take all of it.
 *
 * After a failure it waits, twice as long each time up to a bound. A random
 * part of each pause keeps the processes of a fleet from coming back all at
 * once.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "adapters/push/delta.h"
#include "adapters/push/message.h"
#include "adapters/push/queue.h"
#include "adapters/push/send.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/lock.h"
#include "core/runtime/push.h"
#include "core/runtime/service.h"

#define SECOND_NS INT64_C(1000000000)
#define FIRST_PAUSE_NS (SECOND_NS / 4)
#define LONGEST_PAUSE_NS (30 * SECOND_NS)
#define MEMORY_BYTES ((uint64_t)16 << 20)
#define TIMEOUT_S 10
/* The part of the time at the end that an attempt under way may take. */
#define CUT_PART 4

/* One of `profiles`. */
typedef struct kind {
    const char *profile;
    void *window; /* of cpu and wall; NULL: none is open */
    evprof_delta_t delta;
    bool has_failed; /* it was said that it cannot be had */
} kind_t;

enum { KINDS_MAX = 16 };

typedef struct counters {
    uint64_t taken;
    uint64_t sent;
    uint64_t retries;
    uint64_t refused;
    uint64_t untaken; /* profiles that could not be had */
} counters_t;

typedef struct pusher {
    const evprof_push_host_t *host;
    pthread_t thread;
    bool has_thread;
    _Atomic uint32_t is_stopping; /* a futex, with `wakes` */
    _Atomic uint32_t wakes;
    _Atomic int64_t end_ns;   /* by when it must have ended; 0: it goes on */
    _Atomic int64_t cut_ns;   /* when what is under way then is cut off */
    _Atomic uint32_t is_done; /* the thread has ended; a futex */
    evprof_lock_t lock;       /* guards the queue and the counters */
    evprof_queue_t *queue;    /* NULL: not opened yet, in the child of a fork */
    counters_t counters;
    uint64_t told_dropped; /* in comments */

    /* Of the thread. */
    kind_t kinds[KINDS_MAX];
    size_t kind_count;
    evprof_push_engine_t engine;
    int64_t begin_ns; /* nothing is done before */
    int64_t next_ns;  /* when profiles are taken */
    int64_t send_ns;  /* not before */
    int64_t adopt_ns; /* when the dead are looked after */
    int64_t pause_ns; /* after the next failure */
    unsigned seed;    /* of chance */
    bool is_failing;  /* and it was said, unless it was cut off */
    bool is_last;     /* the last windows are taken and sent */
} pusher_t;

static bool
is_ending(const pusher_t *p)
{
    return atomic_load(&p->end_ns) != 0;
}

static bool
is_stopping(const pusher_t *p)
{
    return atomic_load(&p->is_stopping) != 0;
}

static bool
is_before(int64_t end_ns)
{
    return end_ns == 0 || evprof_clock_ns(CLOCK_MONOTONIC) < end_ns;
}

static bool
goes_on(const pusher_t *p)
{
    return !is_stopping(p) && is_before(atomic_load(&p->end_ns));
}

/* Whether an attempt may go on. */
static bool
may_wait(void *ctx)
{
    const pusher_t *p = ctx;
    return goes_on(p) && (p->is_last || is_before(atomic_load(&p->cut_ns)));
}

static void
say(const pusher_t *p, enum evprof_log_level level, const char *what,
    const char *why)
{
    char line[512];
    (void)snprintf(line, sizeof(line), "%s%s%s", what, why[0] ? ": " : "", why);
    p->host->log(p->host, level, line);
}

/* ---- The queue ---- */

/* The lock is held, once there is a thread. */
static int
ensure_queue(pusher_t *p, evprof_error_t *err)
{
    const evprof_push_conf_t *conf = p->host->conf;
    if (p->queue == NULL) {
        p->queue = evprof_queue_open(
            conf->spool,
            conf->spool != NULL ? (uint64_t)conf->spool_bytes : MEMORY_BYTES,
            err);
    }
    return p->queue != NULL ? EVPROF_OK : err->status;
}

/* Under the lock. */
static evprof_queue_stats_t
stats_of(const pusher_t *p)
{
    return p->queue != NULL ? evprof_queue_stats(p->queue)
                            : (evprof_queue_stats_t){ 0 };
}

/* ---- Taking ---- */

static bool
is_timed(const char *profile)
{
    return strcmp(profile, "cpu") == 0 || strcmp(profile, "wall") == 0;
}

/* Messages lost since the last profile are reported in the next one. */
static void
add_losses(pusher_t *p, evprof_buf_t *bytes)
{
    char comment[128];
    evprof_error_t err;
    evprof_lock_enter(&p->lock);
    evprof_queue_stats_t stats = stats_of(p);
    evprof_lock_leave(&p->lock);
    uint64_t lost =
        stats.dropped + stats.failed + stats.set_aside + p->counters.refused;
    if (lost == p->told_dropped) {
        return;
    }
    (void)snprintf(comment, sizeof(comment),
                   "push: %llu earlier profiles were lost: no room, or refused",
                   (unsigned long long)(lost - p->told_dropped));
    if (evprof_delta_comment(comment, bytes, &err) == EVPROF_OK) {
        p->told_dropped = lost;
    }
}

static int
enqueue(pusher_t *p, const char *profile, const evprof_buf_t *bytes)
{
    evprof_buf_t message = { 0 };
    evprof_error_t err;
    int status = evprof_push_message(p->host->conf, profile, bytes, &message);
    evprof_lock_enter(&p->lock);
    if (status == EVPROF_OK) {
        status = ensure_queue(p, &err);
    }
    if (status == EVPROF_OK) {
        evprof_queue_add(p->queue, &message);
        p->counters.taken++;
    }
    evprof_lock_leave(&p->lock);
    evprof_buf_free(&message);
    return status;
}

/* Opens the next window of a timed profile, then closes the current one, if
 * there is one. */
static int
take_window(pusher_t *p, kind_t *kind, evprof_buf_t *out, evprof_error_t *err)
{
    void *before = kind->window;
    kind->window = NULL;
    int status = EVPROF_OK;
    if (!is_ending(p)) {
        status = p->host->open(p->host, kind->profile, &kind->window, err);
    }
    if (status != EVPROF_OK) {
        kind->window = NULL;
    }
    return before != NULL ? p->host->close(p->host, before, out, err) : status;
}

static int
take_snapshot(pusher_t *p, kind_t *kind, evprof_buf_t *out, evprof_error_t *err)
{
    evprof_buf_t now = { 0 };
    int status = p->host->take(p->host, kind->profile, &now, err);
    if (status == EVPROF_OK && evprof_delta_is_for(kind->profile)) {
        status = evprof_delta_take(&kind->delta, &now, out, err);
    } else if (status == EVPROF_OK) {
        *out = now;
        now = (evprof_buf_t){ 0 };
    }
    evprof_buf_free(&now);
    return status;
}

static void
take_kind(pusher_t *p, kind_t *kind)
{
    evprof_buf_t bytes = { 0 };
    evprof_error_t err = { .status = EVPROF_OK };
    int status = is_timed(kind->profile) ? take_window(p, kind, &bytes, &err)
                                         : take_snapshot(p, kind, &bytes, &err);
    if (status == EVPROF_OK && bytes.len > 0) {
        add_losses(p, &bytes);
        (void)enqueue(p, kind->profile, &bytes);
        kind->has_failed = false;
    } else if (status != EVPROF_OK && goes_on(p)) {
        evprof_lock_enter(&p->lock);
        p->counters.untaken++;
        evprof_lock_leave(&p->lock);
        if (!kind->has_failed) {
            say(p, EVPROF_LOG_WARN, kind->profile, err.message);
        }
        kind->has_failed = true;
    }
    evprof_buf_free(&bytes);
}

static void
take_all(pusher_t *p)
{
    for (size_t i = 0; i < p->kind_count && !is_stopping(p); i++) {
        take_kind(p, &p->kinds[i]);
    }
}

/* ---- Sending ---- */

static void
back_off(pusher_t *p, long retry_s, const evprof_error_t *err)
{
    int64_t least_ns = retry_s * SECOND_NS;
    int64_t half_ns = p->pause_ns / 2;
    int64_t pause_ns =
        half_ns + (int64_t)((double)half_ns * rand_r(&p->seed) / RAND_MAX);
    p->pause_ns *= 2;
    if (p->pause_ns > LONGEST_PAUSE_NS) {
        p->pause_ns = LONGEST_PAUSE_NS;
    }
    p->send_ns = evprof_clock_ns(CLOCK_MONOTONIC) +
                 (pause_ns > least_ns ? pause_ns : least_ns);
    if (!p->is_failing) {
        say(p, EVPROF_LOG_WARN, "waits and tries again", err->message);
    }
    p->is_failing = true;
}

static bool
is_gone(enum evprof_push_fate fate)
{
    return fate == EVPROF_PUSH_SENT || fate == EVPROF_PUSH_REFUSED;
}

static void
settle(pusher_t *p, enum evprof_push_fate fate, long retry_s,
       const evprof_error_t *err)
{
    bool is_aside = false;
    evprof_lock_enter(&p->lock);
    p->counters.sent += fate == EVPROF_PUSH_SENT;
    p->counters.retries += !is_gone(fate);
    p->counters.refused += fate == EVPROF_PUSH_REFUSED;
    if (is_gone(fate)) {
        evprof_queue_drop(p->queue);
    } else {
        is_aside = evprof_queue_postpone(p->queue, fate == EVPROF_PUSH_FAILED);
    }
    evprof_lock_leave(&p->lock);
    if (is_aside) {
        say(p, EVPROF_LOG_WARN, "a profile was set aside", err->message);
    }
    if (!is_gone(fate)) {
        back_off(p, retry_s, err);
        return;
    }
    if (fate == EVPROF_PUSH_REFUSED) {
        say(p, EVPROF_LOG_WARN, "a profile was refused", err->message);
    } else if (p->is_failing) {
        say(p, EVPROF_LOG_INFO, "profiles are taken again", "");
    }
    p->is_failing = false;
    p->pause_ns = FIRST_PAUSE_NS;
}

/* The next message to send. Messages that dead processes left come last. */
static bool
peek(pusher_t *p, evprof_buf_t *message)
{
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    evprof_lock_enter(&p->lock);
    bool has_one = evprof_queue_peek(p->queue, message);
    if (!has_one && now_ns >= p->adopt_ns) {
        p->adopt_ns = now_ns + p->host->conf->every_ns;
        evprof_queue_take_over(p->queue);
        has_one = evprof_queue_peek(p->queue, message);
    }
    evprof_lock_leave(&p->lock);
    return has_one;
}

enum attempt { NOTHING_WAITS, IS_GONE, IS_LEFT };

static enum attempt
send_one(pusher_t *p)
{
    evprof_buf_t message = { 0 };
    evprof_error_t err = { .status = EVPROF_OK };
    long retry_s = 0;
    enum attempt result = NOTHING_WAITS;
    if (peek(p, &message)) {
        enum evprof_push_fate fate =
            evprof_push_send_one(&p->engine, &message, &retry_s, &err);
        if (fate == EVPROF_PUSH_SENT || may_wait(p)) {
            settle(p, fate, retry_s, &err);
        } else {
            p->is_failing = true; /* it was cut off, or came too late */
        }
        result = is_gone(fate) ? IS_GONE : IS_LEFT;
    }
    evprof_buf_free(&message);
    return result;
}

/* ---- The thread ---- */

/* Sleeps until `until_ns`, or until it is woken. */
static void
rest(pusher_t *p, int64_t until_ns)
{
    uint32_t seen = atomic_load(&p->wakes);
    if (goes_on(p) && !is_ending(p)) {
        evprof_futex_wait(&p->wakes, seen, until_ns);
    }
}

static void
step(pusher_t *p)
{
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    if (now_ns >= p->next_ns) {
        int64_t every_ns = p->host->conf->every_ns;
        take_all(p);
        /* Missed times are not made up for: the windows lasted longer
         * instead. */
        p->next_ns += every_ns * ((now_ns - p->next_ns) / every_ns + 1);
        return;
    }
    if (now_ns >= p->send_ns && send_one(p) != NOTHING_WAITS) {
        return;
    }
    rest(p, p->send_ns > now_ns && p->send_ns < p->next_ns ? p->send_ns
                                                           : p->next_ns);
}

/* Waits for the next try. False: nothing can be sent; the log says so. */
static bool
is_ready(pusher_t *p)
{
    evprof_error_t err;
    while (goes_on(p) && !is_ending(p) &&
           evprof_clock_ns(CLOCK_MONOTONIC) < p->begin_ns) {
        rest(p, p->begin_ns);
    }
    if (!goes_on(p) || is_ending(p)) {
        return false;
    }
    evprof_lock_enter(&p->lock);
    int status = ensure_queue(p, &err);
    evprof_lock_leave(&p->lock);
    if (status != EVPROF_OK) {
        say(p, EVPROF_LOG_WARN, "nothing is sent by this process", err.message);
    }
    return status == EVPROF_OK;
}

/* Takes the last windows, however late it is, and sends until a try fails;
 * there is no time to wait for an engine that is away. */
static void
send_last(pusher_t *p)
{
    bool goes_well = !p->is_failing;
    p->is_last = true;
    take_all(p);
    while (goes_well && goes_on(p)) {
        int64_t left_ns =
            atomic_load(&p->end_ns) - evprof_clock_ns(CLOCK_MONOTONIC);
        p->engine.timeout_s = left_ns / SECOND_NS + 1;
        goes_well = send_one(p) == IS_GONE;
    }
    evprof_lock_enter(&p->lock);
    evprof_queue_stats_t stats = stats_of(p);
    evprof_lock_leave(&p->lock);
    if (stats.messages > 0 && p->host->conf->spool == NULL) {
        char line[64];
        (void)snprintf(line, sizeof(line), "%llu profiles were not sent",
                       (unsigned long long)stats.messages);
        say(p, EVPROF_LOG_WARN, line, "the process ends");
    }
}

static void
work(pusher_t *p)
{
    /* Opens the first windows, and takes the first snapshots for
     * differences. */
    for (size_t i = 0; i < p->kind_count && goes_on(p); i++) {
        if (is_timed(p->kinds[i].profile) ||
            evprof_delta_is_for(p->kinds[i].profile)) {
            take_kind(p, &p->kinds[i]);
        }
    }
    p->next_ns = evprof_clock_ns(CLOCK_MONOTONIC) + p->host->conf->every_ns;
    while (goes_on(p) && !is_ending(p)) {
        step(p);
    }
    if (!is_stopping(p)) {
        send_last(p);
    }
}

static void *
run(void *arg)
{
    pusher_t *p = arg;
    if (is_ready(p)) {
        work(p);
    }
    atomic_store(&p->is_done, 1);
    evprof_futex_wake(&p->is_done);
    return NULL;
}

/* ---- Life ---- */

static void
free_kinds(pusher_t *p)
{
    for (size_t i = 0; i < p->kind_count; i++) {
        evprof_delta_free(&p->kinds[i].delta);
    }
}

static int
start_thread(pusher_t *p, int64_t wait_ns, evprof_error_t *err)
{
    const evprof_push_conf_t *conf = p->host->conf;
    p->pause_ns = FIRST_PAUSE_NS;
    p->seed = (unsigned)evprof_clock_ns(CLOCK_MONOTONIC);
    p->engine = (evprof_push_engine_t){
        .conf = conf, .timeout_s = TIMEOUT_S, .goes_on = may_wait, .ctx = p
    };
    p->kind_count = 0;
    for (const evprof_text_list_t *t = conf->profiles;
         t != NULL && p->kind_count < KINDS_MAX; t = t->next) {
        p->kinds[p->kind_count++] = (kind_t){ .profile = t->text };
    }
    p->begin_ns = evprof_clock_ns(CLOCK_MONOTONIC) + wait_ns;
    int status = p->host->start_thread(&p->thread, run, p, err);
    p->has_thread = status == EVPROF_OK;
    return status;
}

static void
free_pusher(pusher_t *p)
{
    free_kinds(p);
    evprof_queue_close(p->queue);
    free(p);
}

static void *
start(const evprof_push_host_t *host, evprof_error_t *err)
{
    pusher_t *p = calloc(1, sizeof(*p));
    if (p == NULL) {
        evprof_fail(err, EVPROF_ENOMEM, "push: out of memory");
        return NULL;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    p->host = host;
    if (ensure_queue(p, err) != EVPROF_OK ||
        start_thread(p, 0, err) != EVPROF_OK) {
        free_pusher(p);
        return NULL;
    }
    return p;
}

static void
wake(pusher_t *p)
{
    atomic_fetch_add(&p->wakes, 1);
    evprof_futex_wake(&p->wakes);
}

static void
finish(void *pusher, int64_t limit_ns)
{
    pusher_t *p = pusher;
    if (!p->has_thread || limit_ns <= 0) {
        return;
    }
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    int64_t end_ns = now_ns + limit_ns;
    atomic_store(&p->cut_ns, now_ns + limit_ns / CUT_PART);
    atomic_store(&p->end_ns, end_ns);
    wake(p);
    /* A transfer asks once a second whether it goes on. */
    if (evprof_futex_await(&p->is_done, 0, end_ns + SECOND_NS)) {
        pthread_join(p->thread, NULL);
        p->has_thread = false;
    }
}

static void
stop(void *pusher)
{
    pusher_t *p = pusher;
    atomic_store(&p->is_stopping, 1);
    wake(p);
    if (p->has_thread) {
        pthread_join(p->thread, NULL);
    }
    /* Windows that are still open were cancelled together with all jobs. */
    for (size_t i = 0; i < p->kind_count; i++) {
        evprof_buf_t none = { 0 };
        if (p->kinds[i].window != NULL) {
            (void)p->host->close(p->host, p->kinds[i].window, &none, NULL);
        }
        evprof_buf_free(&none);
    }
    free_pusher(p);
}

static int
tell(void *pusher, const evprof_writer_t *out)
{
    pusher_t *p = pusher;
    char text[512];
    evprof_lock_enter(&p->lock);
    const counters_t c = p->counters;
    const evprof_queue_stats_t q = stats_of(p);
    evprof_lock_leave(&p->lock);
    int len = snprintf(
        text, sizeof(text),
        "profiles_taken: %llu\nprofiles_untaken: %llu\n"
        "profiles_sent: %llu\nprofiles_refused: %llu\n"
        "profiles_waiting: %llu\nbytes_waiting: %llu\n"
        "profiles_dropped: %llu\nprofiles_set_aside: %llu\n"
        "attempts_failed: %llu\n",
        (unsigned long long)c.taken, (unsigned long long)c.untaken,
        (unsigned long long)c.sent, (unsigned long long)c.refused,
        (unsigned long long)q.messages, (unsigned long long)q.bytes,
        (unsigned long long)(q.dropped + q.failed),
        (unsigned long long)q.set_aside, (unsigned long long)c.retries);
    return out->write(out->ctx, text, (size_t)len);
}

static int
send_other(void *pusher, const char *profile, const void *bytes, size_t len)
{
    pusher_t *p = pusher;
    evprof_buf_t copy = { 0 };
    evprof_buf_add(&copy, bytes, len);
    int status = copy.failed ? EVPROF_ENOMEM : enqueue(p, profile, &copy);
    evprof_buf_free(&copy);
    wake(p);
    return status;
}

/* The queue, windows and differences of the parent are not freed: its thread
 * may have been changing them at the fork. */
static void
fork_child(void *pusher)
{
    pusher_t *p = pusher;
    evprof_error_t err;
    evprof_lock_reset(&p->lock);
    evprof_queue_abandon(p->queue);
    p->queue = NULL;
    p->counters = (counters_t){ 0 };
    p->told_dropped = 0;
    p->has_thread = false;
    p->is_failing = false;
    p->send_ns = 0;
    p->adopt_ns = 0;
    p->is_last = false;
    atomic_store(&p->cut_ns, 0);
    atomic_store(&p->end_ns, 0);
    atomic_store(&p->is_done, 0);
    if (start_thread(p, EVPROF_SERVICE_CHILD_WAIT_NS, &err) != EVPROF_OK) {
        say(p, EVPROF_LOG_WARN, "nothing is sent by this process", err.message);
    }
}

const evprof_push_t *
evprof_push(void)
{
    static const evprof_push_t library = { .start = start,
                                           .finish = finish,
                                           .stop = stop,
                                           .status = tell,
                                           .send = send_other,
                                           .fork_child = fork_child };
    return &library;
}
