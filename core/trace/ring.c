/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer publishes an event by storing `head` after its words; the
 * collector loads `head`, reads, and stores `tail`. The list of rings is
 * changed under a lock that no event takes but a thread's first.
 */
#include "core/trace/ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/clock.h"
#include "core/base/lock.h"
#include "core/sample/caller_stack.h"
#include "core/sample/threads.h"
#include "core/trace/stacks.h"
#include "core/unwind/unwind.h"

static evprof_lock_t guard; /* of changes to the list */
static _Atomic(evprof_trace_ring_t *) first;

static _Thread_local evprof_trace_ring_t *own
    __attribute__((tls_model("initial-exec")));

static bool
is_traced(const evprof_thread_t *thread)
{
    return thread != NULL && thread->depth == 0 &&
           (atomic_load_explicit(&thread->flags, memory_order_relaxed) &
            EVPROF_THREAD_OURS) == 0;
}

static evprof_trace_ring_t *
make_ring(const evprof_thread_t *thread)
{
    void *memory =
        mmap(NULL, sizeof(evprof_trace_ring_t), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    evprof_trace_ring_t *ring = memory;
    ring->tid = atomic_load(&thread->tid);
    ring->record = thread->index;
    ring->generation = atomic_load(&thread->generation);
    evprof_lock_enter(&guard);
    ring->next = atomic_load_explicit(&first, memory_order_relaxed);
    atomic_store_explicit(&first, ring, memory_order_release);
    evprof_lock_leave(&guard);
    return ring;
}

evprof_trace_ring_t *
evprof_trace_ring(void)
{
    if (own != NULL) {
        return own;
    }
    int saved = errno;
    const evprof_thread_t *thread = evprof_thread_self();
    if (is_traced(thread)) {
        own = make_ring(thread);
    }
    errno = saved;
    return own;
}

static void
put(evprof_trace_ring_t *ring, uint64_t *at, uint64_t word)
{
    ring->words[*at % EVPROF_TRACE_RING_WORDS] = word;
    ++*at;
}

static void
put_text(evprof_trace_ring_t *ring, uint64_t *at, const char *text, size_t len)
{
    for (size_t done = 0; done < len; done += sizeof(uint64_t)) {
        uint64_t word = 0;
        size_t part = len - done < sizeof(word) ? len - done : sizeof(word);
        memcpy(&word, text + done, part);
        put(ring, at, word);
    }
}

static bool
write_event(evprof_trace_ring_t *ring, const evprof_trace_event_t *event)
{
    uintptr_t pcs[EVPROF_HERE_DEPTH];
    int64_t now_ns =
        event->ns != 0 ? event->ns : evprof_clock_ns(CLOCK_MONOTONIC);
    size_t depth = event->caller == NULL || !evprof_trace_stack_is_due(now_ns)
                       ? 0
                       : evprof_here(pcs, event->caller);
    depth = evprof_unwind_mark_own(pcs, depth, EVPROF_HERE_DEPTH);
    size_t need = 2 + event->arg_count + depth + (event->text_len + 7) / 8;
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    if (need > EVPROF_TRACE_RING_WORDS - (head - tail)) {
        atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
        return false;
    }
    put(ring, &head,
        (uint64_t)event->type | (uint64_t)event->arg_count << 8 |
            (uint64_t)depth << 16 | (uint64_t)event->text_len << 32);
    put(ring, &head, (uint64_t)now_ns);
    for (size_t i = 0; i < event->arg_count; i++) {
        put(ring, &head, event->args[i]);
    }
    for (size_t i = 0; i < depth; i++) {
        put(ring, &head, pcs[i]);
    }
    put_text(ring, &head, event->text, event->text_len);
    atomic_store_explicit(&ring->head, head, memory_order_release);
    return true;
}

bool
evprof_trace_emit(const evprof_trace_event_t *event)
{
    evprof_trace_ring_t *ring = evprof_trace_ring();
    if (ring == NULL) {
        return false;
    }
    /* Only handlers of the same thread can find it set. */
    if (atomic_load_explicit(&ring->is_writing, memory_order_relaxed) != 0) {
        atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
        return false;
    }
    atomic_store_explicit(&ring->is_writing, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    bool is_written = write_event(ring, event);
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&ring->is_writing, 0, memory_order_relaxed);
    return is_written;
}

evprof_trace_ring_t *
evprof_trace_rings(void)
{
    return atomic_load_explicit(&first, memory_order_acquire);
}

void
evprof_trace_ring_end(void)
{
    evprof_trace_ring_t *ring = own;
    own = NULL;
    if (ring != NULL) {
        atomic_store_explicit(&ring->is_ended, 1, memory_order_release);
    }
}

static bool
is_done(const evprof_trace_ring_t *ring)
{
    return atomic_load_explicit(&ring->is_ended, memory_order_acquire) != 0 &&
           atomic_load_explicit(&ring->head, memory_order_acquire) ==
               atomic_load_explicit(&ring->tail, memory_order_relaxed);
}

void
evprof_trace_rings_reap(void)
{
    evprof_lock_enter(&guard);
    evprof_trace_ring_t *ring = atomic_load(&first);
    evprof_trace_ring_t *before = NULL;
    while (ring != NULL) {
        evprof_trace_ring_t *next = ring->next;
        if (!is_done(ring)) {
            before = ring;
        } else if (before == NULL) {
            atomic_store(&first, next);
            munmap(ring, sizeof(*ring));
        } else {
            before->next = next;
            munmap(ring, sizeof(*ring));
        }
        ring = next;
    }
    evprof_lock_leave(&guard);
}

void
evprof_trace_rings_fork_child(void)
{
    evprof_lock_reset(&guard);
    evprof_trace_ring_t *ring = atomic_load(&first);
    atomic_store(&first, NULL);
    own = NULL;
    while (ring != NULL) {
        evprof_trace_ring_t *next = ring->next;
        munmap(ring, sizeof(*ring));
        ring = next;
    }
}
