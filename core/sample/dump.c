/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each thread is asked as soon as it was looked at, so that it answers on
 * another CPU while the next one's files are read. Only so many may be asked at
 * once, so that the rings hold the answers: room is waited for a moment; who
 * runs but gets no CPU may still answer while others are asked, and a little
 * longer at the end. Nobody is waited for beyond that.
 *
 * A signal makes some sleeping calls return EINTR, and scrapers ask every few
 * seconds. So the last stack of each thread is kept, together with its place in
 * user mode and how often it had gone to sleep when it answered, which its
 * handler reads: whoever sleeps at that place and has gone to sleep but once
 * since is still in the sleep that it went back to. How often it was preempted
 * on the way says nothing. Who was found so is known by its CPU clock from then
 * on: while that stands, nothing of /proc has to be read.
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
#include "core/sample/tap.h"
#include "core/sample/threads.h"

/* The rings hold about 240 stacks of full depth on the smallest machine. */
enum { AT_ONCE = 64, DEPTH = 128 };
/* How long room for the next is waited for, and how long all may take. A
 * handler needs microseconds once its thread has a CPU. */
#define ROOM_NS INT64_C(20000000)
#define ALL_NS INT64_C(500000000)
/* What a thread is given to fall asleep again after an answer: a dump that
 * follows at once would find it running and interrupt it a second time. */
#define SETTLE_NS INT64_C(2000000)
/* How long nobody may answer at the end before the rest is given up. Sleepers
 * get a CPU soon; who runs on a crowded CPU is waited for until ALL_NS. */
#define SILENCE_NS INT64_C(50000000)
#define POLL_NS 100000L
/* Pauses between looks at who holds signals back, and how much CPU time such a
 * thread may use before it is taken to do so for good. */
#define PAUSE_MAX_NS 5000000L
#define MOMENT_NS INT64_C(1000000)

/* The length of the instruction that enters the kernel: a call that goes on by
 * itself after a signal begins there again. */
#if defined(__x86_64__)
enum { CALL_BYTES = 2 };
#else
enum { CALL_BYTES = 4 };
#endif

/* What is known of a thread from its last answer; an element a record. */
typedef struct memory_of_thread {
    uint32_t generation;
    uint32_t sleeps; /* when it answered; one more, and it sleeps again */
    evprof_task_info_t task;
    int64_t cpu_ns;   /* its clock when it was found in that sleep, or -1 */
    int64_t since_ns; /* it is known not to have moved since */
    evprof_stack_t stack;
    uintptr_t *pcs; /* of the stack; room for `cap` */
    size_t cap;
    const evprof_label_set_t *labels;
} kept_t;

/* A thread of the dump that is being taken. */
typedef struct asked {
    uint32_t index;
    uint32_t generation;
    _Atomic bool is_outstanding;
    bool is_gone;       /* the kernel knows it no longer */
    int64_t met_cpu_ns; /* its clock when it was met with signals held back */
} asked_t;

struct evprof_dump_memory {
    evprof_arena_t looks;   /* of the thread that takes the dump */
    evprof_arena_t answers; /* of the sink, which may be another */
};

static struct {
    evprof_lock_t lock; /* one dump at a time; guards `kept` */
    kept_t *kept;
    size_t kept_count;
    size_t kept_cap;
    int64_t ended_ns; /* of the last dump */
    evprof_dump_stats_t stats;
} dumps;

/* The dump that the sink fills; only while the tap is open. Its arrays and
 * `kept` have room for all before that and stay where they are. */
typedef struct taking {
    evprof_dump_t *dump;
    asked_t *asked; /* one a thread of the dump */
    size_t max;
    _Atomic size_t outstanding;
    size_t silent; /* of those, who did not answer while room was waited for */
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
    taking->max = limit;
    return taking->dump->threads != NULL && taking->asked != NULL;
}

static bool
has_stack(const kept_t *kept, uint32_t generation)
{
    return kept->stack.count > 0 && kept->generation == generation;
}

/* Whether the thread is in the sleep that it went back to after its answer. */
static bool
has_not_moved(const kept_t *kept, const evprof_task_info_t *task)
{
    return (task->state == 'S' || task->state == 'D') &&
           (uint32_t)task->switches - kept->sleeps <= 1 &&
           task->call == kept->task.call && task->sp == kept->task.sp &&
           task->pc == kept->task.pc;
}

/* Whether the signal met the thread in the call that it was seen in before;
 * it may have left that on its own in the meantime. */
static bool
was_in_call(const evprof_task_info_t *task, const evprof_record_t *record)
{
    return task->call == EVPROF_TASK_UNKNOWN_CALL ||
           (task->pc != 0 && record->count > 0 &&
            (record->pcs[0] == task->pc ||
             record->pcs[0] == task->pc - CALL_BYTES));
}

