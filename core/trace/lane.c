/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers order events of different threads by the sequence numbers of the
 * goroutine that they concern and refuse a generation in which these do not
 * fit. All of them are given out here, in the order of the events' times, so
 * they always do.
 */
#include "core/trace/lane.h"

#include <stdlib.h>

#include "core/base/bulk.h"

#define REGION_MAX 32u

/* A batch is closed before the longest event could overflow it. */
#define BATCH_FULL (EVPROF_GO_BATCH_MAX - 128)

evprof_lane_t *
evprof_lane_new(evprof_lanes_t *lanes, pid_t tid)
{
    evprof_lane_t **grown = evprof_bulk_grow(lanes->items, &lanes->cap,
                                             lanes->count + 1, sizeof(*grown));
    evprof_lane_t *lane = grown == NULL ? NULL : calloc(1, sizeof(*lane));
    if (grown != NULL) {
        lanes->items = grown;
    }
    if (lane != NULL) {
        lane->tid = tid;
        lane->batch.is_bulk = true;
        lanes->items[lanes->count++] = lane;
    }
    return lane;
}

static void
flush(evprof_lanes_t *lanes, evprof_lane_t *lane)
{
    if (lane->batch.len > 0) {
        evprof_trace_batch_add(lanes->generation, (uint64_t)lane->tid,
                               (uint64_t)lane->batch_ns, &lane->batch);
    }
}

/* Times of one thread must differ. */
static void
put(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns,
    enum evprof_go_event type, const uint64_t *args, size_t count)
{
    if (lane->batch.len >= BATCH_FULL) {
        flush(lanes, lane);
    }
    if (ns <= lane->last_ns) {
        ns = lane->last_ns + 1;
    }
    if (lane->batch.len == 0) {
        lane->batch_ns = ns;
        lane->last_ns = ns;
    }
    evprof_buf_putc(&lane->batch, (char)type);
    evprof_go_put(&lane->batch, (uint64_t)(ns - lane->last_ns));
    for (size_t i = 0; i < count; i++) {
        evprof_go_put(&lane->batch, args[i]);
    }
    lane->last_ns = ns;
}

#define PUT(lanes, lane, ns, type, ...)                                        \
    do {                                                                       \
        const uint64_t put_args[] = { __VA_ARGS__ };                           \
        put((lanes), (lane), (ns), (type), put_args,                           \
            sizeof(put_args) / sizeof(put_args[0]));                           \
    } while (0)

static uint64_t
id_of(const evprof_lane_t *lane)
{
    return (uint64_t)lane->tid;
}

/* ---- Generations ---- */

static void
put_status(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns)
{
    bool is_running = lane->state == EVPROF_LANE_RUNNING;
    uint64_t status = is_running                           ? EVPROF_GO_RUNNING
                      : lane->state == EVPROF_LANE_WAITING ? EVPROF_GO_WAITING
                                                           : EVPROF_GO_RUNNABLE;
    lane->sequence = 0;
    PUT(lanes, lane, ns, EVPROF_GO_PROC_STATUS, lane->proc,
        EVPROF_GO_PROC_RUNNING);
    PUT(lanes, lane, ns, EVPROF_GO_STATUS_STACK, id_of(lane),
        is_running ? id_of(lane) : EVPROF_GO_NO_THREAD, status, lane->stack);
}

void
evprof_lanes_begin(evprof_lanes_t *lanes, evprof_trace_generation_t *generation)
{
    lanes->generation = generation;
    for (size_t i = 0; i < lanes->count; i++) {
        evprof_lane_t *lane = lanes->items[i];
        if (lane->state != EVPROF_LANE_NEW) {
            put_status(lanes, lane, generation->start_ns);
        }
    }
}

/* Readers order a P's end and its next beginning only by generations, so its
 * number is used again from the next one on. */
static void
give_proc(evprof_lanes_t *lanes, const evprof_lane_t *lane)
{
    uint32_t *grown = evprof_bulk_grow(lanes->free_procs, &lanes->free_cap,
                                       lanes->free_count + 1, sizeof(*grown));
    if (grown != NULL) {
        lanes->free_procs = grown;
        lanes->free_procs[lanes->free_count++] = lane->proc;
    }
}

void
evprof_lanes_end(evprof_lanes_t *lanes)
{
    size_t kept = 0;
    for (size_t i = 0; i < lanes->count; i++) {
        flush(lanes, lanes->items[i]);
    }
    for (size_t i = 0; i < lanes->count; i++) {
        if (lanes->items[i]->state == EVPROF_LANE_ENDED) {
            give_proc(lanes, lanes->items[i]);
        }
    }
    for (size_t i = 0; i < lanes->count; i++) {
        if (lanes->items[i]->state == EVPROF_LANE_ENDED) {
            evprof_trace_switches_close(&lanes->items[i]->switches);
            free(lanes->items[i]);
        } else {
            lanes->items[kept++] = lanes->items[i];
        }
    }
    lanes->count = kept;
    lanes->generation = NULL;
}

void
evprof_lanes_free(evprof_lanes_t *lanes)
{
    for (size_t i = 0; i < lanes->count; i++) {
        evprof_buf_free(&lanes->items[i]->batch);
        evprof_trace_switches_close(&lanes->items[i]->switches);
        free(lanes->items[i]);
    }
    evprof_bulk_free(lanes->items, lanes->cap * sizeof(evprof_lane_t *));
    evprof_bulk_free(lanes->free_procs,
                     lanes->free_cap * sizeof(*lanes->free_procs));
    *lanes = (evprof_lanes_t){ 0 };
}

/* ---- Beginning and end of a thread ---- */

