/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The events of a generation are gone through twice: once to find what belongs
 * together (pairing.c), and once to write.
 */
#include "core/trace/order.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bulk.h"
#include "core/base/hash.h"
#include "core/sample/contention.h"
#include "core/trace/event.h"
#include "core/trace/pairing.h"
#include "core/trace/samples.h"
#include "core/trace/slow_tasks.h"
#include "core/trace/view.h"
#include "core/unwind/unwind.h"

/* The most words of events in a generation; more are dropped. */
#define WORDS_MAX ((size_t)8 << 20)

static size_t
words_of(uint64_t head)
{
    return 2 + (head >> 8 & 0xff) + (head >> 16 & 0xffff) +
           ((head >> 32) + 7) / 8;
}

/* ---- Collecting ---- */

/* The lane of a living thread, made when new. */
static evprof_lane_t *
lane_of(evprof_trace_order_t *order, pid_t tid, uint32_t *index)
{
    for (size_t i = order->lanes.count; i-- > 0;) {
        evprof_lane_t *lane = order->lanes.items[i];
        if (lane->tid == tid && lane->state != EVPROF_LANE_ENDED) {
            *index = (uint32_t)i;
            return lane;
        }
    }
    *index = (uint32_t)order->lanes.count;
    return evprof_lane_new(&order->lanes, tid);
}

void
evprof_trace_order_seed(evprof_trace_order_t *order, pid_t tid, bool is_asleep,
                        const uint64_t *pcs, size_t count)
{
    uint32_t index;
    evprof_lane_t *lane = lane_of(order, tid, &index);
    if (lane != NULL && lane->state == EVPROF_LANE_NEW) {
        lane->state = is_asleep ? EVPROF_LANE_WAITING : EVPROF_LANE_RUNNING;
        lane->proc = order->lanes.proc_count++;
        lane->stack = evprof_trace_stacks_add(&order->stacks, pcs, count);
    }
}

static bool
make_room(evprof_trace_order_t *order, size_t words)
{
    if (order->word_count + words > WORDS_MAX) {
        return false;
    }
    uint64_t *grown =
        evprof_bulk_grow(order->words, &order->word_cap,
                         order->word_count + words, sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    order->words = grown;
    evprof_trace_ref_t *refs = evprof_bulk_grow(
        order->refs, &order->ref_cap, order->ref_count + 1, sizeof(*refs));
    if (refs == NULL) {
        return false;
    }
    order->refs = refs;
    return true;
}

static bool
take_event(evprof_trace_order_t *order, const evprof_trace_ring_t *ring,
           uint64_t tail, uint32_t lane)
{
    size_t words = words_of(ring->words[tail % EVPROF_TRACE_RING_WORDS]);
    if (!make_room(order, words)) {
        return false;
    }
    uint64_t *to = order->words + order->word_count;
    for (size_t i = 0; i < words; i++) {
        to[i] = ring->words[(tail + i) % EVPROF_TRACE_RING_WORDS];
    }
    order->refs[order->ref_count++] = (evprof_trace_ref_t){
        .ns = (int64_t)to[1], .lane = lane, .at = order->word_count
    };
    order->word_count += words;
    return true;
}

bool
evprof_trace_order_drain(evprof_trace_order_t *order, evprof_trace_ring_t *ring)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (tail == head) {
        return true;
    }
    uint32_t index;
    evprof_lane_t *lane = lane_of(order, ring->tid, &index);
    if (lane != NULL) {
        lane->record = ring->record;
        lane->generation = ring->generation;
    }
    bool is_whole = lane != NULL;
    while (tail != head) {
        size_t words = words_of(ring->words[tail % EVPROF_TRACE_RING_WORDS]);
        is_whole = is_whole && take_event(order, ring, tail, index);
        tail += words;
    }
    atomic_store_explicit(&ring->tail, tail, memory_order_release);
    return is_whole;
}

/* An event of one argument and no stack; false: out of memory. */
static bool
add_short(evprof_trace_order_t *order, uint32_t lane,
          enum evprof_trace_type type, int64_t ns, uint64_t arg)
{
    if (!make_room(order, 3)) {
        return false;
    }
    uint64_t *to = order->words + order->word_count;
    to[0] = (uint64_t)type | (uint64_t)1 << 8;
    to[1] = (uint64_t)ns;
    to[2] = arg;
    order->refs[order->ref_count++] =
        (evprof_trace_ref_t){ .ns = ns, .lane = lane, .at = order->word_count };
    order->word_count += 3;
    return true;
}

