/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tick looks at the threads that were last seen moving, then at some of the
 * others in turn. A look costs one system call while a thread sleeps on, by its
 * CPU clock; a thread that has run since is walked from outside if it sleeps
 * now (sleeper.h), else asked by a timer (ask.h). With more threads than a tick
 * can look at, each is looked at less often and its stacks are given longer
 * times; sums stay true, what is lost is resolution. The time between two looks
 * goes to the stack that the second one found.
 *
 * Where sleepers cannot be walked, their time goes to an empty stack, unless
 * they may be asked by signals. Such an answer itself moves the clock of a
 * sleeper, so the looks after it wait until it sleeps again and take the new
 * reading then.
 */
#include "core/sample/wall.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/lock.h"
#include "core/base/own_thread.h"
#include "core/objects/epoch.h"
#include "core/objects/objects.h"
#include "core/sample/ask.h"
#include "core/sample/fork.h"
#include "core/sample/proc.h"
#include "core/sample/sleeper.h"
#include "core/sample/tap.h"
#include "core/sample/thread_info.h"
#include "core/sample/wall_comments.h"
#include "core/sample/windows.h"

enum {
    WALKS_A_TICK = 8,
    MOVER_WALKS = 6, /* of those; the rest is for threads that are new */
    MOVERS_A_TICK = 16,
    OTHERS_A_TICK = 20,
    SCANS_A_SECOND = 10
};

#define SECOND_NS INT64_C(1000000000)
/* The CPU time that an answer may take its thread until it sleeps again. */
#define ANSWER_NS INT64_C(1000000)
#define PATIENCE_NS INT64_C(200000000)
#define TABLE_MAX_BYTES ((size_t)64 << 20)

enum watch_state {
    WATCH_NEW,     /* no stack yet */
    WATCH_ASKED,   /* by a timer, or a signal */
    WATCH_LATE,    /* the same, and it is not waited for any more */
    WATCH_SETTLES, /* asked by a signal and not seen asleep since */
    WATCH_STILL,
    WATCH_MOVES,
};

typedef struct wall_window {
    evprof_sample_window_t window; /* first; its sums are nanoseconds */
    evprof_wall_stats_t before;
    uint64_t unreadable_ns;
    int64_t all_ns;       /* that the profile has */
    const char *intruder; /* who has SIGPROF in our place; NULL: nobody */
} wall_window_t;

/* A watched thread; one element for each record of the registry. */
typedef struct watched {
    uint32_t generation;
    enum watch_state state;
    uint32_t stack;   /* its id in the table; 0: none */
    int timer;        /* that asks it + 1, 0: none */
    bool was_asleep;  /* when it was asked */
    int64_t given_ns; /* time up to here was given to stacks */
    int64_t asked_ns; /* when it was asked */
    int64_t cpu_ns;   /* its CPU clock where it was asked, or is still */
    uint64_t sleeps;  /* how often it had gone to sleep when it answered */
} watched_t;

static evprof_windows_held_fn visit_stacks;

static struct {
    evprof_lock_t life;          /* of begin and end */
    evprof_lock_t lock;          /* guards all below but the thread */
    _Atomic uint32_t is_running; /* the sampler's thread goes on; a futex */
    pthread_t thread;
    unsigned rate_hz;
    bool asks_sleepers;
    evprof_outside_t *outside;
    const char *why_unreadable; /* of some sleeper; NULL: of none */
    const char *why_refused;    /* of some thread that could not be asked */
    bool is_incomplete;         /* the threads cannot be listed by /proc */
    evprof_windows_t windows;
    watched_t *watched;
    uint32_t watched_count;
    size_t watched_cap;
    uint32_t next_mover; /* where the next tick's looks begin */
    uint32_t next;
    evprof_sleeper_t sleeper; /* of the look that goes on */
    evprof_wall_stats_t stats;
} wall = { .windows = { .max_bytes = TABLE_MAX_BYTES, .held = visit_stacks } };