/* Remembers an answer for the next dump; without memory it is just asked
 * again. */
static void
keep(const asked_t *asked, const evprof_dump_thread_t *thread,
     const evprof_record_t *record)
{
    kept_t *kept = &dumps.kept[asked->index];
    kept->stack.count = 0;
    uintptr_t *pcs =
        evprof_grow(kept->pcs, &kept->cap, thread->stack.count, sizeof(*pcs));
    if (pcs == NULL || !was_in_call(&thread->task, record)) {
        kept->pcs = pcs == NULL ? kept->pcs : pcs;
        return;
    }
    memcpy(pcs, thread->stack.pcs, thread->stack.count * sizeof(*pcs));
    kept->generation = asked->generation;
    kept->sleeps = evprof_record_sleeps(record);
    kept->task = thread->task;
    kept->cpu_ns = -1;
    kept->since_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    kept->pcs = pcs;
    kept->stack = thread->stack;
    kept->stack.pcs = pcs;
    kept->labels = thread->labels;
}

/* ---- Taking ---- */

static bool
copy_stack(taking_t *taking, evprof_arena_t *arena, const evprof_stack_t *from,
           evprof_stack_t *out)
{
    uintptr_t *pcs = evprof_arena_alloc(arena, from->count * sizeof(*pcs));
    if (pcs == NULL) {
        atomic_store(&taking->is_out_of_memory, true);
        return false;
    }
    memcpy(pcs, from->pcs, from->count * sizeof(*pcs));
    *out = *from;
    out->pcs = pcs;
    return true;
}

/* The drainer brings an answer. */
static void
take_answer(void *ctx, const evprof_record_t *record)
{
    taking_t *taking = ctx;
    size_t number = evprof_record_number(record);
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
    /* What was written of the thread before it was asked is seen from here. */
    if (!atomic_load(&asked->is_outstanding) ||
        record->thread != asked->index ||
        record->generation != asked->generation ||
        !atomic_exchange(&asked->is_outstanding, false)) {
        return;
    }
    if (copy_stack(taking, &taking->dump->memory->answers, &stack,
                   &thread->stack)) {
        thread->labels = record->labels;
        thread->answer = EVPROF_DUMP_FRESH;
        keep(asked, thread, record);
    }
    atomic_fetch_sub(&taking->outstanding, 1);
}

/* What the thread is doing, and its last stack if that still stands. */
static int
look(taking_t *taking, const asked_t *asked, evprof_dump_thread_t *thread)
{
    kept_t *kept = &dumps.kept[asked->index];
    bool has_last = has_stack(kept, asked->generation);
    int64_t cpu_ns = evprof_task_cpu_ns(thread->tid);
    if (has_last && cpu_ns >= 0 && cpu_ns == kept->cpu_ns) {
        thread->task = kept->task;
    } else if (evprof_task_read(thread->tid, &thread->task) != EVPROF_OK) {
        return EVPROF_ENOENT;
    } else if (!has_last || !has_not_moved(kept, &thread->task)) {
        return EVPROF_OK;
    }
    kept->task = thread->task;
    kept->cpu_ns = cpu_ns;
    thread->labels = kept->labels;
    thread->still_ns = evprof_clock_ns(CLOCK_MONOTONIC) - kept->since_ns;
    thread->answer = EVPROF_DUMP_KEPT;
    copy_stack(taking, &taking->dump->memory->looks, &kept->stack,
               &thread->stack);
    return EVPROF_OK;
}

/* Adds the thread of a record to the dump, unless it has just ended. */
static bool
add_thread(taking_t *taking, evprof_thread_t *record)
{
    size_t number = taking->dump->count;
    evprof_dump_thread_t *thread = &taking->dump->threads[number];
    asked_t *asked = &taking->asked[number];
    thread->tid = atomic_load(&record->tid);
    asked->index = record->index;
    asked->generation = atomic_load(&record->generation);
    if (look(taking, asked, thread) != EVPROF_OK) {
        return false;
    }
    uintptr_t pcs[EVPROF_THREAD_CREATOR_DEPTH];
    evprof_stack_t creator = { .pcs = pcs };
    creator.count =
        evprof_thread_creator(record, pcs, EVPROF_THREAD_CREATOR_DEPTH);
    copy_stack(taking, &taking->dump->memory->looks, &creator,
               &thread->creator);
    taking->dump->count++;
    return true;
}

/* A thread that holds the signal back or is stopped would never answer; the
 * signal would only reach it at some later, stranger time. */
