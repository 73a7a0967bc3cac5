/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lock guards the order and the list of generations; the collector's thread
 * holds it while it empties rings, the worker while it begins, writes or ends.
 * Threads that write events take no part in it.
 *
 * Generations stand in one list. Each user remembers the first that is its own;
 * those before the first of all users are freed.
 */
#include "core/trace/recorder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/lock.h"
#include "core/base/own_thread.h"
#include "core/sample/tap.h"
#include "core/sample/threads.h"
#include "core/trace/emit.h"
#include "core/trace/follow.h"
#include "core/trace/order.h"
#include "core/trace/samples.h"
#include "core/trace/switches.h"
#include "core/trace/tables.h"

#define VISIT_NS INT64_C(10000000)
#define GENERATION_NS INT64_C(1000000000)
#define HEAP_NS INT64_C(100000000)

/* A generation is cut before its second is over when it has so many words. */
#define GENERATION_WORDS ((size_t)1 << 20)

typedef struct user {
    bool is_on;
    evprof_trace_limits_t limits;
    uint64_t first; /* serial of its first generation */
    /* Of generations that were written in parts. */
    uint64_t written;
    uint64_t lost;
    uint64_t lost_switches;
} user_t;

static struct {
    evprof_lock_t lock;
    user_t users[EVPROF_TRACE_USERS];
    evprof_trace_order_t order;
    evprof_trace_follow_t follow;
    evprof_trace_generation_t *oldest;
    evprof_trace_generation_t *newest;
    size_t count;
    size_t bytes;
    uint64_t serial;
    int64_t start_ns; /* of the generation to come */
    int64_t heap_ns;  /* when the heap was asked for last */
    bool (*heap)(size_t *out);
    uint64_t lost;          /* events, in the generation to come */
    uint64_t switches_lost; /* by the kernel's rings, since the process began */
    _Atomic uint64_t dropped;
    pthread_t thread;
    bool has_thread;
    _Atomic uint32_t is_stopping; /* what the thread sleeps on */
} recorder;

static uint32_t last_session;

static bool
is_recording(void)
{
    return recorder.users[EVPROF_TRACE_WINDOW].is_on ||
           recorder.users[EVPROF_TRACE_FLIGHT].is_on;
}

bool
evprof_trace_is_recording(void)
{
    evprof_lock_enter(&recorder.lock);
    bool is_on = is_recording();
    evprof_lock_leave(&recorder.lock);
    return is_on;
}

/* ---- Collecting; under the lock ---- */

static void
note_lost(uint64_t events)
{
    recorder.lost += events;
    atomic_fetch_add(&recorder.dropped, events);
}

/* Rings first: a thread tells of its wait before the kernel switches it off, so
 * that a switch up to now is never there without its wait. */
static void
drain(int64_t now_ns)
{
    for (evprof_trace_ring_t *ring = evprof_trace_rings(); ring != NULL;
         ring = ring->next) {
        uint64_t dropped = atomic_exchange(&ring->dropped, 0);
        dropped += !evprof_trace_order_drain(&recorder.order, ring);
        if (dropped > 0) {
            note_lost(dropped);
        }
    }
    uint64_t lost = recorder.order.lost_switches;
    evprof_trace_follow_read(&recorder.order, now_ns);
    recorder.switches_lost += recorder.order.lost_switches - lost;
    evprof_trace_follow_new(&recorder.follow, &recorder.order);
    evprof_trace_rings_reap();
}

static void
ask_heap(int64_t now_ns)
{
    size_t bytes;
    if (recorder.heap != NULL && now_ns - recorder.heap_ns >= HEAP_NS &&
        recorder.heap(&bytes)) {
        recorder.heap_ns = now_ns;
        evprof_trace_order_add(&recorder.order, EVPROF_TRACE_HEAP, now_ns,
                               bytes);
    }
}

