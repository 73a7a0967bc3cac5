/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call-frame data byte by byte: every kind of pointer, CIE and instruction, and
 * what is refused. Entries are built by hand, so that nothing depends on what
 * compilers happen to write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/unwind/sig_cfi.h"
#include "tests/unit/unwind/section.h"

enum { RA = EVPROF_REG_RA, FP = EVPROF_REG_FP, SP = EVPROF_REG_SP };

/* Reads the last FDE. */
static enum evprof_cfi_entry
read_fde(const section_t *s, evprof_fde_t *fde)
{
    const evprof_cfi_t cfi = section_cfi(s);
    memset(fde, 0, sizeof(*fde));
    return evprof_cfi_entry(&cfi, s->fde, fde);
}

/* ---- CIEs ---- */

/* "zR" with pointers of that encoding, code in units of 1, data of -8. */
static section_t
with_encoding(uint8_t encoding)
{
    section_t s = { .size = 0 };
    section_put_cie(&s, BYTES(1, 'z', 'R', 0, 1, 0x78, RA, 1, encoding));
    return s;
}

static void
test_pointers(void **state)
{
    static const struct {
        uint8_t encoding;
        unsigned char bytes[16];
        size_t size;
        bool is_relative; /* to where it stands */
        uintptr_t start;
        uintptr_t length;
    } cases[] = {
        { 0x00, { 1, 2, 0, 0, 0, 0, 0, 0, 3 }, 16, false, 0x201, 3 },
        { 0x01, { 0x80, 0x02, 3 }, 3, false, 256, 3 },
        { 0x02, { 0xfe, 0xff, 3 }, 4, false, 0xfffe, 3 },
        { 0x03, { 0xfe, 0xff, 0xff, 0xff, 3 }, 8, false, 0xfffffffe, 3 },
        { 0x04,
          { 1, 2, 3, 4, 5, 0, 0, 0, 3 },
          16,
          false,
          UINT64_C(0x504030201),
          3 },
        { 0x0c,
          { 1, 2, 3, 4, 5, 0, 0, 0, 3 },
          16,
          false,
          UINT64_C(0x504030201),
          3 },
        { 0x19, { 0x70, 3 }, 2, true, (uintptr_t)-16, 3 },
        { 0x1a, { 0xf0, 0xff, 3 }, 4, true, (uintptr_t)-16, 3 },
        { 0x1b, { 0xf0, 0xff, 0xff, 0xff, 3 }, 8, true, (uintptr_t)-16, 3 },
        { 0x12, { 0x10, 0, 3 }, 4, true, 16, 3 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        section_t s = with_encoding(cases[i].encoding);
        evprof_fde_t fde;
        const size_t place = s.size + 8;
        section_put_fde(&s, cases[i].bytes, cases[i].size);
        section_put(&s, BYTES(0)); /* no more augmentation */
        s.data[s.fde] = (unsigned char)(s.data[s.fde] + 1);
        assert_int_equal(read_fde(&s, &fde), EVPROF_CFI_FDE);
        assert_int_equal(fde.start,
                         cases[i].start +
                             (cases[i].is_relative ? 0x10000 + place : 0));
        assert_int_equal(fde.limit, fde.start + cases[i].length);
        assert_int_equal(fde.next, s.size);
        assert_int_equal(fde.code, s.size);
        assert_int_equal(fde.code_end, s.size);
        /* What is cut is refused. */
        for (size_t cut = 1; cut <= cases[i].size; cut++) {
            s.data[s.fde]--;
            assert_int_equal(read_fde(&s, &fde), EVPROF_CFI_BAD);
        }
    }
    /* Relative to text, data, a function; aligned; through a pointer. */
    static const uint8_t refused[] = { 0x2b, 0x3b, 0x4b, 0x50,
                                       0x9b, 0x05, 0x0d, 0x0f };
    for (size_t i = 0; i < sizeof(refused); i++) {
        section_t s = with_encoding(refused[i]);
        evprof_fde_t fde;
        section_put_fde(
            &s, BYTES(1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
        assert_int_equal(read_fde(&s, &fde), EVPROF_CFI_BAD);
    }
}

/* The code must not wrap around the end of memory. */
static void
test_range(void **state)
{
    (void)state;
    section_t s = with_encoding(0x00);
    evprof_fde_t fde;
    section_put_fde(&s, BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
                              0, 0, 0, 0, 0, 0, 0, 0));
    assert_int_equal(read_fde(&s, &fde), EVPROF_CFI_BAD);
    s = with_encoding(0x00);
    section_put_fde(&s,
                    BYTES(0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    assert_int_equal(read_fde(&s, &fde), EVPROF_CFI_FDE);
    assert_int_equal(fde.limit, fde.start);
}

static void
test_cies(void **state)
{
    static const struct {
        unsigned char bytes[32];
        size_t size;
        bool is_good;
        bool is_signal;
        uint64_t ra;
    } cases[] = {
        { { 1, 0, 1, 0x78, 16 }, 5, true, false, 16 },
        { { 3, 0, 1, 0x78, 0x90, 1 }, 6, true, false, 144 },
        { { 4, 0, 8, 0, 1, 0x78, 16 }, 7, true, false, 16 },
        { { 4, 0, 4, 0, 1, 0x78, 16 }, 7, false, false, 0 }, /* 32 bits */
        { { 4, 0, 8, 1, 1, 0x78, 16 }, 7, false, false, 0 }, /* segments */
        { { 2, 0, 1, 0x78, 16 }, 5, false, false, 0 },
        { { 5, 0, 1, 0x78, 16 }, 5, false, false, 0 },
        { { 1, 'z', 'R', 'S', 0, 1, 0x78, 16, 1, 0 }, 10, true, true, 16 },
        { { 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0 }, 9, true, false, 16 },
        { { 1, 'z', 'L', 'R', 0, 1, 0x78, 16, 2, 0x1b, 0 },
          11,
          true,
          false,
          16 },
        { { 1, 'z', 'P', 'R', 0, 1, 0x78, 16, 6, 0x03, 9, 9, 9, 9, 0 },
          15,
          true,
          false,
          16 },
        { { 1, 'z', 'P', 'R', 0, 1, 0x78, 16, 2, 0xff, 0 },
          11,
          true,
          false,
          16 },
        { { 1, 'z', 'R', 'B', 'S', 0, 1, 0x78, 16, 1, 0 }, 11, true, true, 16 },
        { { 1, 'z', 'R', 'G', 'S', 0, 1, 0x78, 16, 1, 0 }, 11, true, true, 16 },
        /* What comes behind an unknown letter is skipped. */
        { { 1, 'z', 'R', '?', 'S', 0, 1, 0x78, 16, 4, 0, 9, 9, 9 },
          14,
          true,
          false,
          16 },
        { { 1, 'z', 'R', 0, 1, 0x78, 16, 9, 0 }, 9, false, false, 0 },
        { { 1, 'e', 'h', 0, 1, 0x78, 16 }, 7, false, false, 0 },
        { { 1, 'z', 'R' }, 3, false, false, 0 },
        { { 1, 0, 1, 0x78 }, 4, false, false, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        section_t s = { .size = 0 };
        evprof_fde_t fde;
        section_put_cie(&s, cases[i].bytes, cases[i].size);
        section_put_fde(
            &s, BYTES(0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0));
        const enum evprof_cfi_entry kind = read_fde(&s, &fde);
        if (kind != (cases[i].is_good ? EVPROF_CFI_FDE : EVPROF_CFI_BAD)) {
            fail_msg("row %zu: %d", i, (int)kind);
        }
        if (!cases[i].is_good) {
            continue;
        }
        assert_int_equal(fde.start, 0x100);
        assert_int_equal(fde.limit, 0x102);
        assert_int_equal(fde.ra_reg, cases[i].ra);
        assert_int_equal(fde.is_signal, cases[i].is_signal);
        assert_int_equal(fde.code_align, 1);
        assert_int_equal(fde.data_align, -8);
        assert_false(fde.is_usual);
    }
}

/* Both sections, in 32-bit and 64-bit DWARF; then what is no entry. */
static void
test_entries(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        section_t s = { .is_debug = (i & 1) != 0, .is_wide = (i & 2) != 0 };
        section_put_cie(&s, BYTES(1, 0, 1, 0x78, 16));
        const size_t cie_end = s.size;
        section_put_fde(&s,
                        BYTES(0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0));
        const evprof_cfi_t cfi = section_cfi(&s);
        evprof_fde_t fde = { 0 };
        assert_int_equal(evprof_cfi_entry(&cfi, 0, &fde), EVPROF_CFI_CIE);
        assert_int_equal(fde.next, cie_end);
        assert_int_equal(evprof_cfi_entry(&cfi, cie_end, &fde), EVPROF_CFI_FDE);
        assert_int_equal(fde.start, 0x100);
        assert_int_equal(fde.cie, 0);
        assert_int_equal(fde.next, s.size);
        assert_int_equal(evprof_cfi_entry(&cfi, s.size, &fde), EVPROF_CFI_END);
        assert_int_equal(evprof_cfi_entry(&cfi, s.size + 9, &fde),
                         EVPROF_CFI_END);
        /* An entry that is longer than the data. */
        const evprof_cfi_t cut = { .data = s.data,
                                   .size = s.size - 1,
                                   .is_debug_frame = s.is_debug };
        assert_int_equal(evprof_cfi_entry(&cut, cie_end, &fde), EVPROF_CFI_BAD);
    }
    static const unsigned char end[4] = { 0 };
    evprof_fde_t fde = { 0 };
    for (size_t size = 0; size <= 4; size++) {
        const evprof_cfi_t cfi = { .data = end, .size = size };
        assert_int_equal(evprof_cfi_entry(&cfi, 0, &fde),
                         size % 4 == 0 ? EVPROF_CFI_END : EVPROF_CFI_BAD);
    }
}

/* A pointer to a CIE that leads elsewhere. */
static void
test_wrong_cie(void **state)
{
    (void)state;
    static const uint8_t pointers[] = { 0, 1, 12, 0x80 };
    for (size_t i = 0; i < sizeof(pointers); i++) {
        section_t s = { .is_debug = true };
        evprof_fde_t fde;
        section_put_cie(&s, BYTES(1, 0, 1, 0x78, 16, 0, 0, 0));
        section_put_fde(&s,
                        BYTES(0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0));
        s.data[s.fde + 4] = pointers[i];
        assert_int_equal(read_fde(&s, &fde),
                         i == 0 ? EVPROF_CFI_FDE : EVPROF_CFI_BAD);
    }
}

/* ---- Instructions ---- */

/* An FDE of [0x100, 0x200) with these instructions. The CIE has code in units
 * of 2, data of -8; at first CFA = rsp + 8, the return address just below and
 * rbx (3) two words below it. */
static section_t
with_code(const unsigned char *code, size_t size)
{
    section_t s = { .size = 0 };
    unsigned char bytes[64] = { 0, 1, 0, 0, 0, 0, 0, 0, 0, 1 };
    section_put_cie(
        &s, BYTES(1, 0, 2, 0x78, RA, 0x0c, SP, 8, 0x80 | RA, 1, 0x83, 2));
    memcpy(bytes + 16, code, size);
    section_put_fde(&s, bytes, 16 + size);
    return s;
}

/* The row of a function's first byte after some instructions; false: they are
 * refused. */
static bool
first_row(const unsigned char *code, size_t size, evprof_cfi_run_t *run)
{
    static section_t s; /* the row has offsets into it */
    static evprof_fde_t fde;
    s = with_code(code, size);
    const evprof_cfi_t cfi = section_cfi(&s);
    assert_int_equal(read_fde(&s, &fde), EVPROF_CFI_FDE);
    if (!evprof_cfi_row_at(run, &cfi, &fde, 0x100)) {
        return false;
    }
    if (run->row.cfa_is_expr) {
        run->row.cfa_value -= (int32_t)fde.code;
    }
    for (unsigned i = 0; i < EVPROF_RULE_COUNT; i++) {
        bool is_expr = run->row.how[i] == EVPROF_HOW_EXPR ||
                       run->row.how[i] == EVPROF_HOW_VAL_EXPR;
        run->row.value[i] -= is_expr ? (int32_t)fde.code : 0;
    }
    return true;
}

static void
test_rules(void **state)
{
    static const struct {
        unsigned char code[8];
        size_t size;
        unsigned reg;
        enum evprof_how how;
        int32_t value;
    } cases[] = {
        { { 0x00 }, 1, 3, EVPROF_HOW_OFFSET, -16 },
        { { 0x00 }, 1, RA, EVPROF_HOW_OFFSET, -8 },
        { { 0x00 }, 1, FP, EVPROF_HOW_SAME, 0 },
        { { 0x2d }, 1, FP, EVPROF_HOW_SAME, 0 },
        { { 0x86, 3 }, 2, FP, EVPROF_HOW_OFFSET, -24 },
        { { 0x05, FP, 3 }, 3, FP, EVPROF_HOW_OFFSET, -24 },
        { { 0x11, FP, 0x7d }, 3, FP, EVPROF_HOW_OFFSET, 24 },
        { { 0x2f, FP, 3 }, 3, FP, EVPROF_HOW_OFFSET, 24 },
        { { 0x14, FP, 3 }, 3, FP, EVPROF_HOW_VAL_OFFSET, -24 },
        { { 0x15, FP, 0x7d }, 3, FP, EVPROF_HOW_VAL_OFFSET, 24 },
        { { 0x09, FP, 12 }, 3, FP, EVPROF_HOW_REGISTER, 12 },
        { { 0x10, FP, 2, 0x30, 0x30 }, 5, FP, EVPROF_HOW_EXPR, 2 },
        { { 0x16, FP, 2, 0x30, 0x30 }, 5, FP, EVPROF_HOW_VAL_EXPR, 2 },
        { { 0x07, 3 }, 2, 3, EVPROF_HOW_UNDEFINED, 0 },
        { { 0x08, 3 }, 2, 3, EVPROF_HOW_SAME, 0 },
        { { 0x83, 5, 0xc3 }, 3, 3, EVPROF_HOW_OFFSET, -16 },
        { { 0x83, 5, 0x06, 3 }, 4, 3, EVPROF_HOW_OFFSET, -16 },
        { { 0x86, 5, 0xc6 }, 3, FP, EVPROF_HOW_SAME, 0 },
        /* What is remembered comes back. */
        { { 0x0a, 0x83, 5, 0x0b }, 4, 3, EVPROF_HOW_OFFSET, -16 },
        { { 0x83, 5, 0x0a, 0x83, 6, 0x0b }, 6, 3, EVPROF_HOW_OFFSET, -40 },
        /* Registers that are not followed, beside one that is. */
        { { 0xa0, 5, 0x83, 4 }, 4, 3, EVPROF_HOW_OFFSET, -32 },
        { { 0xe0, 0x83, 4 }, 3, 3, EVPROF_HOW_OFFSET, -32 },
        { { 0x2e, 16, 0x83, 4 }, 4, 3, EVPROF_HOW_OFFSET, -32 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evprof_cfi_run_t run;
        assert_true(first_row(cases[i].code, cases[i].size, &run));
        const int index = evprof_cfi_index(cases[i].reg);
        if (run.row.how[index] != cases[i].how ||
            run.row.value[index] != cases[i].value) {
            fail_msg("row %zu: how %d, %d", i, run.row.how[index],
                     run.row.value[index]);
        }
        assert_int_equal(run.row.cfa_reg, SP);
        assert_int_equal(run.row.cfa_value, 8);
        assert_false(run.row.cfa_is_expr);
    }
}

static void
test_cfa(void **state)
{
    static const struct {
        unsigned char code[8];
        size_t size;
        bool is_expr;
        unsigned reg;
        int32_t value;
    } cases[] = {
        { { 0x0c, FP, 16 }, 3, false, FP, 16 },
        { { 0x12, FP, 0x7e }, 3, false, FP, 16 },
        { { 0x0d, FP }, 2, false, FP, 8 },
        { { 0x0e, 0x80, 0x01 }, 3, false, SP, 128 },
        { { 0x13, 0x7c }, 2, false, SP, 32 },
        { { 0x0f, 1, 0x30 }, 3, true, SP, 1 },
        { { 0x0f, 1, 0x30, 0x0c, FP, 16 }, 6, false, FP, 16 },
        { { 0x0c, 63, 16 }, 3, false, UINT8_MAX, 16 },
        { { 0x0a, 0x0c, FP, 16, 0x0b }, 5, false, SP, 8 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evprof_cfi_run_t run;
        assert_true(first_row(cases[i].code, cases[i].size, &run));
        assert_int_equal(run.row.cfa_is_expr, cases[i].is_expr);
        assert_int_equal(run.row.cfa_value, cases[i].value);
        assert_true(cases[i].is_expr || run.row.cfa_reg == cases[i].reg);
    }
}

static void
test_refused_instructions(void **state)
{
    static const struct {
        unsigned char code[20];
        size_t size;
        bool is_good;
    } cases[] = {
        { { 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a }, 8, true },
        { { 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a }, 9, false },
        { { 0x0a, 0x0b, 0x0a, 0x0b }, 4, true },
        { { 0x0a, 0x0b, 0x0b }, 3, false },
        { { 0x0b }, 1, false },
        { { 0x01, 1, 1, 1, 1, 1, 1, 1, 1 }, 9, false }, /* set_loc */
        { { 0x17, 1 }, 2, false },
        { { 0x3f, 1 }, 2, false },
        { { 0x86 }, 1, false },
        { { 0x86, 0x80 }, 2, false },
        { { 0x0c, FP }, 2, false },
        { { 0x0f, 2, 0x30 }, 3, false },
        { { 0x10, FP, 9, 0x30 }, 4, false },
        { { 0x03, 1 }, 2, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        evprof_cfi_run_t run;
        assert_int_equal(first_row(cases[i].code, cases[i].size, &run),
                         cases[i].is_good);
    }
}

/* Where rows begin and end: offsets count in the CIE's units, empty rows are
 * left out, and the last one ends with the function. */
static void
test_advance(void **state)
{
    static const unsigned char code[] = {
        0x0e, 16,                             /* at once */
        0x41, 0x0e, 24,                       /* 2 */
        0x02, 3,    0x0e, 32,                 /* 8 */
        0x40, 0x0e, 40,                       /* 8, too */
        0x03, 0,    0,    0x0e, 48,           /* and once more */
        0x03, 4,    0,    0x0e, 56,           /* 0x10 */
        0x04, 8,    0,    0,    0,  0x0e, 64, /* 0x20 */
        0x04, 0,    1,    0,    0,  0x0e, 72, /* beyond the end */
    };
    static const struct {
        uintptr_t start;
        uintptr_t limit;
        int32_t value;
    } rows[] = { { 0x100, 0x102, 16 },
                 { 0x102, 0x108, 24 },
                 { 0x108, 0x110, 48 },
                 { 0x110, 0x120, 56 },
                 { 0x120, 0x200, 64 } };
    (void)state;
    section_t s = with_code(code, sizeof(code));
    const evprof_cfi_t cfi = section_cfi(&s);
    evprof_fde_t fde;
    evprof_cfi_run_t run;
    assert_int_equal(read_fde(&s, &fde), EVPROF_CFI_FDE);
    assert_true(evprof_cfi_begin(&run, &cfi, &fde));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(evprof_cfi_next(&run));
        assert_int_equal(run.row.start, rows[i].start);
        assert_int_equal(run.row.limit, rows[i].limit);
        assert_int_equal(run.row.cfa_value, rows[i].value);
    }
    assert_false(evprof_cfi_next(&run));
    assert_false(evprof_cfi_next(&run));
    for (uintptr_t pc = 0x100; pc < 0x200; pc++) {
        size_t i = 0;
        while (pc >= rows[i].limit) {
            i++;
        }
        assert_true(evprof_cfi_row_at(&run, &cfi, &fde, pc));
        assert_int_equal(run.row.start, rows[i].start);
        assert_int_equal(run.row.limit, rows[i].limit);
        assert_int_equal(run.row.cfa_value, rows[i].value);
    }
    assert_false(evprof_cfi_row_at(&run, &cfi, &fde, 0xff));
    assert_false(evprof_cfi_row_at(&run, &cfi, &fde, 0x200));
}

/* A CIE may not advance, nor hold what cannot be followed. */
static void
test_initial_instructions(void **state)
{
    static const struct {
        uint8_t op;
        bool is_good;
    } cases[] = { { 0x00, true }, { 0x41, false }, { 0x17, false } };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        section_t s = { .size = 0 };
        evprof_fde_t fde;
        evprof_cfi_run_t run;
        section_put_cie(&s, BYTES(1, 0, 1, 0x78, RA, 0x0c, SP, 8, cases[i].op));
        section_put_fde(&s,
                        BYTES(0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0));
        const evprof_cfi_t cfi = section_cfi(&s);
        assert_int_equal(read_fde(&s, &fde), EVPROF_CFI_FDE);
        assert_int_equal(evprof_cfi_begin(&run, &cfi, &fde), cases[i].is_good);
        assert_int_equal(evprof_cfi_row_at(&run, &cfi, &fde, 0x100),
                         cases[i].is_good);
    }
}

/* ---- The linker's search table ---- */

static void
test_search_headers(void **state)
{
    static const struct {
        unsigned char bytes[32];
        size_t size;
        bool is_good;
    } cases[] = {
        { { 1, 0x1b, 0x03, 0x3b, 0, 0, 0, 0, 1, 0, 0, 0 }, 20, true },
        { { 1, 0x1b, 0x03, 0x3b, 0, 0, 0, 0, 1, 0, 0, 0 }, 19, false },
        { { 1, 0x1b, 0x03, 0x3b, 0, 0, 0, 0, 2, 0, 0, 0 }, 20, false },
        { { 1, 0x1b, 0x03, 0x3b, 0, 0, 0, 0, 0, 0, 0, 0 }, 20, false },
        { { 2, 0x1b, 0x03, 0x3b, 0, 0, 0, 0, 1, 0, 0, 0 }, 20, false },
        { { 1, 0x1b, 0xff, 0x3b, 0, 0, 0, 0, 1, 0, 0, 0 }, 20, false },
        { { 1, 0x1b, 0x03, 0x1b, 0, 0, 0, 0, 1, 0, 0, 0 }, 20, false },
        { { 1, 0x02, 0x02, 0x3b, 0, 0, 1, 0 }, 16, true },
        { { 1, 0x1f, 0x03, 0x3b, 0, 0, 0, 0, 1, 0, 0, 0 }, 20, false },
        { { 1, 0x1b, 0x03 }, 3, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const evprof_cfi_t cfi = { .data = cases[i].bytes,
                                   .size = cases[i].size };
        evprof_cfi_search_t search = { 0 };
        assert_int_equal(evprof_cfi_search_open(&cfi, 0, &search),
                         cases[i].is_good);
        if (cases[i].is_good) {
            assert_int_equal(search.count, 1);
            assert_int_equal(search.first, cases[i].size - 8);
        }
    }
}

/* Any number of rows: the highest start that is not above the pc. */
static void
test_search(void **state)
{
    enum { ROWS = 9, HDR = 4 };
    (void)state;
    int32_t words[1 + 2 * ROWS] = { 0 };
    for (int32_t i = 0; i < ROWS; i++) {
        words[1 + 2 * i] = 10 * (i + 1);
        words[2 + 2 * i] = i == ROWS - 1 ? 1000 : i;
    }
    const evprof_cfi_t cfi = { .data = (const unsigned char *)words,
                               .size = sizeof(words),
                               .address = 0x1000 };
    for (size_t count = 0; count <= ROWS; count++) {
        const evprof_cfi_search_t search = { .hdr = HDR,
                                             .first = HDR,
                                             .count = count };
        for (size_t distance = 0; distance < 10 * (ROWS + 2); distance++) {
            size_t row = distance / 10;
            row = row < count ? row : count;
            size_t offset = 0;
            /* The last row leads out of the data. */
            const bool is_found = row > 0 && row < ROWS;
            assert_int_equal(evprof_cfi_search(&cfi, &search,
                                               0x1000 + HDR + distance,
                                               &offset),
                             is_found);
            assert_true(!is_found || offset == HDR + row - 1);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_cies),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_wrong_cie),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_cfa),
        cmocka_unit_test(test_refused_instructions),
        cmocka_unit_test(test_advance),
        cmocka_unit_test(test_initial_instructions),
        cmocka_unit_test(test_search_headers),
        cmocka_unit_test(test_search),
    };
    return cmocka_run_group_tests_name("unwind cfi", tests, NULL, NULL);
}
