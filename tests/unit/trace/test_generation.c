/* SPDX-License-Identifier: Apache-2.0 */
/* A generation that lacks a part of what happened is not written. */
#include "core/trace/generation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
test_a_payload_moves_in(void **state)
{
    (void)state;
    evprof_trace_generation_t *g = evprof_trace_generation_new(1000, 1);
    evprof_buf_t payload = { 0 };
    assert_non_null(g);
    const size_t before = g->bytes;
    evprof_buf_puts(&payload, "events");
    evprof_trace_batch_add(g, 7, 2000, &payload);
    assert_null(payload.data);
    assert_false(g->failed);
    assert_int_equal(g->batch_count, 1);
    assert_int_equal(g->batches[0].thread, 7);
    assert_int_equal(g->batches[0].time, 2000);
    assert_string_equal(g->batches[0].payload.data, "events");
    assert_true(g->bytes >= before + strlen("events"));
    evprof_trace_generation_free(g);
}

static void
test_a_payload_that_is_not_whole(void **state)
{
    (void)state;
    evprof_trace_generation_t *g = evprof_trace_generation_new(1000, 1);
    evprof_buf_t payload = { 0 };
    assert_non_null(g);
    evprof_buf_puts(&payload, "events");
    payload.failed = true;
    evprof_trace_batch_add(g, 7, 2000, &payload);
    assert_null(payload.data);
    assert_true(g->failed);
    assert_int_equal(g->batch_count, 0);
    evprof_trace_generation_free(g);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_payload_moves_in),
        cmocka_unit_test(test_a_payload_that_is_not_whole),
    };
    return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
