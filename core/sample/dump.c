/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads are asked in batches, so that the rings hold the answers and the CPUs
 * are not flooded with handlers. A batch is given a moment; who runs but gets
 * no CPU may still answer while later batches are asked, and a little longer at
 * the end. Nobody is waited for beyond that.
 *
 * A signal makes some sleeping calls return EINTR, and scrapers ask every few
 * seconds. So the last stack of each thread is kept, together with its counts
 * of context switches and its place in user mode: while these stand still, so
 * does the stack. Answering is itself one switch, which the next look allows
 * for.
 */
#include "core/sample/dump.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/sample/lock.h"
#include "core/sample/tap.h"
#include "core/sample/threads.h"

/* The rings hold about 240 stacks of full depth on the smallest machine. */
enum { BATCH = 64, DEPTH = 128 };
/* How long a batch may take, and how long all of them together. A handler needs
 * microseconds once its thread has a CPU. */
#define BATCH_NS INT64_C(20000000)
#define ALL_NS INT64_C(500000000)
/* How long nobody may answer at the end before the rest is given up. Sleepers
 * get a CPU soon; who runs on a crowded CPU is waited for until ALL_NS. */
#define SILENCE_NS INT64_C(50000000)
#define POLL_NS 100000L

/* What is known of a thread from its last answer; an element a record. */
typedef struct memory_of_thread {
    uint32_t generation;
    bool was_asked; /* the counts are from before its answer */
    evprof_task_info_t task;
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
} asked_t;

struct evprof_dump_memory {
    evprof_arena_t arena;
};

static struct {
    evprof_lock_t lock; /* one dump at a time; guards `kept` */
    kept_t *kept;
    size_t kept_count;
    size_t kept_cap;
    evprof_dump_stats_t stats;
} dumps;

/* The dump that the sink fills; only while the tap is open. */
typedef struct taking {
    evprof_dump_t *dump;
    asked_t *asked; /* one a thread */
    evprof_arena_t *arena;
    size_t cap;
    size_t asked_cap;
    _Atomic size_t outstanding;
    bool is_out_of_memory;
} taking_t;

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- What is kept from one dump to the next ---- */

static kept_t *
kept_of(uint32_t index)
{
    if (index >= dumps.kept_count) {
        kept_t *kept =
            evprof_grow(dumps.kept, &dumps.kept_cap, index + 1, sizeof(*kept));
        if (kept == NULL) {
            return NULL;
        }
        memset(kept + dumps.kept_count, 0,
               (index + 1 - dumps.kept_count) * sizeof(*kept));
        dumps.kept = kept;
        dumps.kept_count = index + 1;
    }
    return &dumps.kept[index];
}

/* Whether the last stack of the thread still stands. */
static bool
has_not_moved(const kept_t *kept, uint32_t generation,
              const evprof_task_info_t *task)
{
    uint64_t own = kept->was_asked ? 1 : 0;
    return kept->stack.count > 0 && kept->generation == generation &&
           (task->state == 'S' || task->state == 'D') &&
           task->switches - kept->task.switches <= own &&
           task->preemptions - kept->task.preemptions <= own &&
           task->call == kept->task.call && task->sp == kept->task.sp &&
           task->pc == kept->task.pc;
}

/* Remembers an answer for the next dump; without memory it is just asked
 * again. */
static void
keep(const asked_t *asked, const evprof_dump_thread_t *thread)
{
    kept_t *kept = kept_of(asked->index);
    if (kept == NULL) {
        return;
    }
    uintptr_t *pcs =
        evprof_grow(kept->pcs, &kept->cap, thread->stack.count, sizeof(*pcs));
    if (pcs == NULL) {
        kept->stack.count = 0;
        return;
    }
    memcpy(pcs, thread->stack.pcs, thread->stack.count * sizeof(*pcs));
    kept->generation = asked->generation;
    kept->was_asked = true;
    kept->task = thread->task;
    kept->since_ns = now_ns();
    kept->pcs = pcs;
    kept->stack = thread->stack;
    kept->stack.pcs = pcs;
    kept->labels = thread->labels;
}

/* ---- Taking ---- */

