/* SPDX-License-Identifier: Apache-2.0 */
/* When a stream passes on what it has, and what it says at the end. */
#include "core/base/stream.h"

#include <string.h>

#include <evprof/status.h>

#include "tests/unit/base/tests.h"

/* A writer that counts, and fails at the call of that number. */
typedef struct sink {
    size_t calls;
    size_t bytes;
    size_t failing;
} sink_t;

static int
swallow(void *ctx, const void *data, size_t len)
{
    sink_t *sink = ctx;
    (void)data;
    sink->calls++;
    sink->bytes += len;
    return sink->calls == sink->failing ? EVPROF_EIO : EVPROF_OK;
}

static void
fill(evprof_stream_t *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        evprof_buf_putc(&s->buf, 'x');
    }
}

static void
test_large_pieces(void **state)
{
    (void)state;
    sink_t sink = { .failing = 0 };
    const evprof_writer_t out = { swallow, &sink };
    evprof_stream_t s;
    evprof_stream_begin(&s, &out);
    fill(&s, (1 << 16) - 1);
    evprof_stream_poll(&s);
    assert_int_equal(sink.calls, 0);
    fill(&s, 1);
    evprof_stream_poll(&s);
    assert_int_equal(sink.calls, 1);
    assert_int_equal(sink.bytes, 1 << 16);
    assert_int_equal(s.buf.len, 0);
    fill(&s, 3);
    evprof_stream_flush(&s);
    assert_int_equal(sink.bytes, (1 << 16) + 3);
    fill(&s, 4);
    assert_int_equal(evprof_stream_end(&s), EVPROF_OK);
    assert_int_equal(sink.bytes, (1 << 16) + 7);
    assert_null(s.buf.data);
}

static void
test_first_error_is_kept(void **state)
{
    (void)state;
    sink_t sink = { .failing = 2 };
    const evprof_writer_t out = { swallow, &sink };
    evprof_stream_t s;
    evprof_stream_begin(&s, &out);
    for (int i = 0; i < 5; i++) {
        fill(&s, 1);
        evprof_stream_flush(&s);
    }
    fill(&s, 1);
    assert_int_equal(evprof_stream_end(&s), EVPROF_EIO);
    assert_int_equal(sink.calls, 2);
}

/* What did not fit into memory is told at once, and nothing of it passed on. */
static void
test_short_of_memory(void **state)
{
    (void)state;
    sink_t sink = { .failing = 0 };
    const evprof_writer_t out = { swallow, &sink };
    evprof_stream_t s;
    evprof_stream_begin(&s, &out);
    fill(&s, 1);
    assert_false(evprof_buf_reserve(&s.buf, SIZE_MAX / 2));
    evprof_stream_poll(&s);
    assert_int_equal(s.status, EVPROF_ENOMEM);
    fill(&s, 1);
    assert_int_equal(evprof_stream_end(&s), EVPROF_ENOMEM);
    assert_int_equal(sink.calls, 0);
}

int
run_stream_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_pieces),
        cmocka_unit_test(test_first_error_is_kept),
        cmocka_unit_test(test_short_of_memory),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
