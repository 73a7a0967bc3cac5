/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A refusal that concerns the whole process is final. A refusal for one thread,
 * as when locked memory is used up, counts that thread as left out. A thread
 * that ended meanwhile counts as neither.
 */
#include "core/trace/follow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/perf_ring.h"

/* 20 MiB of locked memory. */
#define FOLLOWED_MAX ((size_t)1024)

static void
follow_lane(evprof_trace_follow_t *follow, evprof_lane_t *lane)
{
    int error = evprof_trace_switches_open(&lane->switches, lane->tid);
    if (error == 0) {
        follow->followed++;
    } else if (error != ESRCH) {
        follow->left_out++;
        follow->error = error;
    }
}

/* Threads whose ring is open, which ends with the generation of their end. */
static size_t
count_open(const evprof_trace_order_t *order)
{
    size_t count = 0;
    for (size_t i = 0; i < order->lanes.count; i++) {
        count += order->lanes.items[i]->switches.ring.page != NULL;
    }
    return count;
}

void
evprof_trace_follow_new(evprof_trace_follow_t *follow,
                        evprof_trace_order_t *order)
{
    size_t open = count_open(order);
    size_t beyond = 0;
    if (follow->why_not != NULL) {
        return;
    }
    for (size_t i = 0; i < order->lanes.count; i++) {
        evprof_lane_t *lane = order->lanes.items[i];
        bool is_refused = follow->error != 0 && follow->followed == 0;
        if (lane->switches.is_tried || is_refused ||
            lane->state == EVPROF_LANE_ENDED) {
            continue;
        }
        if (open < FOLLOWED_MAX) {
            follow_lane(follow, lane);
            open += lane->switches.ring.page != NULL;
        } else {
            beyond++; /* its turn comes when a ring is closed */
        }
    }
    follow->beyond = beyond > follow->beyond ? beyond : follow->beyond;
}

typedef struct taking {
    evprof_trace_order_t *order;
    uint32_t lane;
} taking_t;

static void
take(void *ctx, enum evprof_trace_type type, int64_t ns,
     enum evprof_trace_out why)
{
    const taking_t *taking = ctx;
    evprof_trace_order_add_switch(taking->order, taking->lane, type, ns, why);
}

void
evprof_trace_follow_read(evprof_trace_order_t *order, int64_t until_ns)
{
    for (uint32_t i = 0; i < order->lanes.count; i++) {
        taking_t taking = { .order = order, .lane = i };
        order->lost_switches += evprof_trace_switches_read(
            &order->lanes.items[i]->switches, until_ns, take, &taking);
    }
}

void
evprof_trace_follow_end(evprof_trace_follow_t *follow,
                        evprof_trace_order_t *order, int64_t now_ns)
{
    evprof_trace_follow_read(order, now_ns);
    for (uint32_t i = 0; i < order->lanes.count; i++) {
        evprof_lane_t *lane = order->lanes.items[i];
        if (lane->switches.ring.page != NULL) {
            evprof_trace_order_add_switch(order, i, EVPROF_TRACE_IN, now_ns,
                                          EVPROF_TRACE_SLEPT);
        }
        evprof_trace_switches_close(&lane->switches);
    }
    follow->error = 0;
    follow->followed = 0;
    follow->left_out = 0;
    follow->beyond = 0;
}

void
evprof_trace_follow_fork_child(evprof_trace_order_t *order)
{
    for (size_t i = 0; i < order->lanes.count; i++) {
        order->lanes.items[i]->switches.ring.page = NULL;
    }
}

/* Whose states are known by less than the kernel's word. */
static void
tell_exceptions(const evprof_trace_follow_t *follow, char *out, size_t size)
{
    char text[EVPROF_ERRNO_TEXT_SIZE];
    out[0] = '\0';
    if (follow->left_out > 0) {
        (void)snprintf(out, size, "; of %zu threads that is not known: %s",
                       follow->left_out,
                       evprof_errno_text(follow->error, text, sizeof(text)));
    }
    const size_t len = strlen(out);
    if (follow->beyond > 0) {
        (void)snprintf(out + len, size - len,
                       "; at most %zu threads are followed at once, and %zu "
                       "more lived at one time",
                       FOLLOWED_MAX, follow->beyond);
    }
}

void
evprof_trace_follow_tell(const evprof_trace_follow_t *follow, char *out,
                         size_t size)
{
    char text[EVPROF_ERRNO_TEXT_SIZE];
    if (follow->followed == 0) {
        (void)snprintf(
            out, size,
            "a thread is ready from the moment it is woken until it says that "
            "it runs; that the kernel took its CPU away meanwhile is not seen");
        const size_t len = strlen(out);
        if (follow->why_not != NULL) {
            (void)snprintf(out + len, size - len, " (%s)", follow->why_not);
        } else if (follow->error != 0) {
            (void)snprintf(
                out + len, size - len,
                " (perf_event_open: %s; kernel.perf_event_paranoid is %d)",
                evprof_errno_text(follow->error, text, sizeof(text)),
                evprof_perf_level());
        }
        return;
    }
    (void)snprintf(out, size,
                   "a thread is ready from the moment it is woken, or "
                   "preempted, until the kernel gives it a CPU");
    const size_t len = strlen(out);
    tell_exceptions(follow, out + len, size - len);
}