static bool
copy_stack(taking_t *taking, const evprof_stack_t *from, evprof_stack_t *out)
{
    uintptr_t *pcs =
        evprof_arena_alloc(taking->arena, from->count * sizeof(*pcs));
    if (pcs == NULL) {
        taking->is_out_of_memory = true;
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
    size_t number = (size_t)(uint64_t)record->value;
    if (number >= taking->dump->count) {
        return;
    }
    asked_t *asked = &taking->asked[number];
    evprof_dump_thread_t *thread = &taking->dump->threads[number];
    evprof_stack_t stack = {
        .pcs = record->pcs,
        .count = record->count,
        .leaf_is_exact = (record->flags & EVPROF_RECORD_EXACT) != 0,
    };
    if (!asked->is_outstanding || record->thread != asked->index ||
        record->generation != asked->generation) {
        return;
    }
    asked->is_outstanding = false;
    if (copy_stack(taking, &stack, &thread->stack)) {
        thread->labels = record->labels;
        thread->answer = EVPROF_DUMP_FRESH;
        keep(asked, thread);
    }
    atomic_fetch_sub(&taking->outstanding, 1);
}

/* Adds the thread of a record, with its last stack if that still stands. */
static int
add_thread(taking_t *taking, evprof_thread_t *record)
{
    evprof_dump_t *dump = taking->dump;
    evprof_dump_thread_t thread = { .tid = atomic_load(&record->tid) };
    asked_t asked = { record->index, atomic_load(&record->generation), false };
    if (evprof_task_read(thread.tid, &thread.task) != EVPROF_OK) {
        return EVPROF_OK;
    }
    uintptr_t pcs[EVPROF_THREAD_CREATOR_DEPTH];
    evprof_stack_t creator = { .pcs = pcs };
    creator.count =
        evprof_thread_creator(record, pcs, EVPROF_THREAD_CREATOR_DEPTH);
    copy_stack(taking, &creator, &thread.creator);
    kept_t *kept = kept_of(record->index);
    if (kept != NULL && has_not_moved(kept, asked.generation, &thread.task)) {
        kept->was_asked = false;
        kept->task = thread.task;
        thread.labels = kept->labels;
        thread.still_ns = now_ns() - kept->since_ns;
        thread.answer = EVPROF_DUMP_KEPT;
        copy_stack(taking, &kept->stack, &thread.stack);
    }
    evprof_dump_thread_t *threads = evprof_grow(
        dump->threads, &taking->cap, dump->count + 1, sizeof(*threads));
    dump->threads = threads == NULL ? dump->threads : threads;
    asked_t *all = evprof_grow(taking->asked, &taking->asked_cap,
                               dump->count + 1, sizeof(*all));
    taking->asked = all == NULL ? taking->asked : all;
    if (threads == NULL || all == NULL || taking->is_out_of_memory) {
        return EVPROF_ENOMEM;
    }
    threads[dump->count] = thread;
    all[dump->count++] = asked;
    return EVPROF_OK;
}

static int
list_threads(taking_t *taking)
{
    int status = evprof_thread_scan();
    uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit && status == EVPROF_OK; i++) {
        evprof_thread_t *record = evprof_thread_at(i);
        if (evprof_thread_is_application(record)) {
            status = add_thread(taking, record);
        }
    }
    return status;
}

/* A thread that holds the signal back or is stopped would never answer; the
 * signal would only reach it at some later, stranger time. */
static bool
could_answer(const evprof_task_info_t *task)
{
    return !task->holds_sigprof_back &&
           (task->state == 'R' || task->state == 'S');
}

static bool
ask(taking_t *taking, size_t number)
{
    evprof_dump_thread_t *thread = &taking->dump->threads[number];
    asked_t *asked = &taking->asked[number];
    if (thread->answer == EVPROF_DUMP_KEPT || !could_answer(&thread->task)) {
        return false;
    }
    asked->is_outstanding = true;
    atomic_fetch_add(&taking->outstanding, 1);
    if (evprof_tap_signal(EVPROF_TAP_THREADS, evprof_thread_at(asked->index),
                          asked->generation, (uint32_t)number) != EVPROF_OK) {
        asked->is_outstanding = false;
        atomic_fetch_sub(&taking->outstanding, 1);
        return false;
    }
    dumps.stats.asked++;
    dumps.stats.interrupted += thread->task.state == 'S';
    return true;
}

/* Until all have answered, at most until then. */
static void
await_answers(taking_t *taking, int64_t until_ns)
{
    const struct timespec moment = { .tv_nsec = POLL_NS };
    for (;;) {
        evprof_tap_flush();
        if (atomic_load(&taking->outstanding) == 0 || now_ns() >= until_ns) {
            return;
        }
        nanosleep(&moment, NULL);
    }
}

static bool
is_runner_outstanding(const taking_t *taking)
{
    for (size_t i = 0; i < taking->dump->count; i++) {
        if (taking->asked[i].is_outstanding &&
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
        int64_t silent_ns = now_ns() + SILENCE_NS;
        bool is_patient = is_runner_outstanding(taking);
        await_answers(taking, is_patient || silent_ns > until_ns ? until_ns
                                                                 : silent_ns);
    } while (atomic_load(&taking->outstanding) < before && now_ns() < until_ns);
}

static void
ask_all(taking_t *taking)
{
    int64_t start_ns = now_ns();
    size_t in_batch = 0;
    for (size_t i = 0; i < taking->dump->count; i++) {
        in_batch += ask(taking, i);
        if (in_batch == BATCH && now_ns() < start_ns + ALL_NS) {
            await_answers(taking, now_ns() + BATCH_NS);
            in_batch = 0;
        }
    }
    await_rest(taking, start_ns + ALL_NS);
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
    int status = list_threads(taking);
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "threads: cannot list them: %s",
                           evprof_status_text(status));
    }
    status = evprof_tap_open(EVPROF_TAP_THREADS, &tap, err);
    if (status == EVPROF_OK) {
        ask_all(taking);
        evprof_tap_close(EVPROF_TAP_THREADS);
        count_answers(taking->dump);
    }
    return status;
}

int
evprof_dump_take(evprof_dump_t *out, evprof_error_t *err)
{
    evprof_dump_t dump = { .memory = calloc(1, sizeof(*dump.memory)) };
    if (dump.memory == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "threads: out of memory");
    }
    taking_t taking = { .dump = &dump, .arena = &dump.memory->arena };
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
        evprof_arena_free(&dump->memory->arena);
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
}
