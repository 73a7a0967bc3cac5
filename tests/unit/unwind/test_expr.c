/* SPDX-License-Identifier: Apache-2.0 */
/* What DWARF expressions compute, and which are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/unwind/sig_cfi.h"

/* The words of the stack, which begins at the stack pointer. */
static const uintptr_t words[] = { 0x1111, 0x2222, 0x3333 };

#define BREG_SP (0x70 + EVPROF_REG_SP)
#define BREG_FP (0x70 + EVPROF_REG_FP)

enum outcome { IS, FAILS, NEEDS_ALL };

/* Evaluates the bytes of an expression. */
static enum outcome
evaluate(const unsigned char *code, size_t size, const uintptr_t *first,
         uintptr_t *out)
{
    unsigned char data[256] = { 0xff, 0 };
    evprof_regs_t regs = { .known = UINT64_C(1) << EVPROF_REG_SP };
    evprof_window_t window = { .low = (uintptr_t)words,
                               .high = (uintptr_t)(words + 3),
                               .limit = (uintptr_t)(words + 3) };
    const evprof_cfi_t cfi = { .data = data, .size = size + 2 };
    evprof_cfi_expr_t expr = { .cfi = &cfi,
                               .offset = 1,
                               .regs = &regs,
                               .window = &window,
                               .has_first = first != NULL,
                               .first = first != NULL ? *first : 0,
                               .needs_all = true };
    assert_true(size < 128);
    regs.r[EVPROF_REG_SP] = (uintptr_t)words;
    data[1] = (unsigned char)size;
    memcpy(data + 2, code, size);
    *out = 0;
    if (evprof_cfi_evaluate(&expr, out)) {
        assert_false(expr.needs_all);
        return IS;
    }
    return expr.needs_all ? NEEDS_ALL : FAILS;
}

typedef struct row {
    const char *code;
    size_t size;
    enum outcome outcome;
    uint64_t value;
} row_t;

#define EXPR(text, is_outcome, is_value)                                       \
    {                                                                          \
        .code = (text), .size = sizeof(text) - 1, .outcome = (is_outcome),     \
        .value = (is_value)                                                    \
    }
#define VALUE(text, value) EXPR(text, IS, value)
#define REFUSED(text) EXPR(text, FAILS, 0)
#define EXPECT(rows) expect(rows, sizeof(rows) / sizeof((rows)[0]))

static void
expect(const row_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uintptr_t value = 0;
        enum outcome outcome = evaluate((const unsigned char *)rows[i].code,
                                        rows[i].size, NULL, &value);
        if (outcome != rows[i].outcome ||
            (outcome == IS && value != rows[i].value)) {
            fail_msg("row %zu: outcome %d, %#llx", i, (int)outcome,
                     (unsigned long long)value);
        }
    }
}

static void
test_constants(void **state)
{
    static const row_t rows[] = {
        VALUE("\x30", 0),
        VALUE("\x4f", 31),
        VALUE("\x08\xff", 255),
        VALUE("\x09\xff", UINT64_MAX),
        VALUE("\x09\x7f", 127),
        VALUE("\x0a\xfe\xff", 0xfffe),
        VALUE("\x0b\xfe\xff", UINT64_MAX - 1),
        VALUE("\x0c\xfd\xff\xff\xff", 0xfffffffd),
        VALUE("\x0d\xfd\xff\xff\xff", UINT64_MAX - 2),
        VALUE("\x0e\1\2\3\4\5\6\7\x88", UINT64_C(0x8807060504030201)),
        VALUE("\x0f\1\2\3\4\5\6\7\x88", UINT64_C(0x8807060504030201)),
        VALUE("\x03\1\2\3\4\5\6\7\x08", UINT64_C(0x0807060504030201)),
        VALUE("\x10\x80\x01", 128),
        VALUE("\x11\x80\x7f", UINT64_MAX - 127),
        VALUE("\x11\x01", 1),
        VALUE("\x96\x31\x96", 1),
        REFUSED("\x08"),
        REFUSED("\x0a\x01"),
        REFUSED("\x0e\1\2\3\4\5\6\7"),
        REFUSED("\x10\x80"),
    };
    (void)state;
    EXPECT(rows);
}