static wall_window_t *
as_wall(evprof_sample_window_t *window)
{
    return (wall_window_t *)(void *)window;
}

static void
visit_stacks(void (*visit)(uint32_t *id, void *arg), void *arg)
{
    for (uint32_t i = 0; i < wall.watched_count; i++) {
        visit(&wall.watched[i].stack, arg);
    }
}

/* How much of the time up to `until_ns`, which the thread has not been given,
 * lies in the window. */
static int64_t
time_within(const wall_window_t *w, const watched_t *watched, int64_t until_ns)
{
    int64_t from_ns = watched->given_ns > w->window.began_ns
                          ? watched->given_ns
                          : w->window.began_ns;
    return until_ns > from_ns ? until_ns - from_ns : 0;
}

/* Gives the time up to `until_ns` to a stack of the table. */
static void
give_time(watched_t *watched, int64_t until_ns)
{
    if (until_ns <= watched->given_ns) {
        return;
    }
    for (evprof_sample_window_t *w = wall.windows.first; w != NULL;
         w = w->next) {
        evprof_windows_add(&wall.windows, w, watched->stack,
                           time_within(as_wall(w), watched, until_ns));
    }
    watched->given_ns = until_ns;
}

/* Counts time that has no stack, before it is given out. */
static void
note_unreadable(const watched_t *watched, const char *why, int64_t until_ns)
{
    for (evprof_sample_window_t *w = wall.windows.first; w != NULL;
         w = w->next) {
        as_wall(w)->unreadable_ns +=
            (uint64_t)time_within(as_wall(w), watched, until_ns);
    }
    if (until_ns > watched->given_ns) {
        wall.stats.unreadable_ns += (uint64_t)(until_ns - watched->given_ns);
    }
    wall.why_unreadable = why;
}

/* ---- Answers, on the drainer ---- */

static void
take_answer(void *ctx, const evprof_record_t *record)
{
    (void)ctx;
    evprof_lock_enter(&wall.lock);
    watched_t *watched = record->thread < wall.watched_count
                             ? &wall.watched[record->thread]
                             : NULL;
    if (watched != NULL &&
        (watched->state == WATCH_ASKED || watched->state == WATCH_LATE) &&
        watched->generation == record->generation) {
        uintptr_t room[EVPROF_TAP_DEPTH_MAX + 1];
        const evprof_stack_t stack = evprof_record_stack(record, room);
        watched->stack =
            evprof_windows_stack(&wall.windows, &stack, record->labels);
        give_time(watched, watched->asked_ns);
        watched->sleeps = evprof_record_sleeps(record);
        watched->state = watched->was_asleep ? WATCH_SETTLES : WATCH_MOVES;
    }
    evprof_lock_leave(&wall.lock);
}

/* ---- Looks, on the sampler's thread ---- */

static void
end_ask(watched_t *watched)
{
    evprof_ask_end(watched->timer - 1);
    watched->timer = 0;
}

static bool
is_watchable(evprof_thread_t *thread, watched_t *watched)
{
    uint32_t generation = atomic_load(&thread->generation);
    if (watched->generation != generation) {
        end_ask(watched);
    }
    if (!evprof_thread_is_application(thread)) {
        watched->state = WATCH_NEW;
        watched->generation = generation;
        watched->given_ns = 0;
        return false;
    }
    if (watched->generation != generation || watched->given_ns == 0) {
        *watched = (watched_t){ .generation = generation,
                                .given_ns = evprof_clock_ns(CLOCK_MONOTONIC) };
    }
    return true;
}

/* Room for all records; false when memory is out. */
static bool
make_room(uint32_t count)
{
    if (count <= wall.watched_count) {
        return true;
    }
    watched_t *watched =
        evprof_grow(wall.watched, &wall.watched_cap, count, sizeof(*watched));
    if (watched == NULL) {
        return false;
    }
    memset(watched + wall.watched_count, 0,
           (count - wall.watched_count) * sizeof(*watched));
    wall.watched = watched;
    for (uint32_t i = wall.watched_count; i < count; i++) {
        (void)is_watchable(evprof_thread_at(i), &watched[i]);
    }
    wall.watched_count = count;
    return true;
}

