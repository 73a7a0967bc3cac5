/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The perf event counts nothing; it only carries the records of switches. Those
 * need no more rights than a process has over its own threads, unless the
 * kernel or a filter refuses the call as such. A mapped ring keeps its event
 * alive, so the descriptor is closed at once. The child of a fork does not
 * inherit the mapping. It would inherit the descriptor, and the event with it,
 * so nobody forks while there is one.
 */
#include "core/trace/switches.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/lock.h"
#include "core/base/self.h"

#define RING_PAGES 4u

/* The largest record in bytes: its head comes first, its time last. */
#define RECORD_MAX 64u

static void
fill_attr(struct perf_event_attr *attr)
{
    *attr = (struct perf_event_attr){
        .size = sizeof(*attr),
        .type = PERF_TYPE_SOFTWARE,
        .config = PERF_COUNT_SW_DUMMY,
        .sample_type = PERF_SAMPLE_TIME,
        .wakeup_watermark = UINT32_MAX, /* nobody polls */
        .clockid = CLOCK_MONOTONIC,
    };
    attr->watermark = 1;
    attr->context_switch = 1;
    attr->sample_id_all = 1;
    attr->use_clockid = 1;
    attr->exclude_kernel = 1;
    attr->exclude_hv = 1;
}

static evprof_lock_t is_open; /* held while there is a descriptor */

static int
open_ring(evprof_perf_ring_t *ring, pid_t tid)
{
    struct perf_event_attr attr;
    fill_attr(&attr);
    int fd = evprof_perf_open(&attr, tid, -1);
    if (fd < 0) {
        return errno;
    }
    int error = evprof_perf_ring_map(ring, fd, RING_PAGES, 1) ? 0 : errno;
    close(fd);
    return error;
}

int
evprof_trace_switches_open(evprof_trace_switches_t *switches, pid_t tid)
{
    switches->is_tried = true;
    evprof_lock_enter(&is_open);
    int error = open_ring(&switches->ring, tid);
    evprof_lock_leave(&is_open);
    /* The kernel uses ids again, for other processes too. */
    if (error == 0 && !evprof_self_has_thread(tid)) {
        evprof_perf_ring_unmap(&switches->ring);
        return ESRCH;
    }
    return error;
}

void
evprof_trace_switches_fork_prepare(void)
{
    evprof_lock_enter(&is_open);
}

void
evprof_trace_switches_fork_parent(void)
{
    evprof_lock_leave(&is_open);
}

void
evprof_trace_switches_fork_child(void)
{
    evprof_lock_reset(&is_open);
}

void
evprof_trace_switches_close(evprof_trace_switches_t *switches)
{
    evprof_perf_ring_unmap(&switches->ring);
    switches->is_tried = false;
}

uint64_t
evprof_trace_switches_read(const evprof_trace_switches_t *switches,
                           int64_t until_ns,
                           void (*take)(void *ctx, enum evprof_trace_type type,
                                        int64_t ns, enum evprof_trace_out why),
                           void *ctx)
{
    unsigned char room[RECORD_MAX];
    const struct perf_event_header *header;
    uint64_t lost = 0;
    if (switches->ring.page == NULL) {
        return 0;
    }
    uint64_t head = evprof_perf_ring_head(&switches->ring);
    while ((header = evprof_perf_ring_next(&switches->ring, head, room,
                                           sizeof(room))) != NULL) {
        const unsigned char *bytes = (const unsigned char *)header;
        bool is_out = (header->misc & PERF_RECORD_MISC_SWITCH_OUT) != 0;
        int64_t ns;
        memcpy(&ns, bytes + header->size - sizeof(ns), sizeof(ns));
        if (ns > until_ns) {
            break;
        }
        if (header->type == PERF_RECORD_SWITCH) {
            take(ctx, is_out ? EVPROF_TRACE_OUT : EVPROF_TRACE_IN, ns,
                 (header->misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT) != 0
                     ? EVPROF_TRACE_PREEMPTED
                     : EVPROF_TRACE_SLEPT);
        } else if (header->type == PERF_RECORD_LOST) {
            uint64_t more;
            memcpy(&more, bytes + sizeof(*header) + sizeof(more), sizeof(more));
            lost += more;
        }
        evprof_perf_ring_drop(&switches->ring, header->size);
    }
    return lost;
}
