/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application's own events. Task numbers count up over the life of the
 * process, so they never repeat across traces. Each thread counts the regions
 * that it opened during the current trace, so that the end of a region which
 * began before the trace is not written.
 */
#include <evprof/trace.h>

#include <string.h>

#include "core/trace/emit.h"
#include "core/trace/ring.h"

/* Tokens of regions: the place in the thread's list + 1, and above it bits of
 * the session. */
#define PLACE_BITS 8u
#define SESSION_MASK 0x3fffffu

static _Atomic uint64_t last_task;

static size_t
cut(const char *text)
{
    return text == NULL ? 0 : strnlen(text, EVPROF_TRACE_TEXT_MAX);
}

bool
evprof_trace_is_enabled(void)
{
    return evprof_trace_now() != 0;
}

evprof_task_t
evprof_task_new(evprof_task_t parent, const char *name)
{
    if (evprof_trace_now() == 0) {
        return 0;
    }
    uint64_t task = atomic_fetch_add(&last_task, 1) + 1;
    const uint64_t args[] = { task, parent };
    evprof_trace_emit(
        &(evprof_trace_event_t){ .type = EVPROF_TRACE_TASK_BEGIN,
                                 .args = args,
                                 .arg_count = 2,
                                 .caller = __builtin_return_address(0),
                                 .text = name,
                                 .text_len = cut(name) });
    return task;
}

void
evprof_task_end(evprof_task_t task)
{
    if (task == 0 || evprof_trace_now() == 0) {
        return;
    }
    evprof_trace_emit(
        &(evprof_trace_event_t){ .type = EVPROF_TRACE_TASK_END,
                                 .args = &task,
                                 .arg_count = 1,
                                 .caller = __builtin_return_address(0) });
}

static int
token_of(uint32_t session, uint32_t count)
{
    return (int)((session & SESSION_MASK) << PLACE_BITS | count);
}

int
evprof_region_begin(evprof_task_t task, const char *name)
{
    uint32_t session = evprof_trace_now();
    evprof_trace_ring_t *ring = session == 0 ? NULL : evprof_trace_ring();
    if (ring == NULL) {
        return token_of(0, 1);
    }
    evprof_trace_regions_t *regions = &ring->regions;
    if (regions->session != session) {
        regions->session = session;
        regions->count = 0;
    }
    if (regions->count == EVPROF_TRACE_REGIONS_MAX ||
        !evprof_trace_emit(
            &(evprof_trace_event_t){ .type = EVPROF_TRACE_REGION_BEGIN,
                                     .args = &task,
                                     .arg_count = 1,
                                     .caller = __builtin_return_address(0),
                                     .text = name,
                                     .text_len = cut(name) })) {
        return token_of(0, 1);
    }
    regions->count++;
    return token_of(session, regions->count);
}

void
evprof_region_end(int token)
{
    uint32_t session = evprof_trace_now();
    uint32_t place = (uint32_t)token & ((1u << PLACE_BITS) - 1);
    evprof_trace_ring_t *ring = session == 0 ? NULL : evprof_trace_ring();
    if (ring == NULL || ring->regions.session != session ||
        token_of(session, place) != token) {
        return;
    }
    while (ring->regions.count >= place && ring->regions.count > 0) {
        ring->regions.count--;
        evprof_trace_emit(
            &(evprof_trace_event_t){ .type = EVPROF_TRACE_REGION_END,
                                     .caller = __builtin_return_address(0) });
    }
}

void
evprof_trace_log(evprof_task_t task, const char *key, const char *value)
{
    char text[2 * EVPROF_TRACE_TEXT_MAX + 1];
    if (evprof_trace_now() == 0) {
        return;
    }
    size_t key_len = cut(key);
    size_t value_len = cut(value);
    if (key_len > 0) {
        memcpy(text, key, key_len);
    }
    text[key_len] = '\0';
    if (value_len > 0) {
        memcpy(text + key_len + 1, value, value_len);
    }
    evprof_trace_emit(
        &(evprof_trace_event_t){ .type = EVPROF_TRACE_LOG,
                                 .args = &task,
                                 .arg_count = 1,
                                 .caller = __builtin_return_address(0),
                                 .text = text,
                                 .text_len = key_len + 1 + value_len });
}