/* Whether a thread that answered a signal is back in the sleep that it was
 * asked in; that it is the same one is told by their number. */
static enum watch_state
settle(const watched_t *watched, pid_t tid, int64_t now_ns, int64_t cpu_ns)
{
    evprof_thread_info_t task;
    int64_t used_ns = cpu_ns - watched->cpu_ns;
    bool is_long = used_ns >= ANSWER_NS;
    if ((is_long && 2 * used_ns > now_ns - watched->asked_ns) ||
        evprof_thread_read_status(tid, &task) != EVPROF_OK) {
        return WATCH_MOVES;
    }
    uint64_t slept = task.switches - watched->sleeps;
    bool is_asleep = task.state == 'S' || task.state == 'D';
    if (slept == 1 && is_asleep) {
        return evprof_thread_cpu_ns(tid) == cpu_ns ? WATCH_STILL
                                                   : WATCH_SETTLES;
    }
    return slept == 0 && !is_long ? WATCH_SETTLES : WATCH_MOVES;
}

/* Whether the thread is where its last stack was taken. */
static bool
is_still(watched_t *watched, pid_t tid, int64_t now_ns, int64_t cpu_ns)
{
    if (watched->state == WATCH_SETTLES) {
        watched->state = settle(watched, tid, now_ns, cpu_ns);
        watched->cpu_ns =
            watched->state == WATCH_STILL ? cpu_ns : watched->cpu_ns;
    } else if (watched->state == WATCH_STILL && cpu_ns != watched->cpu_ns) {
        watched->state = WATCH_MOVES;
    }
    return watched->state == WATCH_STILL || watched->state == WATCH_SETTLES;
}

/* The time since the last look belongs to this stack. */
static void
take_stack(watched_t *watched, const evprof_stack_t *stack,
           const evprof_label_set_t *labels, int64_t now_ns)
{
    watched->stack = evprof_windows_stack(&wall.windows, stack, labels);
    give_time(watched, now_ns);
}

static void
take_walk(watched_t *watched, const evprof_sleeper_t *sleeper, int64_t now_ns)
{
    const evprof_stack_t stack = { .pcs = sleeper->pcs,
                                   .count = sleeper->count,
                                   .leaf_is_exact = true };
    end_ask(watched);
    take_stack(watched, &stack, sleeper->labels, now_ns);
    watched->cpu_ns = sleeper->cpu_ns;
    watched->state = WATCH_STILL;
    wall.stats.walked++;
}

/* A sleeper that can neither be walked nor asked. */
static void
pass_over(watched_t *watched, const char *why, int64_t now_ns, int64_t cpu_ns)
{
    const evprof_stack_t none = { .pcs = NULL };
    note_unreadable(watched, why, now_ns);
    take_stack(watched, &none, NULL, now_ns);
    watched->cpu_ns = cpu_ns;
    watched->state = WATCH_STILL;
}

/* A thread that cannot be asked keeps its last stack, or has an empty one. */
static void
keep_stack(watched_t *watched)
{
    const evprof_stack_t none = { .pcs = NULL };
    if (watched->stack == 0) {
        watched->stack = evprof_windows_stack(&wall.windows, &none, NULL);
    }
}

/* It is asked again at the next look. */
static void
refuse(watched_t *watched, const char *why, int64_t now_ns)
{
    wall.stats.refused++;
    wall.why_refused = why;
    keep_stack(watched);
    give_time(watched, now_ns);
    watched->state = WATCH_MOVES;
}