/* The second operand is the one on top. */
static void
test_arithmetic(void **state)
{
    static const row_t rows[] = {
        VALUE("\x35\x33\x1a", 1), /* 5 and 3 */
        VALUE("\x35\x33\x1c", 2),
        VALUE("\x33\x35\x1c", UINT64_MAX - 1),
        VALUE("\x35\x33\x1e", 15),
        VALUE("\x35\x33\x21", 7),
        VALUE("\x35\x33\x22", 8),
        VALUE("\x35\x33\x27", 6),
        VALUE("\x35\x23\x03", 8), /* 5 plus a constant */
        VALUE("\x35\x19", 5),
        VALUE("\x09\xfb\x19", 5),
        VALUE("\x30\x19", 0),
        VALUE("\x35\x1f", UINT64_MAX - 4),
        VALUE("\x35\x20", UINT64_MAX - 5),
        VALUE("\x35\x33\x24", 40),
        VALUE("\x31\x08\x3f\x24", UINT64_C(1) << 63),
        VALUE("\x31\x08\x40\x24", 0),
        VALUE("\x08\x28\x33\x25", 5),
        VALUE("\x09\xff\x08\x3f\x25", 1),
        VALUE("\x09\xff\x08\x40\x25", 0),
        VALUE("\x09\xf8\x31\x26", UINT64_MAX - 3),
        VALUE("\x09\x80\x08\x3e\x26", UINT64_MAX),
        VALUE("\x09\xf8\x08\x40\x26", UINT64_MAX),
        VALUE("\x48\x33\x26", 3),
        VALUE("\x48\x08\x40\x26", 0),
        REFUSED("\x33\x1c"),     /* one operand is missing */
        REFUSED("\x35\x33\x1b"), /* division */
        REFUSED("\x35\x33\x1d"), /* its rest */
        REFUSED("\x19"),
        REFUSED("\x23\x03"),
    };
    (void)state;
    EXPECT(rows);
}

