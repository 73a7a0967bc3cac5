/* SPDX-License-Identifier: Apache-2.0 */
/* The innermost loop that has at least half of a function's samples. */
#include "core/report/annotated.h"
#include "tests/unit/report/tests.h"

enum { LINES = 6, START = 0x100 };

/* A function of instructions of four bytes; the third and the fifth one jump
 * back to the second and to the first. */
static bool
find(const int64_t flat[LINES], uint64_t *first, uint64_t *last)
{
    static const char *const texts[LINES] = { "nop", "nop",        "jne\t0x104",
                                              "nop", "jmp\t0x100", "ret" };
    static const evprof_routine_t routine = { .start = START,
                                              .end = START + 4 * LINES };
    evprof_instruction_t instructions[LINES];
    evprof_assembly_line_t lines[LINES];
    evprof_disassembly_t assembly = { .routine = &routine,
                                      .lines = lines,
                                      .line_count = LINES };
    for (size_t i = 0; i < LINES; i++) {
        instructions[i] = (evprof_instruction_t){ .vaddr = START + 4 * i,
                                                  .size = 4,
                                                  .text = texts[i] };
        lines[i] = (evprof_assembly_line_t){ .instruction = &instructions[i],
                                             .flat = flat[i] };
        assembly.flat += flat[i];
    }
    return evprof_hot_loop(&assembly, first, last);
}

static void
test_half_is_enough(void **state)
{
    (void)state;
    uint64_t first = 0;
    uint64_t last = 0;
    /* All in the inner one. */
    assert_true(
        find((const int64_t[LINES]){ 0, 9, 0, 0, 0, 0 }, &first, &last));
    assert_int_equal(first, START + 4);
    assert_int_equal(last, START + 8);
    /* Half in the inner one, half outside of both. */
    assert_true(
        find((const int64_t[LINES]){ 0, 1, 1, 0, 0, 2 }, &first, &last));
    assert_int_equal(first, START + 4);
    /* Less than half in the inner one, more in the outer one. */
    assert_true(
        find((const int64_t[LINES]){ 1, 1, 1, 0, 0, 3 }, &first, &last));
    assert_int_equal(first, START);
    assert_int_equal(last, START + 16);
    /* Less than half in both. */
    assert_false(
        find((const int64_t[LINES]){ 1, 1, 1, 0, 0, 4 }, &first, &last));
    assert_false(find((const int64_t[LINES]){ 0 }, &first, &last));
}

int
run_hot_loop_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half_is_enough),
    };
    return cmocka_run_group_tests_name("hot_loop", tests, NULL, NULL);
}