static void
ask(watched_t *watched, evprof_thread_t *thread, int64_t now_ns, int64_t cpu_ns)
{
    int timer = -1;
    watched->asked_ns = now_ns;
    watched->cpu_ns = cpu_ns;
    watched->state = WATCH_ASKED;
    int status =
        watched->was_asleep
            ? evprof_ask_sleeper(EVPROF_TAP_WALL, thread, watched->generation)
            : evprof_ask_runner(EVPROF_TAP_WALL, thread, watched->generation,
                                &timer);
    watched->timer = timer + 1;
    if (status == EVPROF_ELIMIT || status == EVPROF_ENOTSUP) {
        refuse(watched, evprof_ask_refusal(status), now_ns);
        return;
    }
    if (status != EVPROF_OK) {
        watched->state = WATCH_MOVES;
        return;
    }
    wall.stats.asked++;
    wall.stats.interrupted += watched->was_asleep;
}

/* It was asked and has not answered. */
static void
give_up(watched_t *watched, const char *why, int64_t now_ns)
{
    wall.stats.unanswered++;
    keep_stack(watched);
    if (why != NULL &&
        evprof_stacktable_get(wall.windows.table, watched->stack).stack.count ==
            0) {
        note_unreadable(watched, why, now_ns);
    }
    give_time(watched, now_ns);
    watched->state = WATCH_LATE;
}

/* A thread that has moved and cannot be walked. */
static void
do_without_walk(watched_t *watched, const evprof_sleeper_t *sleeper,
                int64_t now_ns, int64_t cpu_ns)
{
    evprof_thread_info_t task;
    evprof_thread_t *thread = evprof_thread_at(sleeper->index);
    bool is_told = evprof_thread_read_status(sleeper->tid, &task) == EVPROF_OK;
    bool runs =
        !is_told || sleeper->status == EVPROF_SLEEPER_RUNS || task.state == 'R';
    bool holds_back = is_told && task.holds_sigprof_back;
    if (!runs && (!wall.asks_sleepers || task.state != 'S' || holds_back)) {
        end_ask(watched);
        pass_over(watched, sleeper->why, now_ns, cpu_ns);
        return;
    }
    if (watched->state == WATCH_ASKED || watched->state == WATCH_LATE) {
        int64_t waited_ns = now_ns - watched->asked_ns;
        if (watched->state == WATCH_ASKED && waited_ns > PATIENCE_NS) {
            give_up(watched, watched->was_asleep ? NULL : sleeper->why, now_ns);
        }
        /* The signal of a runner may be lost, that of a sleeper waits. */
        if (watched->state == WATCH_ASKED || !runs ||
            waited_ns <= 2 * PATIENCE_NS) {
            return;
        }
    }
    end_ask(watched);
    watched->was_asleep = !runs;
    if (holds_back) {
        give_up(watched, NULL, now_ns);
        watched->state = WATCH_MOVES;
        return;
    }
    ask(watched, thread, now_ns, cpu_ns);
}

/* Looks at one thread; true when that took a walk, which costs us 25 us. Who
 * may not be walked now is looked at again: its time is given later. */
static bool
look(uint32_t index, bool may_walk)
{
    evprof_thread_t *thread = evprof_thread_at(index);
    watched_t *watched = &wall.watched[index];
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    pid_t tid = atomic_load(&thread->tid);
    int64_t cpu_ns = evprof_thread_cpu_ns(tid);
    wall.stats.looks++;
    if (cpu_ns < 0) {
        return false;
    }
    if (is_still(watched, tid, now_ns, cpu_ns)) {
        wall.stats.still++;
        give_time(watched, now_ns);
        return false;
    }
    if (!may_walk) {
        return false;
    }
    evprof_sleeper_t *sleeper = &wall.sleeper;
    sleeper->index = index;
    sleeper->generation = watched->generation;
    sleeper->tid = tid;
    uint32_t epoch = atomic_load(&evprof_unload_epoch);
    evprof_sleepers_walk(wall.outside, sleeper, 1);
    if (sleeper->status == EVPROF_SLEEPER_WALKED) {
        sleeper->count = evprof_unwind_mark(sleeper->pcs, sleeper->count,
                                            EVPROF_SLEEPER_DEPTH, epoch);
        take_walk(watched, sleeper, now_ns);
    } else if (sleeper->status != EVPROF_SLEEPER_GONE) {
        do_without_walk(watched, sleeper, now_ns, cpu_ns);
    }
    return true;
}

