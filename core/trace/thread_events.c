/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that come without a call of the application: threads begin and end,
 * wait, and end each other's waits. The wrappers of core/interpose and the
 * registry of threads report them.
 */
#include "core/trace/emit.h"

#include <pthread.h>
#include <string.h>

#include "core/base/own_thread.h"
#include "core/objects/epoch.h"
#include "core/sample/contention.h"
#include "core/sample/threads.h"
#include "core/trace/ring.h"

_Atomic uint32_t evprof_trace_session;

static void
tell_wait(const evprof_wait_t *wait)
{
    const uint64_t args[] = { wait->kind, (uintptr_t)wait->object };
    evprof_trace_emit(&(evprof_trace_event_t){ .type = EVPROF_TRACE_WAIT,
                                               .args = args,
                                               .arg_count = 2,
                                               .ns = wait->start_ns,
                                               .caller = wait->caller });
}

static void
tell_return(const evprof_wait_t *wait, int error)
{
    const uint64_t args[] = { wait->kind, (uintptr_t)wait->object,
                              (uint64_t)(unsigned)error };
    evprof_trace_emit(&(evprof_trace_event_t){
        .type = EVPROF_TRACE_RETURN, .args = args, .arg_count = 3 });
}

static void
tell_wake(enum evprof_wait_kind kind, const void *object, int64_t at_ns,
          bool is_for_all, const void *caller)
{
    const uint64_t args[] = { kind, (uintptr_t)object };
    evprof_trace_emit(&(evprof_trace_event_t){
        .type = is_for_all ? EVPROF_TRACE_WAKE_ALL : EVPROF_TRACE_WAKE,
        .args = args,
        .arg_count = 2,
        .ns = at_ns,
        .caller = caller });
}

static const evprof_wait_watcher_t watcher = {
    .begin = tell_wait,
    .end = tell_return,
    .wake = tell_wake,
};

/* The address of a function, as events carry it. */
static uint64_t
address_of(void *(*routine)(void *))
{
    uint64_t address = 0;
    memcpy(&address, &routine, sizeof(routine));
    return address;
}

static void
tell_creation(evprof_thread_t *thread, const void *caller)
{
    if (evprof_trace_now() == 0 || evprof_own_thread_is(thread->start)) {
        return;
    }
    const uint64_t args[] = { thread->index, atomic_load(&thread->generation),
                              address_of(thread->start),
                              atomic_load(&evprof_unload_epoch) };
    evprof_trace_emit(&(evprof_trace_event_t){ .type = EVPROF_TRACE_CREATE,
                                               .args = args,
                                               .arg_count = 4,
                                               .caller = caller });
}

/* Within evprof itself waits are not written. */
static void
tell_start(evprof_thread_t *thread)
{
    if (evprof_trace_now() == 0 || evprof_own_thread_is(thread->start)) {
        return;
    }
    const uint64_t args[] = { address_of(thread->start),
                              atomic_load(&evprof_unload_epoch) };
    thread->depth--;
    evprof_trace_emit(&(evprof_trace_event_t){
        .type = EVPROF_TRACE_START, .args = args, .arg_count = 2 });
    thread->depth++;
}

static void
tell_end(evprof_thread_t *thread)
{
    (void)thread;
    if (evprof_trace_now() != 0) {
        pthread_t self = pthread_self();
        uint64_t args[1] = { 0 };
        memcpy(args, &self, sizeof(self));
        evprof_trace_emit(&(evprof_trace_event_t){
            .type = EVPROF_TRACE_END, .args = args, .arg_count = 1 });
    }
    evprof_trace_ring_end();
}

void
evprof_trace_watch(bool is_on)
{
    static evprof_thread_hook_t hook = { .create = tell_creation,
                                         .enter = tell_start,
                                         .leave = tell_end };
    static bool is_added;
    if (!is_added) {
        is_added = true;
        evprof_thread_add_hook(&hook);
    }
    evprof_wait_watch(is_on ? &watcher : NULL);
}
