/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/bulk.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/base/tests.h"

/* Sizes on both sides of the one from which pieces are mapped. */
static const size_t sizes[] = { 1, EVPROF_BULK_SIZE - 1, EVPROF_BULK_SIZE,
                                EVPROF_BULK_SIZE * 5 + 1,
                                EVPROF_BULK_SIZE * 40 };
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static void
test_a_piece_keeps_what_is_in_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        for (size_t j = 0; j < SIZES; j++) {
            unsigned char *piece = evprof_bulk_resize(NULL, 0, sizes[i]);
            assert_non_null(piece);
            for (size_t k = 0; k < sizes[i]; k++) {
                piece[k] = (unsigned char)(k * 7 + i);
            }
            piece = evprof_bulk_resize(piece, sizes[i], sizes[j]);
            assert_non_null(piece);
            for (size_t k = 0; k < sizes[i] && k < sizes[j]; k++) {
                assert_int_equal(piece[k], (unsigned char)(k * 7 + i));
            }
            memset(piece, 1, sizes[j]);
            evprof_bulk_free(piece, sizes[j]);
        }
    }
    evprof_bulk_free(NULL, EVPROF_BULK_SIZE);
}

static void
test_a_zeroed_piece_is_zero(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        unsigned char *used = evprof_bulk_alloc(sizes[i]);
        assert_non_null(used);
        memset(used, 1, sizes[i]);
        evprof_bulk_free(used, sizes[i]);
        unsigned char *piece = evprof_bulk_zeroed(sizes[i]);
        assert_non_null(piece);
        for (size_t k = 0; k < sizes[i]; k++) {
            assert_int_equal(piece[k], 0);
        }
        evprof_bulk_free(piece, sizes[i]);
    }
}

/* Nothing that malloc counts, and so nothing that it keeps. */
static void
test_large_pieces_are_not_mallocs(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    print_message("sanitizers look after malloc's pieces alone\n");
    skip();
#endif
    struct mallinfo2 before = mallinfo2();
    void *piece = evprof_bulk_alloc(EVPROF_BULK_SIZE * 64);
    assert_non_null(piece);
    struct mallinfo2 now = mallinfo2();
    assert_true(now.uordblks + now.hblkhd <
                before.uordblks + before.hblkhd + EVPROF_BULK_SIZE);
    evprof_bulk_free(piece, EVPROF_BULK_SIZE * 64);
}

static void
test_an_array_grows(void **state)
{
    (void)state;
    uint32_t *items = NULL;
    size_t cap = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        uint32_t *grown =
            evprof_bulk_grow(items, &cap, (size_t)i + 1, sizeof(*items));
        assert_non_null(grown);
        assert_true(cap > i);
        items = grown;
        items[i] = i;
    }
    assert_true(cap < 200000 * 2);
    for (uint32_t i = 0; i < 100000; i++) {
        assert_int_equal(items[i], i);
    }
    assert_null(evprof_bulk_grow(items, &cap, SIZE_MAX / 2, sizeof(*items)));
    assert_int_equal(items[99999], 99999);
    evprof_bulk_free(items, cap * sizeof(*items));
}

typedef struct pair {
    uint32_t key;
    uint32_t at;
} pair_t;

static int
by_key(const void *a, const void *b)
{
    const pair_t *one = a;
    const pair_t *other = b;
    return one->key < other->key ? -1 : one->key > other->key;
}

/* In order, and what is equal stays in the order that it had. */
static void
test_it_sorts(void **state)
{
    (void)state;
    static pair_t pairs[30000];
    for (size_t count = 0; count <= 30000; count = count * 3 + 1) {
        uint32_t seed = 1;
        for (uint32_t i = 0; i < count; i++) {
            seed = seed * 1103515245 + 12345;
            pairs[i] = (pair_t){ .key = seed >> 22, .at = i };
        }
        evprof_bulk_sort(pairs, count, sizeof(*pairs), by_key);
        uint64_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            sum += pairs[i].at;
            assert_true(i == 0 || pairs[i - 1].key < pairs[i].key ||
                        (pairs[i - 1].key == pairs[i].key &&
                         pairs[i - 1].at < pairs[i].at));
        }
        assert_int_equal(sum, (uint64_t)count * (count - (count > 0)) / 2);
    }
}

int
run_bulk_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_piece_keeps_what_is_in_it),
        cmocka_unit_test(test_a_zeroed_piece_is_zero),
        cmocka_unit_test(test_large_pieces_are_not_mallocs),
        cmocka_unit_test(test_an_array_grows),
        cmocka_unit_test(test_it_sorts),
    };
    return cmocka_run_group_tests_name("bulk", tests, NULL, NULL);
}
