/* SPDX-License-Identifier: Apache-2.0 */
#include "core/analysis/gzip_parallel.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/base/buf.h"
#include "tests/unit/profile/tests.h"

/* What comes out is one gzip member that holds what went in. */
static void
check(const unsigned char *data, size_t len)
{
    evprof_buf_t packed = { 0 };
    evprof_writer_t out = evprof_writer_buf(&packed);
    assert_int_equal(evprof_gzip_parallel(data, len, &out, NULL), EVPROF_OK);
    unsigned char *plain = malloc(len + 1);
    assert_non_null(plain);
    z_stream stream = { .next_in = (unsigned char *)packed.data,
                        .avail_in = (uInt)packed.len,
                        .next_out = plain,
                        .avail_out = (uInt)len + 1 };
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, len);
    assert_int_equal(stream.avail_in, 0);
    assert_memory_equal(plain, data, len);
    inflateEnd(&stream);
    free(plain);
    evprof_buf_free(&packed);
}

static void
test_sizes(void **state)
{
    (void)state;
    enum { PIECE = 512 * 1024 };
    static const size_t sizes[] = { 0,         1,         PIECE - 1, PIECE,
                                    PIECE + 1, 3 * PIECE, 40 * PIECE };
    size_t largest = (size_t)40 * PIECE;
    unsigned char *data = malloc(largest);
    assert_non_null(data);
    unsigned seed = 1;
    for (size_t i = 0; i < largest; i++) {
        seed = seed * 1103515245U + 12345U;
        data[i] = (unsigned char)(i % 7 == 0 ? seed >> 24 : i >> 10);
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        check(data, sizes[i]);
    }
    free(data);
}

static int
refuse(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    (void)data;
    return len > 100 ? EVPROF_EIO : EVPROF_OK;
}

static void
test_writer_failure(void **state)
{
    (void)state;
    static const unsigned char data[100000] = { 1, 2, 3 };
    const evprof_writer_t out = { .write = refuse };
    assert_int_equal(evprof_gzip_parallel(data, sizeof(data), &out, NULL),
                     EVPROF_EIO);
}

int
run_gzip_parallel_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_writer_failure),
    };
    return cmocka_run_group_tests_name("gzip_parallel", tests, NULL, NULL);
}
