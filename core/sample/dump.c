/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First every thread is looked at, several together. Those asleep are done
 * then; those that run have been given a timer and are awaited. Who is awaited
 * is looked at again every millisecond, since a thread that runs for a moment
 * falls asleep more often than the kernel's clock ticks; it is then walked and
 * its timer deleted. Nobody is waited for beyond half a second.
 *
 * The last stack of each sleeper is kept with its CPU clock: while that stands,
 * the thread has not run, and nothing has to be read of it.
 */
#include "core/sample/dump.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/arena.h"
#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/lock.h"
#include "core/sample/ask.h"
#include "core/sample/fork.h"
#include "core/sample/proc.h"
#include "core/sample/sleeper.h"
#include "core/sample/tap.h"
#include "core/sample/threads.h"

/* How long a dump may take, and how long it waits for a thread whose state
 * cannot be read. */
#define ALL_NS INT64_C(500000000)
#define BLIND_NS INT64_C(200000000)
#define POLL_NS 100000L
/* The pause between two looks at the awaited threads; it doubles up to the
 * maximum. */
#define LOOK_NS INT64_C(1000000)
#define LOOK_MAX_NS INT64_C(16000000)
/* A thread that blocks SIGPROF for longer than this CPU time is taken to block
 * it for good. */
#define MOMENT_NS INT64_C(1000000)

/* What is known of a thread that slept; one element for each record. */
typedef struct kept {
    uint32_t generation;
    uint64_t sleeps; /* of a thread asked asleep: one more, and it is there */
    int64_t cpu_ns;  /* its clock in that sleep, or -1: not known yet */
    int64_t since_ns;
    evprof_thread_info_t task;
    evprof_stack_t stack;
    uintptr_t *pcs; /* of the stack; room for `cap` */
    size_t cap;
    const evprof_label_set_t *labels;
} kept_t;

/* What the dump still waits for from a thread. */
enum await {
    AWAIT_NOTHING,
    AWAIT_ANSWER, /* it was asked */
    AWAIT_CHANCE, /* it runs and could not be asked yet */
};

/* A thread of the dump that is being taken. */
typedef struct asked {
    uint32_t index;
    uint32_t generation;
    int timer; /* that asks it, -1: none */
    _Atomic int
        await; /* enum await; the thread that changes it owns the answer */
    bool was_asleep;    /* when it was asked */
    bool is_gone;       /* the kernel knows it no longer */
    int64_t met_cpu_ns; /* its clock when it was met with SIGPROF held back */
} asked_t;

struct evprof_dump_memory {
    evprof_arena_t looks;   /* of the thread that takes the dump */
    evprof_arena_t answers; /* of the sink, which may be another */
};

static struct {
    evprof_lock_t lock; /* one dump at a time; guards all */
    kept_t *kept;
    size_t kept_count;
    size_t kept_cap;
    evprof_dump_stats_t stats;
} dumps;

/* The dump that is being taken. Its arrays have room for all before the tap is
 * open and stay where they are. */
typedef struct taking {
    evprof_dump_t *dump;
    asked_t *asked;      /* one a thread of the dump */
    uint32_t *number_of; /* in the dump, one a record; max: not in it */
    size_t max;
    bool asks_sleepers;
    bool is_blind; /* nothing tells who runs */
    evprof_outside_t *outside;
    _Atomic size_t awaited;
    _Atomic bool is_out_of_memory;
} taking_t;

/* ---- What is kept from one dump to the next ---- */

static bool
make_room(taking_t *taking, uint32_t limit)
{
    kept_t *kept =
        evprof_grow(dumps.kept, &dumps.kept_cap, limit, sizeof(*kept));
    if (kept == NULL) {
        return false;
    }
    if (limit > dumps.kept_count) {
        memset(kept + dumps.kept_count, 0,
               (limit - dumps.kept_count) * sizeof(*kept));
        dumps.kept_count = limit;
    }
    dumps.kept = kept;
    taking->dump->threads = calloc(limit, sizeof(*taking->dump->threads));
    taking->asked = calloc(limit, sizeof(*taking->asked));
    taking->number_of = malloc(limit * sizeof(*taking->number_of));
    taking->max = limit;
    for (uint32_t i = 0; taking->number_of != NULL && i < limit; i++) {
        taking->number_of[i] = limit;
    }
    return taking->dump->threads != NULL && taking->asked != NULL &&
           taking->number_of != NULL;
}