static bool
is_mover(const watched_t *watched)
{
    return watched->state == WATCH_MOVES || watched->state == WATCH_ASKED;
}

/* Looks at threads that move (or at all others), at most so many, beginning
 * where the last tick ended; returns how many were walked. */
static int
look_around(uint32_t *next, bool at_movers, int looks, int walks)
{
    uint32_t limit = wall.watched_count;
    int walked = 0;
    for (uint32_t seen = 0; seen < limit && looks > 0; seen++) {
        uint32_t index = *next < limit ? *next : 0;
        *next = index + 1;
        evprof_thread_t *thread = evprof_thread_at(index);
        watched_t *watched = &wall.watched[index];
        /* Most move not, and are passed over without a look at their records;
         * one that another thread has now is new. */
        if (is_mover(watched) == at_movers && is_watchable(thread, watched) &&
            is_mover(watched) == at_movers) {
            looks--;
            walked += look(index, walked < walks);
        }
    }
    return walked;
}

static void
tick(void)
{
    evprof_lock_enter(&wall.lock);
    if (make_room(evprof_thread_limit())) {
        int walked =
            look_around(&wall.next_mover, true, MOVERS_A_TICK, MOVER_WALKS);
        look_around(&wall.next, false, OTHERS_A_TICK, WALKS_A_TICK - walked);
    }
    evprof_lock_leave(&wall.lock);
}

static void *
watch(void *unused)
{
    (void)unused;
    int64_t period_ns = SECOND_NS / wall.rate_hz;
    unsigned ticks_a_scan = wall.rate_hz / SCANS_A_SECOND + 1;
    int64_t due_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    for (unsigned n = 0; atomic_load(&wall.is_running); n++) {
        if (n % ticks_a_scan == 0 && evprof_thread_scan_is_due()) {
            (void)evprof_thread_scan();
        }
        tick();
        /* Ticks that came too late are left out, not made up for. */
        int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
        due_ns += period_ns;
        due_ns = due_ns > now_ns ? due_ns : now_ns + period_ns;
        evprof_futex_wait(&wall.is_running, 1, due_ns);
    }
    return NULL;
}

/* ---- Begin and end ---- */

static int
start_thread(evprof_error_t *err)
{
    atomic_store(&wall.is_running, 1);
    if (evprof_own_thread_start(EVPROF_OWN_WALL, &wall.thread, watch, NULL) !=
        0) {
        return evprof_fail(err, EVPROF_EIO,
                           "wall: the sampler's thread cannot be made");
    }
    return EVPROF_OK;
}

static void
stop_thread(void)
{
    atomic_store(&wall.is_running, 0);
    evprof_futex_wake(&wall.is_running);
    evprof_thread_join_ours(wall.thread);
}

/* After the last window, when nothing looks any more. */
static void
forget(void)
{
    evprof_outside_free(wall.outside);
    free(wall.watched);
    wall.outside = NULL;
    wall.watched = NULL;
    wall.watched_count = 0;
    wall.watched_cap = 0;
}

static int
check_options(const evprof_sampling_options_t *options, evprof_error_t *err)
{
    if (options->rate_hz < 1 || options->rate_hz > 1000) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "wall: rate %u is not within 1 and 1000",
                           options->rate_hz);
    }
    if (wall.windows.first != NULL && !options->takes_any_rate &&
        options->rate_hz != wall.rate_hz) {
        return evprof_fail(err, EVPROF_EBUSY, "wall profiling already in use");
    }
    return EVPROF_OK;
}