static bool
could_answer(const evprof_task_info_t *task)
{
    return !task->holds_sigprof_back &&
           (task->state == 'R' || task->state == 'S');
}

static void
ask(taking_t *taking, size_t number)
{
    evprof_dump_thread_t *thread = &taking->dump->threads[number];
    asked_t *asked = &taking->asked[number];
    bool was_asleep = thread->task.state == 'S';
    if (thread->answer == EVPROF_DUMP_KEPT || !could_answer(&thread->task)) {
        return;
    }
    atomic_store(&asked->is_outstanding, true);
    atomic_fetch_add(&taking->outstanding, 1);
    if (evprof_tap_signal(EVPROF_TAP_THREADS, evprof_thread_at(asked->index),
                          asked->generation, (uint32_t)number) != EVPROF_OK) {
        atomic_store(&asked->is_outstanding, false);
        atomic_fetch_sub(&taking->outstanding, 1);
        return;
    }
    dumps.stats.asked++;
    dumps.stats.interrupted += was_asleep;
}

static bool
has_ended(const asked_t *asked)
{
    const evprof_thread_t *record = evprof_thread_at(asked->index);
    return asked->is_gone ||
           atomic_load(&record->generation) != asked->generation;
}

/* Who ends before it answers is not waited for. */
static void
give_up_ended(taking_t *taking)
{
    for (size_t i = 0; i < taking->dump->count; i++) {
        asked_t *asked = &taking->asked[i];
        if (atomic_load(&asked->is_outstanding) && has_ended(asked) &&
            atomic_exchange(&asked->is_outstanding, false)) {
            atomic_fetch_sub(&taking->outstanding, 1);
        }
    }
}

/* Until at most `left` are awaited, or until then. */
static void
await_answers(taking_t *taking, size_t left, int64_t until_ns)
{
    const struct timespec moment = { .tv_nsec = POLL_NS };
    for (;;) {
        evprof_tap_flush();
        give_up_ended(taking);
        if (atomic_load(&taking->outstanding) <= left ||
            evprof_clock_ns(CLOCK_MONOTONIC) >= until_ns) {
            return;
        }
        nanosleep(&moment, NULL);
    }
}

static bool
is_runner_outstanding(const taking_t *taking)
{
    for (size_t i = 0; i < taking->dump->count; i++) {
        if (atomic_load(&taking->asked[i].is_outstanding) &&
            taking->dump->threads[i].task.state == 'R') {
            return true;
        }
    }
    return false;
}

/* The rest, while somebody answers now and then. */
static void
await_rest(taking_t *taking, int64_t until_ns)
{
    size_t before;
    do {
        before = atomic_load(&taking->outstanding);
        int64_t silent_ns = evprof_clock_ns(CLOCK_MONOTONIC) + SILENCE_NS;
        bool is_patient = is_runner_outstanding(taking);
        await_answers(taking, 0,
                      is_patient || silent_ns > until_ns ? until_ns
                                                         : silent_ns);
    } while (atomic_load(&taking->outstanding) < before &&
             evprof_clock_ns(CLOCK_MONOTONIC) < until_ns);
}

/* Who is silent for long takes no room from the others. */
static void
await_room(taking_t *taking)
{
    if (atomic_load(&taking->outstanding) >= taking->silent + AT_ONCE) {
        await_answers(taking, taking->silent + AT_ONCE / 2,
                      evprof_clock_ns(CLOCK_MONOTONIC) + ROOM_NS);
        size_t left = atomic_load(&taking->outstanding);
        if (left >= taking->silent + AT_ONCE) {
            taking->silent = left;
        }
    }
}

/* Whether it has not had the CPU for long since it was first met here. */
static bool
is_starved(asked_t *asked, pid_t tid)
{
    int64_t cpu_ns = evprof_task_cpu_ns(tid);
    if (asked->met_cpu_ns == 0) {
        asked->met_cpu_ns = cpu_ns;
    }
    return cpu_ns - asked->met_cpu_ns < MOMENT_NS;
}

/* Looks again at those who ran with signals held back, and asks who no longer
 * does. Says how many are left that may still do. */
static size_t
ask_passers(taking_t *taking)
{
    size_t left = 0;
    for (size_t i = 0; i < taking->dump->count; i++) {
        evprof_dump_thread_t *thread = &taking->dump->threads[i];
        if (thread->answer == EVPROF_DUMP_UNRESPONSIVE &&
            thread->task.holds_sigprof_back && thread->task.state == 'R' &&
            !has_ended(&taking->asked[i])) {
            taking->asked[i].is_gone =
                evprof_task_read(thread->tid, &thread->task) != EVPROF_OK;
            left += thread->task.holds_sigprof_back &&
                    is_starved(&taking->asked[i], thread->tid);
            ask(taking, i);
        }
    }
    return left;
}