static void
drop_oldest(void)
{
    evprof_trace_generation_t *oldest = recorder.oldest;
    recorder.oldest = oldest->next;
    if (recorder.oldest == NULL) {
        recorder.newest = NULL;
    }
    recorder.count--;
    recorder.bytes -= oldest->bytes;
    evprof_trace_generation_free(oldest);
}

/* Moves the user's first generation up to what its limits allow, as far as one
 * generation stays. */
static void
apply_limits(user_t *user, int64_t now_ns)
{
    size_t bytes = 0;
    for (const evprof_trace_generation_t *g = recorder.oldest; g != NULL;
         g = g->next) {
        bytes += g->serial >= user->first ? g->bytes : 0;
    }
    for (const evprof_trace_generation_t *g = recorder.oldest;
         g != NULL && g->next != NULL; g = g->next) {
        bool is_old = user->limits.keep_ns > 0 &&
                      g->end_ns < now_ns - user->limits.keep_ns;
        bool is_large =
            user->limits.keep_bytes > 0 && bytes > user->limits.keep_bytes;
        if (g->serial < user->first) {
            continue;
        }
        if (!is_old && !is_large) {
            break;
        }
        bytes -= g->bytes;
        user->first = g->serial + 1;
    }
}

static void
trim(int64_t now_ns)
{
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; i < EVPROF_TRACE_USERS; i++) {
        user_t *user = &recorder.users[i];
        if (user->is_on) {
            apply_limits(user, now_ns);
            first = user->first < first ? user->first : first;
        }
    }
    while (recorder.oldest != NULL && recorder.oldest->serial < first) {
        drop_oldest();
    }
}

/* Makes a generation of what was collected. */
static void
cut(int64_t now_ns)
{
    evprof_trace_generation_t *generation =
        evprof_trace_generation_new(recorder.start_ns, ++recorder.serial);
    recorder.start_ns = now_ns;
    if (generation == NULL) {
        note_lost(recorder.order.ref_count);
        recorder.order.ref_count = 0;
        recorder.order.word_count = 0;
        return;
    }
    generation->dropped = recorder.lost;
    recorder.lost = 0;
    evprof_trace_order_encode(&recorder.order, generation, now_ns);
    if (recorder.newest != NULL) {
        recorder.newest->next = generation;
    } else {
        recorder.oldest = generation;
    }
    recorder.newest = generation;
    recorder.count++;
    recorder.bytes += generation->bytes;
    trim(now_ns);
}

static void
visit(void)
{
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    ask_heap(now_ns);
    drain(now_ns);
    if (now_ns - recorder.start_ns >= GENERATION_NS ||
        recorder.order.word_count >= GENERATION_WORDS) {
        cut(now_ns);
    }
}

/* ---- The collector's thread ---- */

static void *
collect(void *arg)
{
    (void)arg;
    while (atomic_load(&recorder.is_stopping) == 0) {
        evprof_lock_enter(&recorder.lock);
        if (is_recording()) {
            visit();
        }
        evprof_lock_leave(&recorder.lock);
        evprof_futex_wait(&recorder.is_stopping, 0,
                          evprof_clock_ns(CLOCK_MONOTONIC) + VISIT_NS);
    }
    return NULL;
}

static int
start_thread(evprof_error_t *err)
{
    atomic_store(&recorder.is_stopping, 0);
    if (evprof_own_thread_start(EVPROF_OWN_TRACE, &recorder.thread, collect,
                                NULL) != 0) {
        return evprof_fail(err, EVPROF_ENOMEM,
                           "trace: the collector's thread cannot be made");
    }
    recorder.has_thread = true;
    return EVPROF_OK;
}

static void
stop_thread(void)
{
    if (recorder.has_thread) {
        recorder.has_thread = false;
        atomic_store(&recorder.is_stopping, 1);
        evprof_futex_wake(&recorder.is_stopping);
        evprof_thread_join_ours(recorder.thread);
    }
}

