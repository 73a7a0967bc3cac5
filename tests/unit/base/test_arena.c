/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/arena.h"

#include <string.h>

#include "tests/unit/base/tests.h"

static void
test_objects_are_aligned_and_apart(void **state)
{
    (void)state;
    evprof_arena_t arena = { 0 };
    char *previous = NULL;
    for (size_t i = 0; i < 10000; i++) {
        char *p = evprof_arena_alloc(&arena, 1 + i % 40);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        assert_ptr_not_equal(p, previous);
        memset(p, (int)i, 1 + i % 40);
        previous = p;
    }
    evprof_arena_free(&arena);
}

static void
test_large_requests_keep_the_current_block(void **state)
{
    (void)state;
    evprof_arena_t arena = { 0 };
    char *small = evprof_arena_alloc(&arena, 16);
    assert_non_null(evprof_arena_alloc(&arena, (size_t)8 << 20));
    char *next = evprof_arena_alloc(&arena, 16);
    assert_ptr_equal(next, small + 16);
    evprof_arena_free(&arena);
}

static void
test_absurd_sizes_fail(void **state)
{
    (void)state;
    evprof_arena_t arena = { 0 };
    assert_null(evprof_arena_alloc(&arena, SIZE_MAX));
    assert_null(evprof_arena_calloc(&arena, SIZE_MAX / 2, 4));
    assert_null(evprof_arena_strndup(&arena, "x", SIZE_MAX));
    evprof_arena_free(&arena);
}

static void
test_strings_are_copied_and_ended(void **state)
{
    (void)state;
    evprof_arena_t arena = { 0 };
    assert_string_equal(evprof_arena_strndup(&arena, "abcdef", 3), "abc");
    assert_string_equal(evprof_arena_strndup(&arena, NULL, 0), "");
    evprof_arena_free(&arena);
}

static void
test_arrays_are_extended(void **state)
{
    (void)state;
    evprof_arena_t arena = { 0 };
    const int items[] = { 1, 2, 3 };
    int *more = evprof_arena_extend(&arena, items, 3, 2, sizeof(int));
    const int expected[] = { 1, 2, 3, 0, 0 };
    assert_memory_equal(more, expected, sizeof(expected));
    int *first = evprof_arena_extend(&arena, NULL, 0, 1, sizeof(int));
    assert_non_null(first);
    assert_int_equal(*first, 0);
    assert_non_null(evprof_arena_extend(&arena, NULL, 0, 0, sizeof(int)));
    assert_null(evprof_arena_extend(&arena, items, 3, SIZE_MAX, 1));
    assert_null(evprof_arena_extend(&arena, items, 3, SIZE_MAX / 2, 4));
    evprof_arena_free(&arena);
}

/* All that was handed out: in the first block, in later ones and in one of its
 * own. */
static void
test_secrets_are_wiped(void **state)
{
    (void)state;
    enum { PIECES = 2000, SIZE = 100, LARGE = 1 << 20 };
    static unsigned char *pieces[PIECES];
    evprof_arena_t arena = { 0 };
    evprof_arena_wipe(&arena);
    unsigned char *large = evprof_arena_alloc(&arena, LARGE);
    assert_non_null(large);
    memset(large, 0xa5, LARGE);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = evprof_arena_alloc(&arena, SIZE);
        assert_non_null(pieces[i]);
        memset(pieces[i], 0xa5, SIZE);
    }
    evprof_arena_wipe(&arena);
    for (size_t i = 0; i < LARGE; i++) {
        assert_int_equal(large[i], 0);
    }
    for (size_t i = 0; i < PIECES * SIZE; i++) {
        assert_int_equal(pieces[i / SIZE][i % SIZE], 0);
    }
    evprof_arena_free(&arena);
}

int
run_arena_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_are_aligned_and_apart),
        cmocka_unit_test(test_large_requests_keep_the_current_block),
        cmocka_unit_test(test_absurd_sizes_fail),
        cmocka_unit_test(test_strings_are_copied_and_ended),
        cmocka_unit_test(test_arrays_are_extended),
        cmocka_unit_test(test_secrets_are_wiped),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