void
evprof_trace_order_add(evprof_trace_order_t *order, enum evprof_trace_type type,
                       int64_t ns, uint64_t arg)
{
    if (order->lanes.count > 0) {
        add_short(order, 0, type, ns, arg);
    }
}

void
evprof_trace_order_add_switch(evprof_trace_order_t *order, uint32_t lane,
                              enum evprof_trace_type type, int64_t ns,
                              enum evprof_trace_out why)
{
    if (!add_short(order, lane, type, ns, why)) {
        order->lost_switches++;
    }
}

/* ---- Which numbers a generation names ---- */

/* Adds `number` to the list unless the generation has it. */
static void
mark(evprof_trace_generation_t *generation, uint64_t **marks, size_t *cap,
     evprof_trace_numbers_t *numbers, uint32_t number)
{
    size_t before = *cap;
    if (number == 0) {
        return;
    }
    uint64_t *grown =
        evprof_bulk_grow(*marks, cap, number + 1u, sizeof(*grown));
    if (grown == NULL) {
        generation->failed = true;
        return;
    }
    memset(grown + before, 0, (*cap - before) * sizeof(*grown));
    *marks = grown;
    if (grown[number] != generation->serial) {
        grown[number] = generation->serial;
        evprof_trace_number_add(generation, numbers, number);
    }
}

static uint32_t
mark_stack(evprof_trace_order_t *order, uint32_t number)
{
    evprof_trace_generation_t *generation = order->lanes.generation;
    mark(generation, &order->stack_marks, &order->stack_mark_cap,
         &generation->stacks, number);
    return number;
}

static uint32_t
mark_text(evprof_trace_order_t *order, uint32_t number)
{
    evprof_trace_generation_t *generation = order->lanes.generation;
    mark(generation, &order->text_marks, &order->text_mark_cap,
         &generation->strings, number);
    return number;
}

static uint32_t
stack_of(evprof_trace_order_t *order, const evprof_trace_view_t *view)
{
    return mark_stack(
        order, evprof_trace_stacks_add(&order->stacks, view->pcs, view->depth));
}

/* The text that begins at `*at`, and what follows it. */
static uint32_t
next_text(evprof_trace_order_t *order, const evprof_trace_view_t *view,
          size_t *at)
{
    const char *text = view->text + *at;
    size_t len = strnlen(text, view->text_len - *at);
    *at += len + (*at + len < view->text_len);
    return mark_text(order, evprof_trace_texts_add(&order->texts, text, len));
}

/* ---- Writing ---- */

/* Tools look for these words: `sync` is blocking on another thread, `network`
 * and `sleep` are not. */
static const char *
reason_of(uint64_t kind)
{
    static const char *const reasons[] = {
        [EVPROF_WAIT_MUTEX] = "sync (mutex)",
        [EVPROF_WAIT_RWLOCK] = "sync (rwlock)",
        [EVPROF_WAIT_COND] = "sync (cond)",
        [EVPROF_WAIT_SEMAPHORE] = "sync (semaphore)",
        [EVPROF_WAIT_BARRIER] = "sync (barrier)",
        [EVPROF_WAIT_JOIN] = "sync (join)",
        [EVPROF_WAIT_SLEEP] = "sleep",
        [EVPROF_WAIT_NETWORK] = "network",
    };
    return kind < sizeof(reasons) / sizeof(reasons[0]) ? reasons[kind] : "sync";
}

static uint32_t
text_of(evprof_trace_order_t *order, const char *text)
{
    size_t len = strnlen(text, EVPROF_TRACE_TEXT_MAX);
    return mark_text(order, evprof_trace_texts_add(&order->texts, text, len));
}

static void
put_wakes(evprof_trace_order_t *order, const evprof_trace_ref_t *ref,
          uint32_t stack)
{
    evprof_lane_t *waker = order->lanes.items[ref->lane];
    for (uint32_t i = ref->woken; i != 0; i = order->refs[i - 1].next) {
        evprof_lane_wake(&order->lanes, waker,
                         order->lanes.items[order->refs[i - 1].lane], ref->ns,
                         stack);
    }
}