/* Threads hold signals back for moments when they make others, begin and end.
 * On a busy machine such a moment is long, but not by the thread's own clock;
 * one that always does so is soon found out. */
static void
ask_again(taking_t *taking, int64_t until_ns)
{
    struct timespec pause = { .tv_nsec = POLL_NS };
    while (ask_passers(taking) > 0 &&
           evprof_clock_ns(CLOCK_MONOTONIC) < until_ns) {
        nanosleep(&pause, NULL);
        pause.tv_nsec =
            pause.tv_nsec < PAUSE_MAX_NS ? 2 * pause.tv_nsec : pause.tv_nsec;
    }
}

static void
ask_all(taking_t *taking)
{
    int64_t end_ns = evprof_clock_ns(CLOCK_MONOTONIC) + ALL_NS;
    for (uint32_t i = 0; i < taking->max; i++) {
        evprof_thread_t *record = evprof_thread_at(i);
        if (evprof_thread_is_application(record) &&
            add_thread(taking, record)) {
            ask(taking, taking->dump->count - 1);
        }
        if (evprof_clock_ns(CLOCK_MONOTONIC) < end_ns) {
            await_room(taking);
        }
    }
    await_rest(taking, end_ns);
    ask_again(taking, end_ns);
    await_rest(taking, end_ns);
}

/* Who has ended without an answer was there for nobody. */
static void
leave_out_ended(taking_t *taking)
{
    evprof_dump_t *dump = taking->dump;
    size_t count = 0;
    for (size_t i = 0; i < dump->count; i++) {
        if (dump->threads[i].answer != EVPROF_DUMP_UNRESPONSIVE ||
            !has_ended(&taking->asked[i])) {
            dump->threads[count++] = dump->threads[i];
        }
    }
    dump->count = count;
}

static void
count_answers(const evprof_dump_t *dump)
{
    dumps.stats.dumps++;
    for (size_t i = 0; i < dump->count; i++) {
        enum evprof_dump_answer answer = dump->threads[i].answer;
        dumps.stats.kept += answer == EVPROF_DUMP_KEPT;
        dumps.stats.unresponsive += answer == EVPROF_DUMP_UNRESPONSIVE;
    }
}

static void
let_settle(void)
{
    int64_t left_ns =
        dumps.ended_ns + SETTLE_NS - evprof_clock_ns(CLOCK_MONOTONIC);
    if (dumps.ended_ns != 0 && left_ns > 0) {
        const struct timespec rest = { .tv_nsec = (long)left_ns };
        nanosleep(&rest, NULL);
    }
}

static int
take_locked(taking_t *taking, evprof_error_t *err)
{
    const evprof_tap_t tap = {
        .unwinder = evprof_unwinder_find("auto"),
        .depth = DEPTH,
        .uses_signals = true,
        .sink = take_answer,
        .ctx = taking,
    };
    let_settle();
    int status = evprof_thread_scan();
    if (status == EVPROF_OK && !make_room(taking, evprof_thread_limit())) {
        status = EVPROF_ENOMEM;
    }
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "threads: cannot list them: %s",
                           evprof_status_text(status));
    }
    status = evprof_tap_open(EVPROF_TAP_THREADS, &tap, err);
    if (status != EVPROF_OK) {
        return status;
    }
    ask_all(taking);
    evprof_tap_close(EVPROF_TAP_THREADS);
    dumps.ended_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    leave_out_ended(taking);
    count_answers(taking->dump);
    return atomic_load(&taking->is_out_of_memory)
               ? evprof_fail(err, EVPROF_ENOMEM, "threads: out of memory")
               : EVPROF_OK;
}

int
evprof_dump_take(evprof_dump_t *out, evprof_error_t *err)
{
    evprof_dump_t dump = { .memory = calloc(1, sizeof(*dump.memory)) };
    if (dump.memory == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "threads: out of memory");
    }
    taking_t taking = { .dump = &dump };
    evprof_lock_enter(&dumps.lock);
    int status = take_locked(&taking, err);
    evprof_lock_leave(&dumps.lock);
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
evprof_dump_stats(evprof_dump_stats_t *out)
{
    evprof_lock_enter(&dumps.lock);
    *out = dumps.stats;
    evprof_lock_leave(&dumps.lock);
}

void
evprof_dump_fork_child(void)
{
    evprof_lock_reset(&dumps.lock);
    /* The parent's threads may have been changing these: not freed. */
    dumps.kept = NULL;
    dumps.kept_count = 0;
    dumps.kept_cap = 0;
}