/* ---- Users ---- */

/* Throws away what the rings hold of an earlier recording. */
static void
forget_old_events(void)
{
    for (evprof_trace_ring_t *ring = evprof_trace_rings(); ring != NULL;
         ring = ring->next) {
        atomic_store(&ring->tail, atomic_load(&ring->head));
        atomic_store(&ring->dropped, 0);
    }
}

static void
switch_on(const evprof_trace_seed_t *seeds, size_t count)
{
    forget_old_events();
    for (size_t i = 0; i < count; i++) {
        uint64_t pcs[128];
        size_t depth = seeds[i].count < 128 ? seeds[i].count : 128;
        for (size_t k = 0; k < depth; k++) {
            pcs[k] = seeds[i].pcs[k];
        }
        evprof_trace_order_seed(&recorder.order, seeds[i].tid,
                                seeds[i].is_asleep, pcs, depth);
    }
    last_session = last_session + 1 == 0 ? 1 : last_session + 1;
    atomic_store(&evprof_trace_session, last_session);
    evprof_trace_watch(true);
    evprof_trace_samples_watch(true);
    recorder.start_ns = evprof_clock_ns(CLOCK_MONOTONIC);
}

static void
switch_off(void)
{
    atomic_store(&evprof_trace_session, 0);
    evprof_trace_watch(false);
    evprof_trace_samples_watch(false);
    while (recorder.oldest != NULL) {
        drop_oldest();
    }
    evprof_trace_order_free(&recorder.order);
    recorder.follow = (evprof_trace_follow_t){ .error = 0 };
    recorder.serial = 0;
    recorder.lost = 0;
}

/* Follows the switches of threads, or no longer, as the users want it now. */
static void
choose_follow(int64_t now_ns)
{
    const char *why_not = NULL;
    bool is_wanted = false;
    for (size_t i = 0; i < EVPROF_TRACE_USERS; i++) {
        const user_t *user = &recorder.users[i];
        is_wanted =
            is_wanted || (user->is_on && user->limits.no_switches == NULL);
        why_not =
            user->is_on && why_not == NULL ? user->limits.no_switches : why_not;
    }
    recorder.follow.why_not = is_wanted ? NULL : why_not;
    if (is_wanted) {
        evprof_trace_follow_new(&recorder.follow, &recorder.order);
    } else {
        evprof_trace_follow_end(&recorder.follow, &recorder.order, now_ns);
    }
}

