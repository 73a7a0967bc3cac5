/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which events belong together. Who ended a wait is known when it has ended:
 * whoever gave the same object back last before. Readers want that told at the
 * moment of the wake, by the waker. A wait that was ended in an earlier
 * generation, timed out or was interrupted is ended by its own thread.
 *
 * Conditions and semaphores have no owner: where several threads wait, the last
 * signal before a return need not be the one that it answers. Such returns are
 * marked with how many waited. A broadcast is for all of them, so that it needs
 * no mark unless an earlier wake had one of them on its way already.
 *
 * Where the kernel's switches are known, the thread runs again with the first
 * switch to it after the last time that it slept in the wait.
 */
#include "core/trace/pairing.h"

#include <stdbool.h>

#include "core/base/bulk.h"
#include "core/base/hash.h"
#include "core/base/index.h"
#include "core/sample/contention.h"
#include "core/trace/view.h"

/* An object that threads wait for: the last event that gave it back. */
typedef struct given {
    uint64_t kind;
    uint64_t object;
    uint32_t ref;     /* + 1, 0: none */
    uint32_t waiting; /* threads, for conditions and semaphores */
    uint32_t woken;   /* how many of them may be on their way back */
} given_t;

/* A kind of object beside the waits: threads that were made, by their
 * record. */
#define KIND_CREATED UINT64_C(255)

/* The wait that a lane is in. */
typedef struct wait_in {
    uint32_t began; /* its WAIT, + 1; 0: none, or in an earlier generation */
    bool is_asleep; /* the kernel has switched it off */
    uint32_t back;  /* the IN after that, + 1 */
} wait_in_t;

typedef struct pairs {
    evprof_trace_order_t *order;
    given_t *items;
    size_t count;
    size_t cap;
    evprof_index_t index;
    wait_in_t *waits; /* by lane */
} pairs_t;

/* The entry of an object, made when new; NULL: out of memory. */
static given_t *
given_of(pairs_t *pairs, uint64_t kind, uint64_t object)
{
    uint64_t hash = evprof_hash_mix(object ^ kind << 56);
    evprof_index_walk_t walk = evprof_index_walk(&pairs->index, hash);
    uint32_t row;
    while ((row = evprof_index_next(&walk)) != EVPROF_INDEX_END) {
        if (pairs->items[row].kind == kind &&
            pairs->items[row].object == object) {
            return &pairs->items[row];
        }
    }
    given_t *grown = evprof_bulk_grow(pairs->items, &pairs->cap,
                                      pairs->count + 1, sizeof(*grown));
    if (grown == NULL) {
        return NULL;
    }
    pairs->items = grown;
    if (evprof_index_add(&pairs->index, hash, (uint32_t)pairs->count) !=
        EVPROF_OK) {
        return NULL;
    }
    grown[pairs->count] = (given_t){ .kind = kind, .object = object };
    return &grown[pairs->count++];
}

static void
set_given(pairs_t *pairs, uint64_t kind, uint64_t object, uint32_t ref)
{
    given_t *given = given_of(pairs, kind, object);
    if (given != NULL) {
        given->ref = ref + 1;
        pairs->order->refs[ref].mark = given->waiting;
    }
}

/* A signal wakes one of those that wait, a broadcast all. */
static void
pair_wake(pairs_t *pairs, uint32_t ref, const evprof_trace_view_t *view)
{
    bool is_for_all = view->type == EVPROF_TRACE_WAKE_ALL;
    set_given(pairs, view->args[0], view->args[1], ref);
    given_t *given = given_of(pairs, view->args[0], view->args[1]);
    if (given == NULL) {
        return;
    }
    if (is_for_all && given->woken == 0) {
        pairs->order->refs[ref].mark = 0;
    }
    if (is_for_all) {
        given->woken = given->waiting;
    } else if (given->woken < given->waiting) {
        given->woken++;
    }
}

static bool
has_no_owner(uint64_t kind)
{
    return kind == EVPROF_WAIT_COND || kind == EVPROF_WAIT_SEMAPHORE;
}

/* Counts one more waiter of the object, or one less. */
static void
count_waiting(pairs_t *pairs, uint64_t kind, uint64_t object, bool is_more)
{
    given_t *given = has_no_owner(kind) ? given_of(pairs, kind, object) : NULL;
    if (given != NULL && is_more) {
        given->waiting++;
    } else if (given != NULL && given->waiting > 0) {
        given->waiting--;
        given->woken =
            given->woken < given->waiting ? given->woken : given->waiting;
    }
}

static void
pair_wait(pairs_t *pairs, uint32_t ref, const evprof_trace_view_t *view)
{
    pairs->waits[pairs->order->refs[ref].lane] =
        (wait_in_t){ .began = ref + 1 };
    count_waiting(pairs, view->args[0], view->args[1], true);
    /* The last thread to arrive at a barrier wakes the others. */
    if (view->args[0] == EVPROF_WAIT_BARRIER) {
        set_given(pairs, view->args[0], view->args[1], ref);
    }
}