/* Remembers the stack of a sleeper; without memory it is just walked again. */
static kept_t *
keep(const asked_t *asked, const evprof_dump_thread_t *thread)
{
    kept_t *kept = &dumps.kept[asked->index];
    kept->stack.count = 0;
    uintptr_t *pcs =
        evprof_grow(kept->pcs, &kept->cap, thread->stack.count, sizeof(*pcs));
    if (pcs == NULL) {
        return kept;
    }
    memcpy(pcs, thread->stack.pcs, thread->stack.count * sizeof(*pcs));
    kept->generation = asked->generation;
    kept->cpu_ns = -1;
    kept->since_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    kept->task = thread->task;
    kept->pcs = pcs;
    kept->stack = thread->stack;
    kept->stack.pcs = pcs;
    kept->labels = thread->labels;
    return kept;
}

/* Whether a thread that was asked while it slept sleeps at the same place
 * again. The count of preemptions does not matter here. */
static bool
is_back_asleep(const kept_t *kept, pid_t tid)
{
    evprof_thread_info_t task;
    return kept->cpu_ns < 0 &&
           evprof_thread_read_status(tid, &task) == EVPROF_OK &&
           (task.state == 'S' || task.state == 'D') &&
           task.switches - kept->sleeps <= 1;
}

/* Whether the thread's last stack is still valid: it has not run since. */
static bool
has_not_moved(kept_t *kept, const asked_t *asked, pid_t tid)
{
    if (kept->stack.count == 0 || kept->generation != asked->generation) {
        return false;
    }
    int64_t cpu_ns = evprof_thread_cpu_ns(tid);
    if (cpu_ns >= 0 && is_back_asleep(kept, tid)) {
        kept->cpu_ns = cpu_ns;
    }
    return cpu_ns >= 0 && cpu_ns == kept->cpu_ns;
}

/* ---- Answers ---- */

static void
copy_stack(taking_t *taking, evprof_arena_t *arena, const evprof_stack_t *from,
           evprof_stack_t *out)
{
    uintptr_t *pcs = evprof_arena_alloc(arena, from->count * sizeof(*pcs));
    if (pcs == NULL) {
        atomic_store(&taking->is_out_of_memory, true);
        return;
    }
    memcpy(pcs, from->pcs, from->count * sizeof(*pcs));
    *out = *from;
    out->pcs = pcs;
}

/* Claims the thread: true for the one caller that may fill in its stack, which
 * then calls end_wait(). */
static bool
claim(asked_t *asked)
{
    return atomic_exchange(&asked->await, AWAIT_NOTHING) != AWAIT_NOTHING;
}

static void
end_wait(taking_t *taking)
{
    atomic_fetch_sub(&taking->awaited, 1);
}

/* A sink: the drainer hands over an answer. */
static void
take_answer(void *ctx, const evprof_record_t *record)
{
    taking_t *taking = ctx;
    size_t number = record->thread < taking->max
                        ? taking->number_of[record->thread]
                        : taking->max;
    if (number >= taking->max) {
        return;
    }
    asked_t *asked = &taking->asked[number];
    evprof_dump_thread_t *thread = &taking->dump->threads[number];
    evprof_stack_t stack = {
        .pcs = record->pcs,
        .count = record->count,
        .leaf_is_exact = (record->flags & EVPROF_RECORD_EXACT) != 0,
    };
    /* This load makes what was written before the ask visible. */
    if (atomic_load(&asked->await) != AWAIT_ANSWER ||
        record->generation != asked->generation || !claim(asked)) {
        return;
    }
    copy_stack(taking, &taking->dump->memory->answers, &stack, &thread->stack);
    thread->labels = record->labels;
    thread->answer = EVPROF_DUMP_FRESH;
    thread->is_refused = false;
    if (asked->was_asleep) {
        keep(asked, thread)->sleeps = evprof_record_sleeps(record);
    }
    end_wait(taking);
}