/* The first window's tap and thread. */
static int
start_looking(const evprof_sampling_options_t *options, evprof_error_t *err)
{
    const evprof_tap_t tap = { .unwinder = options->unwinder,
                               .depth = options->depth,
                               .uses_signals = true,
                               .sink = take_answer };
    wall.outside = evprof_outside_new();
    if (wall.outside == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "wall: out of memory");
    }
    int status = evprof_tap_open(EVPROF_TAP_WALL, &tap, err);
    if (status == EVPROF_OK) {
        status = start_thread(err);
        if (status != EVPROF_OK) {
            evprof_tap_close(EVPROF_TAP_WALL);
        }
    }
    return status;
}

static int
open_window(wall_window_t *w)
{
    evprof_lock_enter(&wall.lock);
    int status = evprof_windows_open(&wall.windows, &w->window);
    w->before = wall.stats;
    evprof_lock_leave(&wall.lock);
    return status;
}

static void
close_window(wall_window_t *w)
{
    evprof_lock_enter(&wall.lock);
    evprof_windows_close(&wall.windows, &w->window);
    if (wall.windows.first == NULL) {
        forget();
    }
    evprof_lock_leave(&wall.lock);
    free(w);
}

static int
begin_locked(const evprof_sampling_options_t *options, wall_window_t *w,
             evprof_error_t *err)
{
    int status = check_options(options, err);
    if (status != EVPROF_OK) {
        free(w);
        return status;
    }
    bool is_first = wall.windows.first == NULL;
    if (is_first) {
        wall.rate_hz = options->rate_hz;
        wall.asks_sleepers = options->asks_sleepers;
        wall.why_unreadable = NULL;
        wall.is_incomplete = evprof_proc_is_missing();
        wall.windows.max_bytes =
            options->table_bytes > 0 ? options->table_bytes : TABLE_MAX_BYTES;
        wall.stats = (evprof_wall_stats_t){ 0 };
    }
    (void)evprof_objects_refresh();
    if (open_window(w) != EVPROF_OK) {
        free(w);
        return evprof_fail(err, EVPROF_ENOMEM, "wall: out of memory");
    }
    status = is_first ? start_looking(options, err) : EVPROF_OK;
    if (status != EVPROF_OK) {
        close_window(w);
    }
    return status;
}

int
evprof_wall_begin(const evprof_sampling_options_t *options,
                  evprof_sample_window_t **out, evprof_error_t *err)
{
    wall_window_t *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "wall: out of memory");
    }
    evprof_lock_enter(&wall.life);
    int status = begin_locked(options, w, err);
    evprof_lock_leave(&wall.life);
    *out = status == EVPROF_OK ? &w->window : NULL;
    return status;
}

/* The time since the last looks goes to the last stacks, in this window; the
 * others wait for what the next looks find. */
static void
give_rest(wall_window_t *w, int64_t now_ns)
{
    for (uint32_t i = 0; i < wall.watched_count; i++) {
        const watched_t *watched = &wall.watched[i];
        if (watched->stack != 0 &&
            evprof_thread_is_application(evprof_thread_at(i)) &&
            atomic_load(&evprof_thread_at(i)->generation) ==
                watched->generation) {
            evprof_windows_add(&wall.windows, &w->window, watched->stack,
                               time_within(w, watched, now_ns));
        }
    }
}

static int
write_sample(evprof_builder_t *out, const evprof_stack_sums_t *stack,
             int64_t ns)
{
    double samples = (double)ns * (double)wall.rate_hz / (double)SECOND_NS;
    const int64_t values[] = { (int64_t)(samples + 0.5), ns };
    return evprof_builder_add(
        out, &stack->stack, stack->labels ? stack->labels->items : NULL,
        stack->labels ? (size_t)stack->labels->count : 0, values);
}