int
evprof_trace_begin(enum evprof_trace_user user,
                   const evprof_trace_limits_t *limits,
                   const evprof_trace_seed_t *seeds, size_t seed_count,
                   evprof_error_t *err)
{
    int status = EVPROF_OK;
    if (recorder.users[user].is_on) {
        return evprof_fail(err, EVPROF_EBUSY, "tracing is already enabled");
    }
    bool is_first = !is_recording();
    if (is_first) {
        status = start_thread(err);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_lock_enter(&recorder.lock);
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    if (is_first) {
        switch_on(seeds, seed_count);
    } else {
        drain(now_ns);
        cut(now_ns);
    }
    recorder.users[user] = (user_t){ .is_on = true,
                                     .limits = *limits,
                                     .first = recorder.serial + 1 };
    choose_follow(now_ns);
    evprof_lock_leave(&recorder.lock);
    return EVPROF_OK;
}

void
evprof_trace_end(enum evprof_trace_user user)
{
    evprof_lock_enter(&recorder.lock);
    bool was_on = recorder.users[user].is_on;
    recorder.users[user].is_on = false;
    bool is_last = was_on && !is_recording();
    if (was_on) {
        trim(evprof_clock_ns(CLOCK_MONOTONIC));
    }
    if (is_last) {
        switch_off();
    } else if (was_on) {
        choose_follow(evprof_clock_ns(CLOCK_MONOTONIC));
    }
    evprof_lock_leave(&recorder.lock);
    if (is_last) {
        stop_thread();
    }
}

/* The user's first generation, NULL: there is none yet. */
static evprof_trace_generation_t *
first_of(const user_t *user)
{
    evprof_trace_generation_t *first = recorder.oldest;
    while (first != NULL && first->serial < user->first) {
        first = first->next;
    }
    return first;
}

/* Writes the user's generations, and then the end of the trace, which is not
 * kept. */
static int
write_closed(const user_t *user, int64_t now_ns,
             int (*name)(evprof_pprof_t *p, evprof_error_t *err),
             const evprof_writer_t *out, evprof_error_t *err)
{
    char ways[512];
    const evprof_trace_generation_t *first = first_of(user);
    evprof_trace_notes_t notes = { .ways = ways,
                                   .lost = user->lost,
                                   .lost_switches = user->lost_switches };
    evprof_pprof_t *named = NULL;
    int status = evprof_trace_tables_name(&recorder.order, name, &named, err);
    evprof_trace_generation_t *end =
        evprof_trace_generation_new(now_ns, ++recorder.serial);
    if (status == EVPROF_OK && end == NULL) {
        status = evprof_fail(err, EVPROF_ENOMEM, "trace: out of memory");
    }
    if (status != EVPROF_OK) {
        evprof_pprof_free(named);
        evprof_trace_generation_free(end);
        return status;
    }
    for (const evprof_trace_generation_t *g = first; g != NULL; g = g->next) {
        notes.lost += g->dropped;
        notes.lost_switches += g->dropped_switches;
    }
    evprof_trace_follow_tell(&recorder.follow, ways, sizeof(ways));
    notes.comments = named->comments;
    notes.comment_count = named->comment_count;
    evprof_trace_order_close(&recorder.order, end, &notes);
    if (first != NULL) {
        recorder.newest->next = end;
    }
    status =
        evprof_trace_tables_write(&recorder.order, first != NULL ? first : end,
                                  user->written, named, out, err);
    if (first != NULL) {
        recorder.newest->next = NULL;
    }
    evprof_trace_generation_free(end);
    evprof_pprof_free(named);
    return status;
}

int
evprof_trace_write(enum evprof_trace_user user,
                   int (*name)(evprof_pprof_t *p, evprof_error_t *err),
                   const evprof_writer_t *out, evprof_error_t *err)
{
    evprof_tap_flush(); /* samples that were taken until now */
    evprof_lock_enter(&recorder.lock);
    if (!recorder.users[user].is_on) {
        evprof_lock_leave(&recorder.lock);
        return evprof_fail(err, EVPROF_ESTATE, "trace: nothing is recorded");
    }
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    drain(now_ns);
    cut(now_ns);
    int status = write_closed(&recorder.users[user], now_ns, name, out, err);
    evprof_lock_leave(&recorder.lock);
    return status;
}

/* Cuts what is there up to now. `named` becomes a profile of its stacks,
 * `*last` the serial of its last generation. */
static int
begin_part(enum evprof_trace_user user, evprof_pprof_t **named, uint64_t *last,
           evprof_error_t *err)
{
    evprof_tap_flush();
    evprof_lock_enter(&recorder.lock);
    int status = EVPROF_OK;
    if (!recorder.users[user].is_on) {
        status = evprof_fail(err, EVPROF_ESTATE, "trace: nothing is recorded");
    } else {
        int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
        drain(now_ns);
        cut(now_ns);
        *last = recorder.serial;
        status = evprof_trace_tables_stacks(
            &recorder.order, first_of(&recorder.users[user]), named, err);
    }
    evprof_lock_leave(&recorder.lock);
    return status;
}

/* Writes the user's generations up to the serial `last`, which are then no
 * longer its own. */
static int
end_part(user_t *user, uint64_t last, const evprof_pprof_t *named,
         evprof_buf_t *bytes, evprof_error_t *err)
{
    const evprof_writer_t out = evprof_writer_buf(bytes);
    evprof_trace_generation_t *first = first_of(user);
    evprof_trace_generation_t *end = first;
    while (end != NULL && end->next != NULL && end->next->serial <= last) {
        end = end->next;
    }
    if (end == NULL || end->serial > last) {
        return EVPROF_OK;
    }
    evprof_trace_generation_t *rest = end->next;
    end->next = NULL;
    int status = evprof_trace_tables_write(&recorder.order, first,
                                           user->written, named, &out, err);
    for (; first != NULL && status == EVPROF_OK; first = first->next) {
        user->written += !first->failed;
        user->lost += first->dropped;
        user->lost_switches += first->dropped_switches;
        user->first = first->serial + 1;
    }
    end->next = rest;
    trim(evprof_clock_ns(CLOCK_MONOTONIC));
    return status;
}

/* To find names takes long, and threads would lose events if nobody took them
 * meanwhile. */
int
evprof_trace_write_part(enum evprof_trace_user user,
                        int (*name)(evprof_pprof_t *p, evprof_error_t *err),
                        const evprof_writer_t *out, evprof_error_t *err)
{
    evprof_pprof_t *named = NULL;
    evprof_buf_t bytes = { .is_bulk = true };
    uint64_t last = 0;
    int status = begin_part(user, &named, &last, err);
    if (status == EVPROF_OK) {
        status = name(named, err);
    }
    if (status == EVPROF_OK) {
        evprof_lock_enter(&recorder.lock);
        status = end_part(&recorder.users[user], last, named, &bytes, err);
        evprof_lock_leave(&recorder.lock);
    }
    if (status == EVPROF_OK) {
        status = evprof_buf_write(&bytes, out);
    }
    evprof_buf_free(&bytes);
    evprof_pprof_free(named);
    return status;
}

void
evprof_trace_stats(evprof_trace_stats_t *out)
{
    evprof_lock_enter(&recorder.lock);
    *out = (evprof_trace_stats_t){
        .generations = recorder.count,
        .bytes = recorder.bytes,
        .dropped = atomic_load(&recorder.dropped),
        .spared = evprof_trace_stacks_spared(),
        .switches_lost = recorder.switches_lost,
    };
    evprof_lock_leave(&recorder.lock);
}

void
evprof_trace_ask_heap(bool (*bytes)(size_t *out))
{
    recorder.heap = bytes;
}

/* Forgets the data of the parent without freeing it: another thread may have
 * been changing it at the fork. */
static void
forget_half_changed(void)
{
    recorder.order = (evprof_trace_order_t){ .words = NULL };
    recorder.oldest = NULL;
    recorder.newest = NULL;
    recorder.count = 0;
    recorder.bytes = 0;
}

/* What was recorded is the parent's. */
static void
forget_recorded(void)
{
    evprof_trace_follow_fork_child(&recorder.order);
    evprof_trace_order_free(&recorder.order);
    while (recorder.oldest != NULL) {
        drop_oldest();
    }
}

void
evprof_trace_fork_prepare(void)
{
    evprof_trace_switches_fork_prepare();
}

void
evprof_trace_fork_parent(void)
{
    evprof_trace_switches_fork_parent();
}

void
evprof_trace_fork_child(void)
{
    evprof_trace_switches_fork_child();
    if (evprof_lock_is_free(&recorder.lock)) {
        forget_recorded();
    } else {
        forget_half_changed();
    }
    recorder.follow = (evprof_trace_follow_t){ .error = 0 };
    evprof_lock_reset(&recorder.lock);
    recorder.has_thread = false;
    atomic_store(&evprof_trace_session, 0);
    evprof_trace_watch(false);
    evprof_trace_samples_fork_child();
    for (size_t i = 0; i < EVPROF_TRACE_USERS; i++) {
        recorder.users[i].is_on = false;
    }
    evprof_trace_rings_fork_child();
}