/* Takes a thread that was walked from outside. */
static void
take_walk(taking_t *taking, size_t number, const evprof_sleeper_t *sleeper)
{
    evprof_dump_thread_t *thread = &taking->dump->threads[number];
    const evprof_stack_t stack = { .pcs = sleeper->pcs,
                                   .count = sleeper->count,
                                   .leaf_is_exact = true };
    copy_stack(taking, &taking->dump->memory->looks, &stack, &thread->stack);
    thread->task = sleeper->task;
    thread->labels = sleeper->labels;
    thread->answer = EVPROF_DUMP_FRESH;
    thread->is_refused = false;
    keep(&taking->asked[number], thread)->cpu_ns = sleeper->cpu_ns;
    dumps.stats.walked++;
}

/* ---- Asking ---- */

/* Asks the thread. Its answer may come before this function returns. */
static void
ask(taking_t *taking, size_t number)
{
    asked_t *asked = &taking->asked[number];
    evprof_thread_t *record = evprof_thread_at(asked->index);
    evprof_dump_thread_t *thread = &taking->dump->threads[number];
    int status;
    atomic_store(&asked->await, AWAIT_ANSWER);
    atomic_fetch_add(&taking->awaited, 1);
    if (asked->was_asleep) {
        status =
            evprof_ask_sleeper(EVPROF_TAP_THREADS, record, asked->generation);
        dumps.stats.interrupted += status == EVPROF_OK;
    } else {
        status = evprof_ask_runner(EVPROF_TAP_THREADS, record,
                                   asked->generation, &asked->timer);
        dumps.stats.asked += status == EVPROF_OK;
    }
    if ((status == EVPROF_ENOTSUP || status == EVPROF_ELIMIT) && claim(asked)) {
        thread->answer = EVPROF_DUMP_UNREADABLE;
        thread->reason = evprof_ask_refusal(status);
        thread->is_refused = true;
        /* Answers free slots, so it is asked again. */
        if (status == EVPROF_ELIMIT && !asked->was_asleep) {
            atomic_store(&asked->await, AWAIT_CHANCE);
        } else {
            end_wait(taking);
        }
    }
}

/* A thread that blocks SIGPROF is not asked: the signal would stay pending and
 * reach it, or its sigwait(), much later. */
static void
ask_runner(taking_t *taking, size_t number)
{
    asked_t *asked = &taking->asked[number];
    evprof_dump_thread_t *thread = &taking->dump->threads[number];
    asked->was_asleep = false;
    if (thread->task.holds_sigprof_back) {
        atomic_store(&asked->await, AWAIT_CHANCE);
        atomic_fetch_add(&taking->awaited, 1);
    } else {
        ask(taking, number);
    }
}

/* Takes a thread that cannot be walked: it is asked if it runs, or if signals
 * to sleepers are allowed. */
static void
do_without_walk(taking_t *taking, size_t number, const char *reason)
{
    asked_t *asked = &taking->asked[number];
    evprof_dump_thread_t *thread = &taking->dump->threads[number];
    bool is_told =
        evprof_thread_read_status(thread->tid, &thread->task) == EVPROF_OK;
    taking->is_blind = taking->is_blind || !is_told;
    thread->answer = EVPROF_DUMP_UNREADABLE;
    thread->reason = reason;
    if (!is_told || thread->task.state == 'R') {
        ask_runner(taking, number);
    } else if (taking->asks_sleepers && thread->task.state == 'S' &&
               !thread->task.holds_sigprof_back) {
        asked->was_asleep = true;
        ask(taking, number);
    }
}

/* ---- Looking ---- */

/* Adds the thread of a record to the dump; true when it has to be looked at. */
static bool
add_thread(taking_t *taking, evprof_thread_t *record)
{
    size_t number = taking->dump->count++;
    evprof_dump_thread_t *thread = &taking->dump->threads[number];
    asked_t *asked = &taking->asked[number];
    kept_t *kept = &dumps.kept[record->index];
    thread->tid = atomic_load(&record->tid);
    asked->index = record->index;
    asked->generation = atomic_load(&record->generation);
    asked->timer = -1;
    taking->number_of[record->index] = (uint32_t)number;
    uintptr_t pcs[EVPROF_THREAD_CREATOR_DEPTH];
    evprof_stack_t creator = { .pcs = pcs };
    creator.count =
        evprof_thread_creator(record, pcs, EVPROF_THREAD_CREATOR_DEPTH);
    copy_stack(taking, &taking->dump->memory->looks, &creator,
               &thread->creator);
    if (!has_not_moved(kept, asked, thread->tid)) {
        return true;
    }
    thread->task = kept->task;
    thread->labels = kept->labels;
    thread->still_ns = evprof_clock_ns(CLOCK_MONOTONIC) - kept->since_ns;
    thread->answer = EVPROF_DUMP_KEPT;
    copy_stack(taking, &taking->dump->memory->looks, &kept->stack,
               &thread->stack);
    return false;
}

