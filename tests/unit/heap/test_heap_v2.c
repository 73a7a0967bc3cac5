/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/heap/heap_v2.h"

#define HEADER "heap_v2/524288\n  t*: 3: 300 [5: 500]\n  t0: 3: 300 [5: 500]\n"
#define STACK_A                                                                \
    "@ 0x10 0xdeadbeefcafe\n  t*: 1: 100 [2: 200]\n  t0: 1: 100 [2: 200]\n"
#define STACK_B                                                                \
    "@ 0x20\n  t*: 2: 200 [3: 300]\n  t0: 1: 100 [1: 100]\n"                   \
    "  t7: 1: 100 [2: 200] a name\n"
#define MAPS "\nMAPPED_LIBRARIES:\n1000-2000 r-xp 0 8:1 9 /bin/x\n"

typedef struct seen {
    char text[512];
    size_t maps;
    int stop_with;
} seen_t;

static int
see_stack(void *ctx, const uint64_t *pcs, size_t count,
          const evprof_heap_counts_t *c)
{
    seen_t *seen = ctx;
    size_t len = strlen(seen->text);
    for (size_t i = 0; i < count; i++) {
        len += (size_t)snprintf(seen->text + len, sizeof(seen->text) - len,
                                "%llx ", (unsigned long long)pcs[i]);
    }
    (void)snprintf(seen->text + len, sizeof(seen->text) - len,
                   "%lld/%lld/%lld/%lld;", (long long)c->objects,
                   (long long)c->bytes, (long long)c->accum_objects,
                   (long long)c->accum_bytes);
    return seen->stop_with;
}

static int
see_map(void *ctx, const char *line, size_t len)
{
    seen_t *seen = ctx;
    assert_int_equal(len, strlen("1000-2000 r-xp 0 8:1 9 /bin/x"));
    assert_memory_equal(line, "1000-2000", 9);
    seen->maps++;
    return 0;
}

static int
read_text(const char *text, size_t piece, seen_t *seen, evprof_heap_v2_t *out,
          evprof_error_t *err)
{
    evprof_heap_v2_sink_t sink = { .stack = see_stack,
                                   .map = see_map,
                                   .ctx = seen };
    size_t len = strlen(text);
    int status = 0;
    evprof_heap_v2_begin(out, &sink);
    for (size_t at = 0; at < len && status == 0; at += piece) {
        size_t part = len - at < piece ? len - at : piece;
        status = evprof_heap_v2_feed(out, text + at, part, err);
    }
    if (status == 0) {
        status = evprof_heap_v2_finish(out, err);
    }
    evprof_heap_v2_end(out);
    return status;
}

static void
test_reads_all_stacks(void **state)
{
    (void)state;
    const char *text = HEADER STACK_A STACK_B MAPS;
    for (size_t piece = 1; piece <= strlen(text); piece++) {
        seen_t seen = { .stop_with = 0 };
        evprof_heap_v2_t reader;
        evprof_error_t err;
        assert_int_equal(read_text(text, piece, &seen, &reader, &err), 0);
        assert_string_equal(seen.text,
                            "10 deadbeefcafe 1/100/2/200;20 2/200/3/300;");
        assert_int_equal(seen.maps, 1);
        assert_int_equal(reader.rate, 524288);
        assert_int_equal(reader.total.objects, 3);
        assert_int_equal(reader.total.bytes, 300);
        assert_int_equal(reader.total.accum_objects, 5);
        assert_int_equal(reader.total.accum_bytes, 500);
    }
}

/* Every prefix of a good dump is refused, up to the maps. */
static void
test_cut_off(void **state)
{
    (void)state;
    const char *text = HEADER STACK_A STACK_B "\nMAPPED_LIBRARIES";
    char cut[512];
    for (size_t len = 0; len <= strlen(text); len++) {
        seen_t seen = { .stop_with = 0 };
        evprof_heap_v2_t reader;
        evprof_error_t err;
        memcpy(cut, text, len);
        cut[len] = '\0';
        assert_int_equal(read_text(cut, 64, &seen, &reader, &err),
                         EVPROF_EPARSE);
        assert_non_null(strstr(err.message, "heap dump: line "));
    }
}

