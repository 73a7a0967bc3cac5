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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_of_each_size),
    };
    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