/* The first look at a thread. */
static void
judge(taking_t *taking, size_t number, const evprof_sleeper_t *sleeper)
{
    evprof_dump_thread_t *thread = &taking->dump->threads[number];
    switch (sleeper->status) {
    case EVPROF_SLEEPER_WALKED:
        take_walk(taking, number, sleeper);
        break;
    case EVPROF_SLEEPER_GONE:
        taking->asked[number].is_gone = true;
        break;
    case EVPROF_SLEEPER_UNREADABLE:
        do_without_walk(taking, number, sleeper->why);
        break;
    default:
        (void)evprof_thread_read_status(thread->tid, &thread->task);
        thread->task.state = 'R';
        ask_runner(taking, number);
        break;
    }
}

/* Whether the thread has had little CPU time since the first look. */
static bool
is_starved(asked_t *asked, pid_t tid)
{
    int64_t cpu_ns = evprof_thread_cpu_ns(tid);
    if (asked->met_cpu_ns == 0) {
        asked->met_cpu_ns = cpu_ns;
    }
    return cpu_ns - asked->met_cpu_ns < MOMENT_NS;
}

/* Threads block signals for a moment when they create others, begin and end. On
 * a busy machine that moment is long on the wall clock but short on the
 * thread's own; a thread that always blocks them passes the limit soon. */
static void
give_chance(taking_t *taking, size_t number)
{
    asked_t *asked = &taking->asked[number];
    evprof_dump_thread_t *thread = &taking->dump->threads[number];
    asked->is_gone =
        evprof_thread_read_status(thread->tid, &thread->task) != EVPROF_OK;
    thread->task.state = 'R';
    if (!thread->task.holds_sigprof_back || !is_starved(asked, thread->tid)) {
        atomic_store(&asked->await, AWAIT_NOTHING);
        end_wait(taking);
        if (!thread->task.holds_sigprof_back && !asked->is_gone) {
            ask(taking, number);
        }
    }
}

/* Looks again at an awaited thread. */
static void
judge_again(taking_t *taking, size_t number, const evprof_sleeper_t *sleeper)
{
    asked_t *asked = &taking->asked[number];
    evprof_dump_thread_t *thread = &taking->dump->threads[number];
    int await = atomic_load(&asked->await);
    evprof_thread_info_t task;
    if (await == AWAIT_NOTHING) {
        return;
    }
    switch (sleeper->status) {
    case EVPROF_SLEEPER_WALKED:
        if (claim(asked)) {
            take_walk(taking, number, sleeper);
            end_wait(taking);
        }
        break;
    case EVPROF_SLEEPER_GONE:
        asked->is_gone = true;
        break;
    case EVPROF_SLEEPER_UNREADABLE:
        if (!asked->was_asleep &&
            evprof_thread_read_status(thread->tid, &task) == EVPROF_OK &&
            task.state != 'R' && claim(asked)) {
            end_wait(taking);
            do_without_walk(taking, number, sleeper->why);
        }
        break;
    default:
        if (await == AWAIT_CHANCE) {
            give_chance(taking, number);
        }
        break;
    }
}

typedef void judge_fn(taking_t *taking, size_t number,
                      const evprof_sleeper_t *sleeper);

/* Threads that are looked at together. */
typedef struct batch {
    size_t count;
    size_t numbers[EVPROF_SLEEPERS_MOST];
    evprof_sleeper_t sleepers[EVPROF_SLEEPERS_MOST];
} batch_t;

static void
look(taking_t *taking, batch_t *batch, judge_fn *judge_one)
{
    evprof_sleepers_walk(taking->outside, batch->sleepers, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        judge_one(taking, batch->numbers[i], &batch->sleepers[i]);
    }
    batch->count = 0;
}