/* A P of an ended thread that is used again needs its status, idle, first. */
static void
take_proc(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns)
{
    if (lanes->free_count == 0) {
        lane->proc = lanes->proc_count++;
        PUT(lanes, lane, ns, EVPROF_GO_PROC_STATUS, lane->proc,
            EVPROF_GO_PROC_RUNNING);
        return;
    }
    lane->proc = lanes->free_procs[--lanes->free_count];
    PUT(lanes, lane, ns, EVPROF_GO_PROC_STATUS, lane->proc,
        EVPROF_GO_PROC_IDLE);
    PUT(lanes, lane, ns, EVPROF_GO_PROC_START, lane->proc, 1);
}

/* The first lane whose thread is in the trace, so that it may write events for
 * another; NULL: there is none. */
static evprof_lane_t *
any_known(const evprof_lanes_t *lanes)
{
    for (size_t i = 0; i < lanes->count; i++) {
        if (lanes->items[i]->state != EVPROF_LANE_NEW &&
            lanes->items[i]->state != EVPROF_LANE_ENDED) {
            return lanes->items[i];
        }
    }
    return NULL;
}

static bool
is_alive(const evprof_lane_t *lane)
{
    return lane != NULL && lane->state != EVPROF_LANE_NEW &&
           lane->state != EVPROF_LANE_ENDED;
}

void
evprof_lane_create(evprof_lanes_t *lanes, evprof_lane_t *creator,
                   evprof_lane_t *lane, int64_t ns, uint32_t stack)
{
    if (lane->state != EVPROF_LANE_NEW) {
        return;
    }
    if (!is_alive(creator)) {
        creator = any_known(lanes);
    }
    if (creator == NULL) {
        /* The first thread of a trace counts as having run all along. */
        lane->state = EVPROF_LANE_RUNNING;
        lane->proc = lanes->proc_count++;
        put_status(lanes, lane, ns);
        return;
    }
    PUT(lanes, creator, ns, EVPROF_GO_CREATE, id_of(lane), lane->start_stack,
        stack);
    lane->state = EVPROF_LANE_RUNNABLE;
    lane->sequence = 0;
    lane->stack = lane->start_stack;
    take_proc(lanes, lane, ns);
}

void
evprof_lane_run(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns)
{
    if (lane->state == EVPROF_LANE_NEW) {
        evprof_lane_create(lanes, NULL, lane, ns, 0);
    }
    if (lane->state == EVPROF_LANE_WAITING) {
        evprof_lane_wake(lanes, lane, lane, ns, 0);
    }
    if (lane->state == EVPROF_LANE_RUNNABLE) {
        PUT(lanes, lane, ns, EVPROF_GO_START, id_of(lane), ++lane->sequence);
        lane->state = EVPROF_LANE_RUNNING;
    }
}

void
evprof_lane_end(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns)
{
    if (lane->state == EVPROF_LANE_ENDED) {
        return;
    }
    evprof_lane_run(lanes, lane, ns);
    while (lane->region_count > 0) {
        evprof_lane_leave_region(lanes, lane, ns, 0);
    }
    put(lanes, lane, ns, EVPROF_GO_DESTROY, NULL, 0);
    put(lanes, lane, ns, EVPROF_GO_PROC_STOP, NULL, 0);
    lane->state = EVPROF_LANE_ENDED;
}

/* ---- Waiting ---- */

void
evprof_lane_block(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns,
                  uint32_t reason, uint32_t stack)
{
    evprof_lane_run(lanes, lane, ns);
    PUT(lanes, lane, ns, EVPROF_GO_BLOCK, reason, stack);
    lane->state = EVPROF_LANE_WAITING;
    lane->stack = stack != 0 ? stack : lane->stack;
}

void
evprof_lane_stop(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns,
                 uint32_t reason)
{
    if (lane->state == EVPROF_LANE_RUNNING) {
        PUT(lanes, lane, ns, EVPROF_GO_STOP, reason, 0);
        lane->state = EVPROF_LANE_RUNNABLE;
    }
}

void
evprof_lane_wake(evprof_lanes_t *lanes, evprof_lane_t *waker,
                 evprof_lane_t *lane, int64_t ns, uint32_t stack)
{
    if (lane->state != EVPROF_LANE_WAITING || !is_alive(waker)) {
        return;
    }
    PUT(lanes, waker, ns, EVPROF_GO_UNBLOCK, id_of(lane), ++lane->sequence,
        stack);
    lane->state = EVPROF_LANE_RUNNABLE;
}

/* ---- What a running thread says ---- */

void
evprof_lane_put(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns,
                enum evprof_go_event type, const uint64_t *args, size_t count)
{
    evprof_lane_run(lanes, lane, ns);
    put(lanes, lane, ns, type, args, count);
}

void
evprof_lane_tell(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns,
                 enum evprof_go_event type, const uint64_t *args, size_t count)
{
    if (is_alive(lane)) {
        put(lanes, lane, ns, type, args, count);
    }
}

void
evprof_lane_enter_region(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns,
                         uint64_t task, uint32_t name, uint32_t stack)
{
    if (lane->region_count >= REGION_MAX) {
        return;
    }
    evprof_lane_run(lanes, lane, ns);
    PUT(lanes, lane, ns, EVPROF_GO_REGION_BEGIN, task, name, stack);
    lane->region_tasks[lane->region_count] = task;
    lane->region_names[lane->region_count++] = name;
}

void
evprof_lane_leave_region(evprof_lanes_t *lanes, evprof_lane_t *lane, int64_t ns,
                         uint32_t stack)
{
    if (lane->region_count == 0) {
        return;
    }
    evprof_lane_run(lanes, lane, ns);
    lane->region_count--;
    PUT(lanes, lane, ns, EVPROF_GO_REGION_END,
        lane->region_tasks[lane->region_count],
        lane->region_names[lane->region_count], stack);
}