static evprof_wall_account_t
account_for(const wall_window_t *w)
{
    const evprof_wall_stats_t *now = &wall.stats;
    const evprof_wall_stats_t *before = &w->before;
    return (evprof_wall_account_t){
        .rate_hz = wall.rate_hz,
        .looks = now->looks - before->looks,
        .still = now->still - before->still,
        .walked = now->walked - before->walked,
        .unreadable_ns = w->unreadable_ns,
        .why_unreadable = wall.why_unreadable,
        .refused = now->refused - before->refused,
        .why_refused = wall.why_refused,
        .asked = now->asked - before->asked,
        .unanswered = now->unanswered - before->unanswered,
        .intruder = w->intruder,
        .full_ns = (uint64_t)w->window.sums[0],
        .all_ns = (uint64_t)w->all_ns,
        .is_incomplete = wall.is_incomplete,
    };
}

static int
write_profile(const wall_window_t *w, evprof_builder_t *out,
              int64_t duration_ns)
{
    int status = evprof_builder_type(out, "samples", "count");
    if (status == EVPROF_OK) {
        status = evprof_builder_type(out, "wall", "nanoseconds");
    }
    if (status == EVPROF_OK) {
        status = evprof_builder_period(out, "wall", "nanoseconds",
                                       SECOND_NS / wall.rate_hz);
    }
    evprof_builder_time(out, w->window.began_unix_ns, duration_ns);
    if (status == EVPROF_OK) {
        status =
            evprof_windows_write(&wall.windows, &w->window, write_sample, out);
    }
    const evprof_wall_account_t account = account_for(w);
    return status == EVPROF_OK ? evprof_wall_comment(&account, out) : status;
}

/* The last window's thread and tap go. */
static void
stop_looking(void)
{
    stop_thread();
    for (uint32_t i = 0; i < wall.watched_count; i++) {
        end_ask(&wall.watched[i]);
    }
    evprof_tap_close(EVPROF_TAP_WALL);
}

static int
end_locked(evprof_sample_window_t *window, evprof_builder_t *out,
           evprof_error_t *err)
{
    if (!evprof_windows_have(&wall.windows, window)) {
        return evprof_fail(err, EVPROF_ESTATE,
                           "wall: no profile is being taken");
    }
    wall_window_t *w = as_wall(window);
    w->intruder = evprof_tap_intruder();
    if (wall.windows.first == window && window->next == NULL) {
        stop_looking();
    } else {
        evprof_tap_flush();
    }
    evprof_tap_stats_t tap;
    evprof_tap_stats(EVPROF_TAP_WALL, &tap);
    (void)evprof_objects_refresh();
    evprof_lock_enter(&wall.lock);
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    give_rest(w, now_ns);
    for (size_t id = 0; id < window->room; id++) {
        w->all_ns += window->sums[id];
    }
    wall.stats.cut_short = tap.cut_short;
    wall.stats.overflow_ns += (uint64_t)window->sums[0];
    int status = out != NULL ? write_profile(w, out, now_ns - window->began_ns)
                             : EVPROF_OK;
    evprof_lock_leave(&wall.lock);
    close_window(w);
    return status == EVPROF_OK
               ? EVPROF_OK
               : evprof_fail(err, status,
                             "wall: the profile cannot be built: %s",
                             evprof_status_text(status));
}

int
evprof_wall_end(evprof_sample_window_t *window, evprof_builder_t *out,
                evprof_error_t *err)
{
    evprof_lock_enter(&wall.life);
    int status = end_locked(window, out, err);
    evprof_lock_leave(&wall.life);
    return status;
}

void
evprof_wall_stats(evprof_wall_stats_t *out)
{
    evprof_lock_enter(&wall.lock);
    *out = wall.stats;
    evprof_lock_leave(&wall.lock);
}

static void
fork_child(void)
{
    evprof_lock_reset(&wall.life);
    evprof_lock_reset(&wall.lock);
    /* The parent's thread may have been changing these: not freed. */
    evprof_windows_forget(&wall.windows);
    wall.outside = NULL;
    wall.watched = NULL;
    wall.watched_count = 0;
    wall.watched_cap = 0;
}

__attribute__((constructor(102))) static void
watch_forks(void)
{
    static evprof_fork_hook_t hook = { .child = fork_child,
                                       .rank = EVPROF_FORK_USERS };
    evprof_sample_on_fork(&hook);
}