static void
look_later(taking_t *taking, batch_t *batch, size_t number, judge_fn *judge_one)
{
    const asked_t *asked = &taking->asked[number];
    evprof_sleeper_t *sleeper = &batch->sleepers[batch->count];
    sleeper->index = asked->index;
    sleeper->generation = asked->generation;
    sleeper->tid = taking->dump->threads[number].tid;
    batch->numbers[batch->count++] = number;
    if (batch->count == EVPROF_SLEEPERS_MOST) {
        look(taking, batch, judge_one);
    }
}

static void
look_at_all(taking_t *taking, batch_t *batch)
{
    for (uint32_t i = 0; i < taking->max; i++) {
        evprof_thread_t *record = evprof_thread_at(i);
        if (evprof_thread_is_application(record) &&
            add_thread(taking, record)) {
            look_later(taking, batch, taking->dump->count - 1, judge);
        }
    }
    look(taking, batch, judge);
}

static void
look_again(taking_t *taking, batch_t *batch)
{
    for (size_t i = 0; i < taking->dump->count; i++) {
        asked_t *asked = &taking->asked[i];
        /* A thread that has answered needs its timer no more. */
        if (atomic_load(&asked->await) == AWAIT_NOTHING) {
            evprof_ask_end(asked->timer);
            asked->timer = -1;
        }
    }
    for (size_t i = 0; i < taking->dump->count; i++) {
        if (atomic_load(&taking->asked[i].await) != AWAIT_NOTHING) {
            look_later(taking, batch, i, judge_again);
        }
    }
    look(taking, batch, judge_again);
}

/* ---- Waiting ---- */

static bool
has_ended(const asked_t *asked)
{
    const evprof_thread_t *record = evprof_thread_at(asked->index);
    return asked->is_gone ||
           atomic_load(&record->generation) != asked->generation;
}

/* A thread that ends before it answers is no longer awaited. */
static void
give_up_ended(taking_t *taking)
{
    for (size_t i = 0; i < taking->dump->count; i++) {
        asked_t *asked = &taking->asked[i];
        if (atomic_load(&asked->await) != AWAIT_NOTHING && has_ended(asked) &&
            claim(asked)) {
            end_wait(taking);
        }
    }
}

static void
await_answers(taking_t *taking, batch_t *batch)
{
    const struct timespec moment = { .tv_nsec = POLL_NS };
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    int64_t end_ns = now_ns + (taking->is_blind ? BLIND_NS : ALL_NS);
    int64_t pause_ns = LOOK_NS;
    int64_t look_ns = now_ns + pause_ns;
    for (;;) {
        evprof_tap_flush();
        give_up_ended(taking);
        now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
        if (atomic_load(&taking->awaited) == 0 || now_ns >= end_ns) {
            return;
        }
        if (now_ns >= look_ns) {
            look_again(taking, batch);
            pause_ns = pause_ns < LOOK_MAX_NS ? 2 * pause_ns : pause_ns;
            look_ns = evprof_clock_ns(CLOCK_MONOTONIC) + pause_ns;
        }
        nanosleep(&moment, NULL);
    }
}

static void
end_asks(taking_t *taking)
{
    for (size_t i = 0; i < taking->dump->count; i++) {
        evprof_ask_end(taking->asked[i].timer);
    }
}

/* ---- A whole dump ---- */

/* Leaves out threads that ended before they answered. */
static void
leave_out_ended(taking_t *taking)
{
    evprof_dump_t *dump = taking->dump;
    size_t count = 0;
    for (size_t i = 0; i < dump->count; i++) {
        if (dump->threads[i].stack.count > 0 || !has_ended(&taking->asked[i])) {
            dump->threads[count++] = dump->threads[i];
        }
    }
    dump->count = count;
}

static void
count_answers(const evprof_dump_t *dump)
{
    evprof_tap_stats_t tap;
    evprof_tap_stats(EVPROF_TAP_THREADS, &tap);
    dumps.stats.dumps++;
    dumps.stats.cut_short += tap.cut_short;
    for (size_t i = 0; i < dump->count; i++) {
        enum evprof_dump_answer answer = dump->threads[i].answer;
        dumps.stats.kept += answer == EVPROF_DUMP_KEPT;
        dumps.stats.unreadable += answer == EVPROF_DUMP_UNREADABLE;
        dumps.stats.unresponsive += answer == EVPROF_DUMP_UNRESPONSIVE;
    }
}