/* The wake counts when it came while the thread was waiting, and the switch
 * when it came after the wake. */
static void
pair_return(pairs_t *pairs, uint32_t ref, const evprof_trace_view_t *view)
{
    evprof_trace_ref_t *refs = pairs->order->refs;
    wait_in_t *wait = &pairs->waits[refs[ref].lane];
    given_t *given = given_of(pairs, view->args[0], view->args[1]);
    uint32_t by = given == NULL ? 0 : given->ref;
    bool is_answer = view->args[2] == 0; /* of a wake; no error ended it */
    if (given != NULL && is_answer && given->woken > 0) {
        given->woken--;
    }
    if (by <= wait->began || refs[by - 1].lane == refs[ref].lane) {
        by = 0;
    }
    if (by != 0) {
        evprof_trace_ref_t *waker = &refs[by - 1];
        refs[ref].next = waker->woken;
        waker->woken = ref + 1;
        refs[ref].mark = has_no_owner(view->args[0]) ? waker->mark : 0;
    }
    if (wait->back > by) {
        refs[wait->back - 1].mark = 1;
    }
    *wait = (wait_in_t){ .began = 0 };
    count_waiting(pairs, view->args[0], view->args[1], false);
}

static void
pair_start(pairs_t *pairs, uint32_t ref)
{
    evprof_trace_ref_t *refs = pairs->order->refs;
    const evprof_lane_t *lane = pairs->order->lanes.items[refs[ref].lane];
    const given_t *given = given_of(
        pairs, KIND_CREATED, (uint64_t)lane->record << 32 | lane->generation);
    if (given != NULL && given->ref != 0) {
        refs[given->ref - 1].mark = refs[ref].lane + 1;
    }
}

static void
pair_switch(pairs_t *pairs, uint32_t ref, const evprof_trace_view_t *view)
{
    wait_in_t *wait = &pairs->waits[pairs->order->refs[ref].lane];
    if (view->type == EVPROF_TRACE_IN) {
        wait->back = wait->is_asleep && wait->back == 0 ? ref + 1 : wait->back;
    } else if (view->args[0] == EVPROF_TRACE_SLEPT) {
        wait->is_asleep = true;
        wait->back = 0;
    }
}

static void
pair_event(pairs_t *pairs, uint32_t ref)
{
    const evprof_trace_order_t *order = pairs->order;
    evprof_trace_view_t view =
        evprof_trace_view(order->words + order->refs[ref].at);
    switch (view.type) {
    case EVPROF_TRACE_WAIT:
        pair_wait(pairs, ref, &view);
        break;
    case EVPROF_TRACE_WAKE:
    case EVPROF_TRACE_WAKE_ALL:
        pair_wake(pairs, ref, &view);
        break;
    case EVPROF_TRACE_END:
        set_given(pairs, EVPROF_WAIT_JOIN, view.args[0], ref);
        break;
    case EVPROF_TRACE_CREATE:
        set_given(pairs, KIND_CREATED, view.args[0] << 32 | view.args[1], ref);
        break;
    case EVPROF_TRACE_RETURN:
        pair_return(pairs, ref, &view);
        break;
    case EVPROF_TRACE_START:
        pair_start(pairs, ref);
        break;
    case EVPROF_TRACE_OUT:
    case EVPROF_TRACE_IN:
        pair_switch(pairs, ref, &view);
        break;
    default:
        break;
    }
}

/* Waits that began in earlier generations. */
static void
take_open_waits(pairs_t *pairs)
{
    const evprof_lanes_t *lanes = &pairs->order->lanes;
    for (size_t i = 0; i < lanes->count; i++) {
        const evprof_lane_t *lane = lanes->items[i];
        if (lane->is_in_wait) {
            pairs->waits[i].is_asleep = true;
            count_waiting(pairs, lane->wait_kind, lane->wait_object, true);
        }
    }
}

void
evprof_trace_pair(evprof_trace_order_t *order)
{
    const size_t waits_size = (order->lanes.count + 1) * sizeof(wait_in_t);
    pairs_t pairs = { .order = order, .waits = evprof_bulk_zeroed(waits_size) };
    if (pairs.waits != NULL) {
        take_open_waits(&pairs);
        for (size_t i = 0; i < order->ref_count; i++) {
            pair_event(&pairs, (uint32_t)i);
        }
    }
    evprof_bulk_free(pairs.items, pairs.cap * sizeof(*pairs.items));
    evprof_bulk_free(pairs.waits, waits_size);
    evprof_index_free(&pairs.index);
}
