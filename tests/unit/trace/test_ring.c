/* SPDX-License-Identifier: Apache-2.0 */
/* A full ring drops whole events and keeps what it has. */
#include "core/trace/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Fills the ring with events of that size, and gives it back empty. */
static void
fill(size_t arg_count, size_t text_len)
{
    static const char text[] = "a text of forty bytes, and some bytes more";
    const uint64_t args[4] = { 1, 2, 3, 4 };
    const uint64_t words = 2 + arg_count + (text_len + 7) / 8;
    evprof_trace_ring_t *ring = evprof_trace_ring();
    assert_non_null(ring);
    const uint64_t begin = atomic_load(&ring->head);
    const uint64_t dropped = atomic_load(&ring->dropped);
    const evprof_trace_event_t event = { .type = EVPROF_TRACE_LOG,
                                         .args = args,
                                         .arg_count = arg_count,
                                         .ns = 5,
                                         .text = text,
                                         .text_len = text_len };
    atomic_store(&ring->tail, begin);
    for (uint64_t i = 0; i < EVPROF_TRACE_RING_WORDS / words; i++) {
        assert_true(evprof_trace_emit(&event));
        assert_int_equal(atomic_load(&ring->head), begin + (i + 1) * words);
    }
    assert_false(evprof_trace_emit(&event));
    assert_int_equal(atomic_load(&ring->dropped), dropped + 1);
    /* One that is read makes room for one. */
    atomic_store(&ring->tail, begin + words);
    assert_true(evprof_trace_emit(&event));
    assert_false(evprof_trace_emit(&event));
    const uint64_t last = atomic_load(&ring->head) - words;
    assert_int_equal(ring->words[last % EVPROF_TRACE_RING_WORDS],
                     (uint64_t)EVPROF_TRACE_LOG | arg_count << 8 |
                         (uint64_t)text_len << 32);
    assert_int_equal(ring->words[(last + 1) % EVPROF_TRACE_RING_WORDS], 5);
    atomic_store(&ring->tail, atomic_load(&ring->head));
}

static void
test_events_of_each_size(void **state)
{
    (void)state;
    for (size_t args = 0; args <= 4; args++) {
        fill(args, 0);
        fill(args, 1);
        fill(args, 8);
        fill(args, 9);
        fill(args, 40);
    }
}

static void
check_list(evprof_trace_ring_t *const *rings, size_t count)
{
    const evprof_trace_ring_t *at = evprof_trace_rings();
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(at, rings[i]);
        at = at->next;
    }
    assert_null(at);
}

/* A ring goes when its thread has ended and all of it is read. */
static void
test_rings_come_and_go(void **state)
{
    (void)state;
    const evprof_trace_event_t event = { .type = EVPROF_TRACE_END };
    evprof_trace_ring_t
        *rings[3]; /* the newest one first, as they are listed */
    evprof_trace_ring_end();
    evprof_trace_rings_reap();
    for (size_t i = 3; i-- > 0;) {
        rings[i] = evprof_trace_ring();
        assert_ptr_equal(evprof_trace_ring(), rings[i]);
        assert_true(i != 1 || evprof_trace_emit(&event));
        if (i > 0) {
            evprof_trace_ring_end();
        }
    }
    check_list(rings, 3);
    evprof_trace_rings_reap();
    check_list(rings, 2);
    atomic_store(&rings[1]->tail, atomic_load(&rings[1]->head));
    evprof_trace_rings_reap();
    check_list(rings, 1);
    evprof_trace_ring_end();
    evprof_trace_rings_reap();
    check_list(NULL, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_of_each_size),
        cmocka_unit_test(test_rings_come_and_go),
    };
    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