static void
put_wait(evprof_trace_order_t *order, const evprof_trace_ref_t *ref,
         const evprof_trace_view_t *view)
{
    evprof_lane_t *lane = order->lanes.items[ref->lane];
    uint32_t reason = text_of(order, reason_of(view->args[0]));
    uint32_t stack = stack_of(order, view);
    put_wakes(order, ref, stack);
    evprof_lane_block(&order->lanes, lane, ref->ns, reason, stack);
    lane->is_in_wait = true;
    lane->wait_kind = view->args[0];
    lane->wait_object = view->args[1];
}

/* A wait that a wrapper has reported keeps its reason: it says more than that
 * the kernel switched the thread off. */
static void
put_switch(evprof_trace_order_t *order, const evprof_trace_ref_t *ref,
           const evprof_trace_view_t *view)
{
    evprof_lane_t *lane = order->lanes.items[ref->lane];
    if (lane->state == EVPROF_LANE_NEW ||
        (lane->is_in_wait &&
         (view->type == EVPROF_TRACE_OUT || ref->mark == 0))) {
        return;
    }
    lane->is_in_wait = false;
    if (view->type == EVPROF_TRACE_IN) {
        evprof_lane_run(&order->lanes, lane, ref->ns);
    } else if (view->args[0] == EVPROF_TRACE_PREEMPTED) {
        evprof_lane_stop(&order->lanes, lane, ref->ns,
                         text_of(order, "preempted"));
    } else if (lane->state == EVPROF_LANE_RUNNING) {
        evprof_lane_block(&order->lanes, lane, ref->ns,
                          text_of(order, "off-CPU"), 0);
    }
}

/* The stack of a function without a caller: the address just behind its
 * beginning, as a return address. */
static uint32_t
start_stack(evprof_trace_order_t *order, uint64_t routine, uint64_t epoch)
{
    uintptr_t pcs[2] = { (uintptr_t)routine + 1 };
    size_t count = evprof_unwind_mark(pcs, 1, 2, (uint32_t)epoch);
    const uint64_t words[2] = { pcs[0], pcs[1] };
    return mark_stack(order,
                      evprof_trace_stacks_add(&order->stacks, words, count));
}

static void
put_create(evprof_trace_order_t *order, const evprof_trace_ref_t *ref,
           const evprof_trace_view_t *view)
{
    uint32_t stack = stack_of(order, view);
    if (ref->mark == 0) {
        return;
    }
    evprof_lane_t *creator = order->lanes.items[ref->lane];
    evprof_lane_t *made = order->lanes.items[ref->mark - 1];
    made->start_stack = start_stack(order, view->args[2], view->args[3]);
    evprof_lane_run(&order->lanes, creator, ref->ns);
    evprof_lane_create(&order->lanes, creator, made, ref->ns, stack);
}

static void
put_log(evprof_trace_order_t *order, evprof_lane_t *lane, int64_t ns,
        const evprof_trace_view_t *view)
{
    size_t at = 0;
    uint32_t key = next_text(order, view, &at);
    uint32_t value = next_text(order, view, &at);
    const uint64_t args[] = { view->args[0], key, value,
                              stack_of(order, view) };
    evprof_lane_put(&order->lanes, lane, ns, EVPROF_GO_LOG, args, 4);
}

static void
put_task(evprof_trace_order_t *order, evprof_lane_t *lane, int64_t ns,
         const evprof_trace_view_t *view)
{
    size_t at = 0;
    if (view->type == EVPROF_TRACE_TASK_BEGIN) {
        const uint64_t args[] = { view->args[0], view->args[1],
                                  next_text(order, view, &at),
                                  stack_of(order, view) };
        evprof_lane_put(&order->lanes, lane, ns, EVPROF_GO_TASK_BEGIN, args, 4);
        evprof_trace_slow_begin(view->args[0], view->args[1], ns);
    } else {
        const uint64_t args[] = { view->args[0], stack_of(order, view) };
        evprof_lane_put(&order->lanes, lane, ns, EVPROF_GO_TASK_END, args, 2);
        evprof_trace_slow_end(view->args[0], ns);
    }
}

/* Adds a log line of the library's own, which only a thread that runs may say.
 */