/* Signed: -1 is below 1. */
static void
test_comparisons(void **state)
{
    static const struct {
        uint8_t op;
        bool below; /* of -1 and 1 */
        bool same;  /* of 1 and 1 */
        bool above; /* of 1 and -1 */
    } ops[] = {
        { 0x29, false, true, false }, { 0x2a, false, true, true },
        { 0x2b, false, false, true }, { 0x2c, true, true, false },
        { 0x2d, true, false, false }, { 0x2e, true, false, true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        const unsigned char below[] = { 0x09, 0xff, 0x31, ops[i].op };
        const unsigned char same[] = { 0x31, 0x31, ops[i].op };
        const unsigned char above[] = { 0x31, 0x09, 0xff, ops[i].op };
        uintptr_t value = 0;
        assert_int_equal(evaluate(below, sizeof(below), NULL, &value), IS);
        assert_int_equal(value, ops[i].below);
        assert_int_equal(evaluate(same, sizeof(same), NULL, &value), IS);
        assert_int_equal(value, ops[i].same);
        assert_int_equal(evaluate(above, sizeof(above), NULL, &value), IS);
        assert_int_equal(value, ops[i].above);
    }
}

static void
test_stack(void **state)
{
    static const row_t rows[] = {
        VALUE("\x35\x33\x13", 5),                  /* drop */
        VALUE("\x35\x12\x22", 10),                 /* dup */
        VALUE("\x35\x33\x14\x1c", UINT64_MAX - 1), /* over: 3 - 5 */
        VALUE("\x35\x33\x14\x13\x1c", 2),          /* and the two below it */
        VALUE("\x35\x33\x16\x1c", UINT64_MAX - 1), /* swap */
        VALUE("\x35\x33", 3),
        REFUSED(""),
        REFUSED("\x13"),
        REFUSED("\x12"),
        REFUSED("\x35\x13"),
        REFUSED("\x35\x14"),
        REFUSED("\x35\x16"),
        REFUSED("\x35\x33\x15\x01"), /* pick */
        REFUSED("\x35\x33\x34\x17"), /* rot */
        REFUSED("\x35\x99"),
        /* Sixteen words are the most. */
        VALUE(
            "\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x32",
            2),
        REFUSED("\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31"
                "\x31\x32"),
        REFUSED("\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31\x31"
                "\x31\x12\x13"),
    };
    (void)state;
    EXPECT(rows);
}

static void
test_jumps(void **state)
{
    static const row_t rows[] = {
        VALUE("\x35\x2f\x01\x00\x33\x31\x22", 6), /* over "3" */
        VALUE("\x35\x31\x28\x01\x00\x33\x31\x22", 6),
        VALUE("\x35\x30\x28\x01\x00\x33\x31\x22", 4), /* not taken: 3 + 1 */
        /* Counts 5 down to 0, and what is below it up. */
        VALUE("\x30\x35\x16\x31\x22\x16\x31\x1c\x12\x28\xf6\xff\x13", 5),
        VALUE("\x35\x2f\x00\x00", 5),
        VALUE("\x35\x2f\x01\x00\x33", 5), /* to the end */
        REFUSED("\x35\x2f\x02\x00\x33"),  /* beyond it */
        REFUSED("\x35\x2f\xfb\xff\x33"),  /* before the beginning */
        REFUSED("\x35\x2f\xfd\xff"),      /* for ever */
        REFUSED("\x35\x2f\x01"),
        REFUSED("\x28\x00\x00"),
    };
    (void)state;
    EXPECT(rows);
}

static void
test_memory_and_registers(void **state)
{
    const char sp[] = { (char)BREG_SP, 0, '\0' };
    const char sp_8[] = { (char)BREG_SP, 8, 0x06, '\0' };
    const char below[] = { (char)BREG_SP, 0x78, 0x06, '\0' };
    const char above[] = { (char)BREG_SP, 24, 0x06, '\0' };
    const char last[] = { (char)BREG_SP, 16, 0x06, '\0' };
    const char bregx[] = { (char)0x92, (char)EVPROF_REG_SP, 16, 0x06, '\0' };
    const char fp[] = { (char)BREG_FP, 0, '\0' };
    const char none[] = { (char)0x8e, 0, '\0' };
    const char far[] = { (char)0x92, (char)EVPROF_REG_COUNT, 0, '\0' };
    const char cut[] = { (char)BREG_SP, (char)0x80, '\0' };
    const row_t rows[] = {
        EXPR(sp, IS, (uintptr_t)words),
        EXPR(sp_8, IS, 0x2222),
        EXPR(last, IS, 0x3333),
        EXPR(bregx, IS, 0x3333),
        EXPR(below, FAILS, 0),
        EXPR(above, FAILS, 0),
        EXPR(fp, NEEDS_ALL, 0),
        EXPR(none, EVPROF_REG_COUNT > 30 ? NEEDS_ALL : FAILS, 0),
        EXPR(far, FAILS, 0),
        EXPR(cut, FAILS, 0),
        REFUSED("\x06"),
        REFUSED("\x31\x06"),
    };
    (void)state;
    EXPECT(rows);
}

/* What is on the stack at first, and blocks that do not lie in the data. */
static void
test_first_word_and_length(void **state)
{
    (void)state;
    const uintptr_t first = 40;
    uintptr_t value = 0;
    const unsigned char plus_two[] = { 0x32, 0x22 };
    assert_int_equal(evaluate(plus_two, 0, &first, &value), IS);
    assert_int_equal(value, 40);
    assert_int_equal(evaluate(plus_two, 2, &first, &value), IS);
    assert_int_equal(value, 42);
    static const unsigned char data[] = { 0x02, 0x31, 0x31, 0x80 };
    const evprof_regs_t regs = { .known = 0 };
    for (size_t size = 0; size <= sizeof(data); size++) {
        const evprof_cfi_t cfi = { .data = data, .size = size };
        evprof_cfi_expr_t expr = { .cfi = &cfi, .regs = &regs };
        assert_int_equal(evprof_cfi_evaluate(&expr, &value), size >= 3);
        expr.offset = 3;
        assert_false(evprof_cfi_evaluate(&expr, &value));
    }
}

/* An expression has 128 steps. */
static void
test_steps(void **state)
{
    (void)state;
    for (size_t steps = 126; steps < 130; steps++) {
        unsigned char data[2 + 130] = { 0 };
        const evprof_cfi_t cfi = { .data = data, .size = sizeof(data) };
        const evprof_regs_t regs = { .known = 0 };
        evprof_cfi_expr_t expr = { .cfi = &cfi, .regs = &regs };
        uintptr_t value = 0;
        data[0] = (unsigned char)(steps | 0x80);
        data[1] = (unsigned char)(steps >> 7);
        memset(data + 2, 0x96, steps);
        data[2] = 0x37;
        assert_int_equal(evprof_cfi_evaluate(&expr, &value), steps <= 128);
        assert_true(steps > 128 || value == 7);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constants),
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_stack),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_memory_and_registers),
        cmocka_unit_test(test_first_word_and_length),
        cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests_name("unwind expressions", tests, NULL, NULL);
}