static int
take_in_tap(taking_t *taking, evprof_error_t *err)
{
    const evprof_tap_t tap = {
        .unwinder = evprof_unwinder_find("auto"),
        .depth = EVPROF_SLEEPER_DEPTH,
        .uses_signals = true,
        .sink = take_answer,
        .ctx = taking,
    };
    batch_t *batch = calloc(1, sizeof(*batch));
    int status = batch == NULL
                     ? evprof_fail(err, EVPROF_ENOMEM, "threads: out of memory")
                     : evprof_tap_open(EVPROF_TAP_THREADS, &tap, err);
    if (status == EVPROF_OK) {
        evprof_proc_hold();
        look_at_all(taking, batch);
        await_answers(taking, batch);
        evprof_proc_let_go();
        end_asks(taking);
        taking->dump->intruder = evprof_tap_intruder();
        evprof_tap_close(EVPROF_TAP_THREADS);
        leave_out_ended(taking);
        count_answers(taking->dump);
    }
    free(batch);
    return status;
}

static int
take_locked(taking_t *taking, evprof_error_t *err)
{
    /* Without /proc the threads that the registry knows are listed. */
    int status = evprof_thread_scan();
    taking->dump->is_incomplete = status == EVPROF_EIO;
    taking->outside = evprof_outside_new();
    if (taking->outside == NULL || status == EVPROF_ENOMEM ||
        !make_room(taking, evprof_thread_limit())) {
        return evprof_fail(err, EVPROF_ENOMEM,
                           "threads: cannot list them: out of memory");
    }
    status = take_in_tap(taking, err);
    return status == EVPROF_OK && atomic_load(&taking->is_out_of_memory)
               ? evprof_fail(err, EVPROF_ENOMEM, "threads: out of memory")
               : status;
}

int
evprof_dump_take(evprof_dump_t *out, bool asks_sleepers, evprof_error_t *err)
{
    evprof_dump_t dump = { .memory = calloc(1, sizeof(*dump.memory)) };
    if (dump.memory == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "threads: out of memory");
    }
    taking_t taking = { .dump = &dump, .asks_sleepers = asks_sleepers };
    evprof_lock_enter(&dumps.lock);
    int status = take_locked(&taking, err);
    evprof_lock_leave(&dumps.lock);
    evprof_outside_free(taking.outside);
    free(taking.number_of);
    free(taking.asked);
    if (status == EVPROF_OK) {
        *out = dump;
    } else {
        evprof_dump_free(&dump);
    }
    return status;
}

void
evprof_dump_free(evprof_dump_t *dump)
{
    if (dump->memory != NULL) {
        evprof_arena_free(&dump->memory->looks);
        evprof_arena_free(&dump->memory->answers);
    }
    free(dump->memory);
    free(dump->threads);
    *dump = (evprof_dump_t){ 0 };
}

void
evprof_dump_describe(evprof_dump_t *dump)
{
    for (size_t i = 0; i < dump->count; i++) {
        evprof_thread_info_t *task = &dump->threads[i].task;
        evprof_thread_info_t now;
        if (evprof_thread_read_status(dump->threads[i].tid, &now) ==
            EVPROF_OK) {
            memcpy(task->name, now.name, sizeof(task->name));
            bool was_asleep = task->state == 'S';
            task->state = was_asleep && now.state == 'R' ? 'S' : now.state;
        }
    }
}

void
evprof_dump_stats(evprof_dump_stats_t *out)
{
    evprof_lock_enter(&dumps.lock);
    *out = dumps.stats;
    evprof_lock_leave(&dumps.lock);
}

static void
fork_child(void)
{
    evprof_lock_reset(&dumps.lock);
    /* The parent's threads may have been changing these, so they are not
     * freed. */
    dumps.kept = NULL;
    dumps.kept_count = 0;
    dumps.kept_cap = 0;
}

__attribute__((constructor(102))) static void
watch_forks(void)
{
    static evprof_fork_hook_t hook = { .child = fork_child,
                                       .rank = EVPROF_FORK_USERS };
    evprof_sample_on_fork(&hook);
}
