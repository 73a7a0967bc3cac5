/* SPDX-License-Identifier: Apache-2.0 */
/* CPU profiles made of words, in all four orders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"

#include "tests/unit/formats/tests.h"

typedef struct words {
    evprof_buf_t bytes;
    size_t size; /* of a word */
    bool is_big;
} words_t;

static void
put(words_t *w, uint64_t word)
{
    for (size_t i = 0; i < w->size; i++) {
        size_t from_low = w->is_big ? w->size - 1 - i : i;
        evprof_buf_putc(&w->bytes, (char)(word >> (8 * from_low)));
    }
}

static void
put_all(words_t *w, const uint64_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(w, words[i]);
    }
}

#define PUT(w, ...)                                                            \
    put_all(w, (const uint64_t[]){ __VA_ARGS__ },                              \
            sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

static void
assert_words_read(words_t *w, const char *expected)
{
    assert_bytes_read(w->bytes.data, w->bytes.len, expected);
    evprof_buf_free(&w->bytes);
}

static void
test_four_word_orders(void **state)
{
    (void)state;
    for (size_t size = 4; size <= 8; size += 4) {
        for (int is_big = 0; is_big < 2; is_big++) {
            words_t w = { .size = size, .is_big = is_big != 0 };
            PUT(&w, 0, 3, 0, 10000, 0);
            PUT(&w, 2, 2, 0x401000, 0x402001);
            PUT(&w, 1, 1, 0x403000);
            PUT(&w, 0, 1, 0);
            evprof_buf_puts(&w.bytes, "400000-500000 r-xp 0 08:01 7 /bin/a\n");
            assert_words_read(&w,
                              "samples/count cpu/nanoseconds period 10000000 "
                              "cpu/nanoseconds\n"
                              "2 20000000: 401000 402000\n"
                              "1 10000000: 403000\n"
                              "400000-500000+0 /bin/a \n");
        }
    }
}

static void
test_the_handlers_frame_is_removed(void **state)
{
    (void)state;
    words_t w = { .size = 8 };
    PUT(&w, 0, 3, 0, 1000, 0);
    for (uint64_t i = 0; i < 40; i++) {
        PUT(&w, 1, 4, 0x1000 + i, 0x9001, 0x9101, 0x5001 + i % 2);
    }
    PUT(&w, 1, 3, 0x1000, 0x8001, 0x5001); /* one in 32 may be unlike */
    PUT(&w, 0, 1, 0);
    evprof_pprof_t *p = read_bytes(w.bytes.data, w.bytes.len);
    assert_int_equal(p->sample_count, 41);
    assert_int_equal(p->samples[0].location_count, 2);
    assert_int_equal(p->samples[40].location_count, 3);
    assert_int_equal(p->locations[p->samples[0].locations[1]].address, 0x5000);
    evprof_pprof_free(p);
    evprof_buf_free(&w.bytes);
}

static void
test_a_doubled_leaf_is_removed(void **state)
{
    (void)state;
    words_t w = { .size = 8 };
    PUT(&w, 0, 3, 0, 1000, 0);
    PUT(&w, 1, 3, 0x1000, 0x1000, 0x2001);
    PUT(&w, 1, 2, 0x1500, 0x2001);
    PUT(&w, 0, 1, 0);
    assert_words_read(&w, "samples/count cpu/nanoseconds period 1000000 "
                          "cpu/nanoseconds\n"
                          "1 1000000: 1000 2000\n"
                          "1 1000000: 1500 2000\n"
                          "0-ffffffffffffffff+0  \n");
}

static void
test_java_names_its_locations(void **state)
{
    (void)state;
    words_t w = { .size = 8 };
    PUT(&w, 0, 3, 1, 1000, 0);
    PUT(&w, 3, 3, 0x11, 0x12, 0x13);
    PUT(&w, 0, 1, 0);
    evprof_buf_puts(&w.bytes, "0x11 com.shop.Cart.add (Cart.java:30)\n"
                              "0x12 memcpy (/usr/lib/libc.so)\n"
                              "0x99 unused (X.java:1)\n"
                              "0x13 GC\n");
    assert_words_read(&w, "samples/count cpu/nanoseconds period 1000000 "
                          "cpu/nanoseconds\n"
                          "3 3000000: com.shop.Cart.add@Cart.java:30 "
                          "memcpy@libc.so:0 GC@:0\n");
}

static void
assert_no_profile(words_t *w)
{
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { 0 };
    assert_int_equal(evprof_format_read(evprof_formats, w->bytes.data,
                                        w->bytes.len, &p, &err),
                     EVPROF_EPARSE);
    assert_string_equal(err.message, "it is of no format that evprof reads");
    evprof_buf_free(&w->bytes);
}

static void
test_cut_off_words_are_no_profile(void **state)
{
    (void)state;
    words_t w = { .size = 8 };
    PUT(&w, 0, 3, 0, 1000, 0);
    PUT(&w, 1, 1000000, 0x1000);
    assert_no_profile(&w);
    /* Between the two words that a sample begins with. */
    PUT(&w, 0, 3, 0, 1000, 0);
    PUT(&w, 2, 1, 0x401000);
    PUT(&w, 1);
    assert_no_profile(&w);
}

int
run_binary_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_four_word_orders),
        cmocka_unit_test(test_the_handlers_frame_is_removed),
        cmocka_unit_test(test_a_doubled_leaf_is_removed),
        cmocka_unit_test(test_java_names_its_locations),
        cmocka_unit_test(test_cut_off_words_are_no_profile),
    };
    return cmocka_run_group_tests_name("binary", tests, NULL, NULL);
}