static void
put_note(evprof_trace_order_t *order, evprof_lane_t *lane, const char *key,
         const char *text)
{
    const uint64_t args[] = { 0, text_of(order, key), text_of(order, text), 0 };
    evprof_lane_put(&order->lanes, lane, lane->last_ns, EVPROF_GO_LOG, args, 4);
}

/* Whose signal ended a wait is not certain where several threads waited. */
static void
put_return(evprof_trace_order_t *order, const evprof_trace_ref_t *ref)
{
    char text[96];
    evprof_lane_t *lane = order->lanes.items[ref->lane];
    evprof_lane_run(&order->lanes, lane, ref->ns);
    if (ref->mark > 1) {
        (void)snprintf(text, sizeof(text),
                       "%u threads waited: another's signal may have ended "
                       "this wait",
                       ref->mark);
        put_note(order, lane, "evprof: waker", text);
    }
}

static void
put_event(evprof_trace_order_t *order, const evprof_trace_ref_t *ref)
{
    evprof_lanes_t *lanes = &order->lanes;
    evprof_lane_t *lane = lanes->items[ref->lane];
    evprof_trace_view_t view = evprof_trace_view(order->words + ref->at);
    size_t at = 0;
    if (lane->state == EVPROF_LANE_ENDED) {
        return;
    }
    lane->is_in_wait = lane->is_in_wait && view.type >= EVPROF_TRACE_HEAP;
    switch (view.type) {
    case EVPROF_TRACE_START:
        if (lane->state == EVPROF_LANE_NEW) {
            lane->start_stack = start_stack(order, view.args[0], view.args[1]);
        }
        evprof_lane_run(lanes, lane, ref->ns);
        break;
    case EVPROF_TRACE_END:
        evprof_lane_run(lanes, lane, ref->ns);
        put_wakes(order, ref, mark_stack(order, lane->start_stack));
        evprof_lane_end(lanes, lane, ref->ns);
        break;
    case EVPROF_TRACE_CREATE:
        put_create(order, ref, &view);
        break;
    case EVPROF_TRACE_WAIT:
        put_wait(order, ref, &view);
        break;
    case EVPROF_TRACE_RETURN:
        put_return(order, ref);
        break;
    case EVPROF_TRACE_WAKE:
    case EVPROF_TRACE_WAKE_ALL:
        evprof_lane_run(lanes, lane, ref->ns);
        put_wakes(order, ref, stack_of(order, &view));
        break;
    case EVPROF_TRACE_TASK_BEGIN:
    case EVPROF_TRACE_TASK_END:
        put_task(order, lane, ref->ns, &view);
        break;
    case EVPROF_TRACE_REGION_BEGIN:
        evprof_lane_enter_region(lanes, lane, ref->ns, view.args[0],
                                 next_text(order, &view, &at),
                                 stack_of(order, &view));
        break;
    case EVPROF_TRACE_REGION_END:
        evprof_lane_leave_region(lanes, lane, ref->ns, stack_of(order, &view));
        break;
    case EVPROF_TRACE_LOG:
        put_log(order, lane, ref->ns, &view);
        break;
    case EVPROF_TRACE_HEAP:
        evprof_lane_tell(lanes, lane, ref->ns, EVPROF_GO_HEAP_ALLOC, view.args,
                         1);
        break;
    case EVPROF_TRACE_OUT:
    case EVPROF_TRACE_IN:
        put_switch(order, ref, &view);
        break;
    }
}

static int
by_time(const void *a, const void *b)
{
    const evprof_trace_ref_t *one = a;
    const evprof_trace_ref_t *other = b;
    if (one->ns != other->ns) {
        return one->ns < other->ns ? -1 : 1;
    }
    return one->at < other->at ? -1 : one->at > other->at;
}

/* Marks the stacks and names that statuses and open regions of the next
 * generation name. */
static void
mark_lanes(evprof_trace_order_t *order)
{
    for (size_t i = 0; i < order->lanes.count; i++) {
        const evprof_lane_t *lane = order->lanes.items[i];
        mark_stack(order, lane->stack);
        for (uint32_t k = 0; k < lane->region_count; k++) {
            mark_text(order, lane->region_names[k]);
        }
    }
}