static void
test_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        { "heap profile: 1: 2 [3: 4] @ heap/9\n", "heap dump: line 1: not a "
                                                  "jemalloc heap dump (no "
                                                  "\"heap_v2/RATE\")" },
        { "heap_v2/0\n", "heap dump: line 1: not a jemalloc heap dump (no "
                         "\"heap_v2/RATE\")" },
        { "heap_v2/1\n@ 0x1\n",
          "heap dump: line 2: the sums over all stacks are missing" },
        { HEADER "@ 12\n", "heap dump: line 4: a malformed address" },
        { HEADER "@ 0x12345678901234567\n",
          "heap dump: line 4: a malformed address" },
        { HEADER "@ 0x1\n@ 0x2\n",
          "heap dump: line 5: malformed counts of a stack" },
        { HEADER "@ 0x1\n  t*: 1: 99999999999999999999 [0: 0]\n",
          "heap dump: line 5: malformed counts of a stack" },
        { HEADER "what\n",
          "heap dump: line 4: neither a stack nor the end of them" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        seen_t seen = { .stop_with = 0 };
        evprof_heap_v2_t reader;
        evprof_error_t err;
        assert_int_equal(read_text(cases[i].text, 1000, &seen, &reader, &err),
                         EVPROF_EPARSE);
        assert_string_equal(err.message, cases[i].message);
    }
}

static void
test_long_lines_are_bounded(void **state)
{
    (void)state;
    evprof_heap_v2_sink_t sink = { .stack = see_stack, .ctx = NULL };
    evprof_heap_v2_t reader;
    evprof_error_t err;
    char piece[1000];
    int status = 0;
    memset(piece, 'x', sizeof(piece));
    evprof_heap_v2_begin(&reader, &sink);
    for (size_t i = 0; i < 1000 && status == 0; i++) {
        status = evprof_heap_v2_feed(&reader, piece, sizeof(piece), &err);
        assert_true(reader.partial.cap <= (size_t)256 << 10);
    }
    evprof_heap_v2_end(&reader);
    assert_int_equal(status, EVPROF_EPARSE);
}

static void
test_sink_stops_reading(void **state)
{
    (void)state;
    seen_t seen = { .stop_with = EVPROF_ELIMIT };
    evprof_heap_v2_t reader;
    evprof_error_t err;
    assert_int_equal(
        read_text(HEADER STACK_A STACK_B MAPS, 1000, &seen, &reader, &err),
        EVPROF_ELIMIT);
    assert_string_equal(seen.text, "10 deadbeefcafe 1/100/2/200;");
}

/* The numbers of Go's own tests of its heap profile. */
static void
test_unbias_as_go_does(void **state)
{
    (void)state;
    static const struct {
        uint64_t rate;
        int64_t objects;
        int64_t bytes;
        int64_t want_objects;
        int64_t want_bytes;
    } cases[] = {
        { 524288, 4, 4096, 2050, 2099200 },
        { 524288, 3, 3072, 1537, 1574400 },
        { 524288, 1, 524288, 1, 829411 },
        { 524288, 0, 0, 0, 0 },
        { 524288, 0, 100, 0, 0 },
        { 1, 7, 70, 7, 70 },
        { 0, 7, 70, 7, 70 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t objects = cases[i].objects;
        int64_t bytes = cases[i].bytes;
        evprof_heap_unbias(cases[i].rate, &objects, &bytes);
        assert_int_equal(objects, cases[i].want_objects);
        assert_int_equal(bytes, cases[i].want_bytes);
    }
}

static void
test_unbias_saturates(void **state)
{
    (void)state;
    int64_t objects = INT64_MAX;
    int64_t bytes = INT64_MAX;
    evprof_heap_unbias(UINT64_C(1) << 40, &objects, &bytes);
    assert_int_equal(objects, INT64_MAX);
    assert_int_equal(bytes, INT64_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_all_stacks),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_long_lines_are_bounded),
        cmocka_unit_test(test_sink_stops_reading),
        cmocka_unit_test(test_unbias_as_go_does),
        cmocka_unit_test(test_unbias_saturates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