/* A sample is left out when its thread is not in the trace. */
static void
put_sample(void *ctx, const evprof_trace_sample_t *sample)
{
    evprof_trace_order_t *order = ctx;
    evprof_trace_generation_t *generation = order->lanes.generation;
    const evprof_lane_t *lane = NULL;
    for (size_t i = 0; i < order->lanes.count && lane == NULL; i++) {
        const evprof_lane_t *at = order->lanes.items[i];
        lane =
            at->tid == sample->tid && at->state != EVPROF_LANE_NEW ? at : NULL;
    }
    if (lane == NULL) {
        return;
    }
    uint32_t stack =
        mark_stack(order, evprof_trace_stacks_add(&order->stacks, sample->pcs,
                                                  sample->count));
    evprof_buf_putc(&generation->samples, EVPROF_GO_SAMPLES + 1);
    evprof_go_put(&generation->samples, (uint64_t)sample->ns);
    evprof_go_put(&generation->samples, (uint64_t)sample->tid);
    evprof_go_put(&generation->samples, lane->proc);
    evprof_go_put(&generation->samples, (uint64_t)sample->tid);
    evprof_go_put(&generation->samples, stack);
    generation->failed = generation->failed || generation->samples.failed;
}

static void
put_notes(evprof_trace_order_t *order, evprof_lane_t *lane,
          const evprof_trace_notes_t *notes)
{
    char text[64];
    put_note(order, lane, "evprof: states", notes->ways);
    if (notes->lost > 0) {
        (void)snprintf(text, sizeof(text), "%llu events were dropped",
                       (unsigned long long)notes->lost);
        put_note(order, lane, "evprof: dropped", text);
    }
    if (notes->lost_switches > 0) {
        (void)snprintf(text, sizeof(text),
                       "%llu switches of threads were dropped",
                       (unsigned long long)notes->lost_switches);
        put_note(order, lane, "evprof: dropped", text);
    }
    for (size_t i = 0; i < notes->comment_count; i++) {
        put_note(order, lane, "evprof: names", notes->comments[i]);
    }
}

void
evprof_trace_order_close(evprof_trace_order_t *order,
                         evprof_trace_generation_t *generation,
                         const evprof_trace_notes_t *notes)
{
    bool is_said = false;
    evprof_lanes_begin(&order->lanes, generation);
    mark_lanes(order);
    for (size_t i = 0; i < order->lanes.count; i++) {
        evprof_lane_t *lane = order->lanes.items[i];
        enum evprof_lane_state state = lane->state;
        if (state == EVPROF_LANE_NEW) {
            continue;
        }
        evprof_lane_run(&order->lanes, lane, generation->start_ns);
        if (!is_said) {
            is_said = true;
            put_notes(order, lane, notes);
        }
        lane->state = state;
    }
    evprof_lanes_end(&order->lanes);
}

void
evprof_trace_order_encode(evprof_trace_order_t *order,
                          evprof_trace_generation_t *generation, int64_t end_ns)
{
    evprof_bulk_sort(order->refs, order->ref_count, sizeof(*order->refs),
                     by_time);
    evprof_lanes_begin(&order->lanes, generation);
    mark_lanes(order);
    evprof_trace_pair(order);
    for (size_t i = 0; i < order->ref_count; i++) {
        put_event(order, &order->refs[i]);
    }
    generation->dropped += evprof_trace_samples_fetch(put_sample, order);
    generation->dropped_switches = order->lost_switches;
    order->lost_switches = 0;
    generation->bytes += generation->samples.cap;
    evprof_lanes_end(&order->lanes);
    generation->end_ns = end_ns;
    order->ref_count = 0;
    order->word_count = 0;
}

void
evprof_trace_order_free(evprof_trace_order_t *order)
{
    evprof_lanes_free(&order->lanes);
    evprof_trace_stacks_free(&order->stacks);
    evprof_trace_texts_free(&order->texts);
    evprof_bulk_free(order->stack_marks,
                     order->stack_mark_cap * sizeof(*order->stack_marks));
    evprof_bulk_free(order->text_marks,
                     order->text_mark_cap * sizeof(*order->text_marks));
    evprof_bulk_free(order->words, order->word_cap * sizeof(*order->words));
    evprof_bulk_free(order->refs, order->ref_cap * sizeof(*order->refs));
    memset(order, 0, sizeof(*order));
}
