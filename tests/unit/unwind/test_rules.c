/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a frame to its caller by call-frame data that are built by hand: what
 * each rule does to the registers, and what ends the walk or breaks it. And out
 * of the kernel's frame of a signal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <ucontext.h>

#include "core/unwind/sig_step.h"
#include "core/unwind/sig_table.h"
#include "tests/unit/unwind/section.h"

enum { RBX = 3, R12 = 12, WORDS = 8, AT = 2 };
enum { RA = EVPROF_REG_RA, FP = EVPROF_REG_FP, SP = EVPROF_REG_SP };

#define BIT(reg) (UINT64_C(1) << (reg))
#define WORD(i) (UINT64_C(0x1000) + (uint64_t)(i))

/* The stack pointer is at stack[AT]. */
static uintptr_t stack[WORDS];

/* An FDE of [0x100, 0x200) with these instructions. At first CFA = rsp + 8, and
 * the return address is just below it. */
static section_t
with_code(const unsigned char *code, size_t size, uint8_t ra)
{
    section_t s = { .size = 0 };
    unsigned char bytes[64] = { 0, 1, 0, 0, 0, 0, 0, 0, 0, 1 };
    section_put_cie(
        &s, BYTES(1, 0, 1, 0x78, ra, 0x0c, SP, 8, (uint8_t)(0x80 | ra), 1));
    memcpy(bytes + 16, code, size);
    section_put_fde(&s, bytes, 16 + size);
    return s;
}

/* rbx is 0xb, r12 is unknown. */
static evprof_stepper_t
make_stepper(void)
{
    evprof_stepper_t out = {
        .window = { .low = (uintptr_t)stack,
                    .high = (uintptr_t)(stack + WORDS),
                    .limit = (uintptr_t)(stack + WORDS) },
        .is_exact = true,
        .wants_all = true,
    };
    for (size_t i = 0; i < WORDS; i++) {
        stack[i] = WORD(i);
    }
    out.regs.pc = 0x100;
    out.regs.r[SP] = (uintptr_t)(stack + AT);
    out.regs.r[FP] = (uintptr_t)(stack + AT + 3);
    out.regs.r[RBX] = 0xb;
    out.regs.known = BIT(SP) | BIT(FP) | BIT(RBX);
    return out;
}

static enum evprof_step
step_by(const section_t *s, evprof_stepper_t *stepper, uintptr_t bias)
{
    const evprof_step_source_t source = { .cfi = section_cfi(s), .bias = bias };
    evprof_fde_t fde = { 0 };
    assert_int_equal(evprof_cfi_entry(&source.cfi, s->fde, &fde),
                     EVPROF_CFI_FDE);
    return evprof_step_by_fde(stepper, &source, &fde);
}

/* ---- One register ---- */

typedef struct rule_case {
    unsigned char code[16];
    size_t size;
    bool is_known; /* rbx, at the caller */
    uint64_t value;
} rule_case_t;

static void
test_rules(void **state)
{
    const uint64_t cfa = (uintptr_t)(stack + AT + 2);
    const rule_case_t cases[] = {
        { { 0x00 }, 1, true, 0xb },
        { { 0x08, RBX }, 2, true, 0xb },
        { { 0x07, RBX }, 2, false, 0 },
        { { 0x83, 2 }, 2, true, WORD(AT) },
        { { 0x83, 1 }, 2, true, WORD(AT + 1) },
        /* Its slot is below the stack pointer: it was popped already. */
        { { 0x83, 3 }, 2, true, 0xb },
        { { 0x83, 4 }, 2, true, 0xb },
        /* A slot above the stack. */
        { { 0x11, RBX, 0x78 }, 3, false, 0 },
        { { 0x14, RBX, 3 }, 3, true, cfa - 24 },
        { { 0x15, RBX, 0x7f }, 3, true, cfa + 8 },
        { { 0x09, RBX, FP }, 3, true, (uintptr_t)(stack + AT + 3) },
        { { 0x09, RBX, R12 }, 3, false, 0 },
        { { 0x09, RBX, EVPROF_REG_COUNT }, 3, false, 0 },
        { { 0x09, RBX, 0xff, 0xff, 0xff, 0xff, 0x0f }, 7, false, 0 },
        /* The expression begins with the CFA: minus 8. */
        { { 0x10, RBX, 2, 0x38, 0x1c }, 5, true, WORD(AT + 1) },
        { { 0x16, RBX, 2, 0x38, 0x1c }, 5, true, cfa - 8 },
        { { 0x16, RBX, 2, 0x70 + R12, 0 }, 5, false, 0 },
        { { 0x10, RBX, 1, 0x99 }, 4, false, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned char code[24] = { 0x0e, 16 };
        memcpy(code + 2, cases[i].code, cases[i].size);
        section_t s = with_code(code, cases[i].size + 2, RA);
        evprof_stepper_t stepper = make_stepper();
        assert_int_equal(step_by(&s, &stepper, 0), EVPROF_STEP_OK);
        assert_int_equal(stepper.regs.pc, WORD(AT + 1));
        assert_int_equal(stepper.regs.r[SP], cfa);
        assert_false(stepper.is_exact);
        const bool is_known = (stepper.regs.known & BIT(RBX)) != 0;
        if (is_known != cases[i].is_known ||
            (is_known && stepper.regs.r[RBX] != cases[i].value)) {
            fail_msg("row %zu: known %d, %#lx", i, is_known,
                     (unsigned long)stepper.regs.r[RBX]);
        }
        assert_int_equal(stepper.regs.known & BIT(R12), 0);
        assert_int_equal(stepper.regs.r[FP], (uintptr_t)(stack + AT + 3));
    }
}

/* ---- The frame ---- */

static void
test_frames(void **state)
{
    static const struct {
        unsigned char code[16];
        size_t size;
        enum evprof_step step;
        long sp; /* of the caller, as a place in the stack */
    } cases[] = {
        { { 0x00 }, 1, EVPROF_STEP_OK, AT + 1 },
        { { 0x0c, FP, 8 }, 3, EVPROF_STEP_OK, AT + 4 },
        { { 0x0c, R12, 8 }, 3, EVPROF_STEP_NEEDS_ALL, 0 },
        { { 0x0c, 40, 8 }, 3, EVPROF_STEP_UNKNOWN, 0 },
        { { 0x0f, 3, 0x70 + SP, 24, 0x96 }, 5, EVPROF_STEP_OK, AT + 3 },
        { { 0x0f, 2, 0x70 + R12, 0 }, 4, EVPROF_STEP_NEEDS_ALL, 0 },
        { { 0x0f, 1, 0x99 }, 3, EVPROF_STEP_UNKNOWN, 0 },
        { { 0x0f, 3, 0x70 + SP, 0x80, 0x06 }, 5, EVPROF_STEP_UNKNOWN, 0 },
        /* Where there is no return address, the stack begins. */
        { { 0x07, RA }, 2, EVPROF_STEP_END, 0 },
        { { 0x07, RA, 0x0c, R12, 8 }, 5, EVPROF_STEP_END, 0 },
        /* Of a register that is known, or not. */
        { { 0x09, RA, RBX }, 3, EVPROF_STEP_OK, AT + 1 },
        { { 0x09, RA, R12 }, 3, EVPROF_STEP_UNKNOWN, 0 },
        /* A frame that ends where it begins, or below, or above the stack. */
        { { 0x0e, 0, 0x11, RA, 0 }, 5, EVPROF_STEP_OK, AT },
        { { 0x13, 1, 0x11, RA, 0x7f }, 5, EVPROF_STEP_UNKNOWN, 0 },
        { { 0x0e, 64 }, 2, EVPROF_STEP_UNKNOWN, 0 },
        { { 0x0e, 48 }, 2, EVPROF_STEP_OK, AT + 6 },
        { { 0x17, 0 }, 2, EVPROF_STEP_UNKNOWN, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        section_t s = with_code(cases[i].code, cases[i].size, RA);
        evprof_stepper_t stepper = make_stepper();
        const evprof_regs_t before = stepper.regs;
        const enum evprof_step step = step_by(&s, &stepper, 0);
        if (step != cases[i].step) {
            fail_msg("row %zu: %d", i, (int)step);
        }
        if (step == EVPROF_STEP_OK) {
            assert_int_equal(stepper.regs.r[SP],
                             (uintptr_t)(stack + cases[i].sp));
        } else {
            assert_memory_equal(&stepper.regs, &before, sizeof(before));
        }
    }
}

/* Only the frame that was interrupted may be empty. */
static void
test_empty_frame(void **state)
{
    static const unsigned char code[] = { 0x0e, 0, 0x11, RA, 0 };
    (void)state;
    section_t s = with_code(code, sizeof(code), RA);
    evprof_stepper_t stepper = make_stepper();
    stepper.is_exact = false;
    stepper.regs.pc = 0x101;
    assert_int_equal(step_by(&s, &stepper, 0), EVPROF_STEP_UNKNOWN);
}

static void
test_return_addresses(void **state)
{
    (void)state;
    section_t s = with_code(BYTES(0x00), RA);
    evprof_stepper_t stepper = make_stepper();
    stack[AT] = 0;
    assert_int_equal(step_by(&s, &stepper, 0), EVPROF_STEP_END);
    assert_int_equal(stepper.regs.pc, 0);
    /* A column that is not followed. */
    s = with_code(BYTES(0x00), 40);
    stepper = make_stepper();
    assert_int_equal(step_by(&s, &stepper, 0), EVPROF_STEP_UNKNOWN);
}

/* A return address is looked up by the byte before it; an interrupted pc by
 * itself. The code may be elsewhere than its description says. */
static void
test_places(void **state)
{
    static const unsigned char code[] = { 0x42, 0x0e, 24 };
    static const struct {
        uintptr_t pc;
        uintptr_t bias;
        bool is_exact;
        long sp; /* -1: the description has no such place */
    } cases[] = {
        { 0x100, 0, true, AT + 1 },       { 0x102, 0, true, AT + 3 },
        { 0x102, 0, false, AT + 1 },      { 0x103, 0, false, AT + 3 },
        { 0x100, 0, false, -1 },          { 0x1ff, 0, true, AT + 3 },
        { 0x200, 0, true, -1 },           { 0x200, 0, false, AT + 3 },
        { 0x5102, 0x5000, true, AT + 3 }, { 0x5101, 0x5000, true, AT + 1 },
        { 0x102, 0x5000, true, -1 },
    };
    (void)state;
    section_t s = with_code(code, sizeof(code), RA);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int wants_all = 0; wants_all < 2; wants_all++) {
            evprof_stepper_t stepper = make_stepper();
            stepper.regs.pc = cases[i].pc;
            stepper.is_exact = cases[i].is_exact;
            stepper.wants_all = wants_all;
            assert_int_equal(step_by(&s, &stepper, cases[i].bias),
                             cases[i].sp < 0 ? EVPROF_STEP_UNKNOWN
                                             : EVPROF_STEP_OK);
            assert_true(cases[i].sp < 0 ||
                        stepper.regs.r[SP] == (uintptr_t)(stack + cases[i].sp));
        }
    }
}

/* Who does not want all registers gets those that rules use: by the rule's own
 * code where the row has one, else as above. */
static void
test_wanted_registers(void **state)
{
    static const struct {
        unsigned char code[8];
        size_t size;
        bool is_simple;
    } cases[] = {
        { { 0x0e, 16 }, 2, true },
        { { 0x0e, 32, 0x86, 2 }, 4, true },
        { { 0x0e, 24, 0x86, 1, 0x90, 2 }, 6, false },
        { { 0x0f, 2, 0x70 + SP, 16 }, 4, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        section_t s = with_code(cases[i].code, cases[i].size, RA);
        evprof_stepper_t all = make_stepper();
        evprof_stepper_t few = make_stepper();
        few.wants_all = false;
        assert_int_equal(step_by(&s, &all, 0), EVPROF_STEP_OK);
        assert_int_equal(step_by(&s, &few, 0), EVPROF_STEP_OK);
        assert_int_equal(few.regs.pc, all.regs.pc);
        assert_int_equal(few.regs.r[SP], all.regs.r[SP]);
        assert_int_equal(few.regs.r[FP], all.regs.r[FP]);
        assert_true((all.regs.known & BIT(RBX)) != 0);
        assert_int_equal((few.regs.known & BIT(RBX)) == 0, cases[i].is_simple);
        assert_int_equal((few.code & EVPROF_CODE_RULE) == 0,
                         cases[i].is_simple);
    }
    /* A return address of zero ends the stack this way, too. */
    section_t s = with_code(BYTES(0x00), RA);
    evprof_stepper_t stepper = make_stepper();
    stepper.wants_all = false;
    stack[AT] = 0;
    assert_int_equal(step_by(&s, &stepper, 0), EVPROF_STEP_END);
}

/* A frame pointer that is not known is not the caller's either. */
static void
test_unknown_frame_pointer(void **state)
{
    (void)state;
    section_t s = with_code(BYTES(0x0e, 16), RA);
    for (int wants_all = 0; wants_all < 2; wants_all++) {
        evprof_stepper_t stepper = make_stepper();
        stepper.wants_all = wants_all;
        stepper.regs.known = BIT(SP);
        assert_int_equal(step_by(&s, &stepper, 0), EVPROF_STEP_OK);
        assert_int_equal(stepper.regs.pc, WORD(AT + 1));
        assert_int_equal(stepper.regs.known & BIT(FP), 0);
    }
}

/* ---- A copy with a search table of its own ---- */

static void
test_copied_tables(void **state)
{
    enum { BIAS = 0x7000 };
    (void)state;
    section_t s = { .size = 0 };
    uint32_t pairs[6];
    section_put_cie(&s, BYTES(1, 0, 1, 0x78, RA, 0x0c, SP, 8, 0x90, 1));
    for (uint8_t i = 0; i < 3; i++) {
        pairs[2 * i] = 0x10u * i;
        pairs[2 * i + 1] = (uint32_t)s.size;
        /* [0x100, 0x108), [0x110, 0x118), [0x120, 0x128) */
        section_put_fde(&s, BYTES((uint8_t)(0x10 * i), 1, 0, 0, 0, 0, 0, 0, 8,
                                  0, 0, 0, 0, 0, 0, 0));
    }
    const evprof_table_copy_t copy = { .cfi = section_cfi(&s),
                                       .searched = pairs,
                                       .searched_count = 3,
                                       .base = 0x100,
                                       .bias = BIAS };
    const evprof_table_t table = { .copy = &copy };
    const evprof_segment_t segment = { .table = &table };
    for (uintptr_t pc = 0x100; pc < 0x140; pc++) {
        evprof_step_source_t source;
        evprof_fde_t fde = { 0 };
        const uintptr_t start = pc & ~UINT64_C(15);
        const bool is_described = pc - start < 8 && start <= 0x120;
        assert_true(evprof_step_open(&segment, pc + BIAS, NULL, &source));
        assert_int_equal(evprof_step_find(&source, pc + BIAS, &fde),
                         is_described);
        assert_true(!is_described || fde.start == start);
        assert_int_equal(evprof_step_is_described(&segment, pc + BIAS),
                         is_described);
    }
    /* Nothing before the first, and nothing at all. */
    const evprof_table_copy_t none = { .cfi = section_cfi(&s),
                                       .searched = pairs + 2,
                                       .searched_count = 0,
                                       .base = 0x100 };
    const evprof_table_t empty = { .copy = &none };
    const evprof_segment_t bare = { .table = &empty };
    assert_false(evprof_step_is_described(&bare, 0x110));
    /* An object that has one of the two parts, or none. */
    static const evprof_segment_t without[] = {
        { .eh_low = 0 },
        { .eh_low = 0x1000, .eh_high = 0x2000 },
        { .eh_frame_hdr = 0x1000, .eh_high = 0x2000 },
    };
    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
        evprof_step_source_t source;
        assert_false(evprof_step_open(&without[i], 0x110, NULL, &source));
    }
}

/* ---- The kernel's frame of a signal ---- */

static ucontext_t context;

/* Steps out of a frame at `context` through a window of so many bytes. */
static enum evprof_step
step_out(evprof_stepper_t *stepper, size_t window_size)
{
    const uintptr_t begin = (uintptr_t)&context - EVPROF_SIGNAL_CONTEXT;
    *stepper = (evprof_stepper_t){
        .window = { .low = begin,
                    .high = begin + window_size,
                    .limit = begin + window_size },
        .bounds = { (uintptr_t)stack, (uintptr_t)(stack + WORDS) },
    };
    stepper->regs.r[SP] = begin;
    stepper->regs.known = BIT(SP);
    return evprof_step_signal(stepper);
}

static void
test_signal_frames(void **state)
{
    (void)state;
    const size_t needed = EVPROF_SIGNAL_CONTEXT +
                          offsetof(ucontext_t, uc_mcontext) +
                          EVPROF_SIGNAL_REGISTERS;
    evprof_stepper_t stepper;
    context.uc_mcontext.gregs[REG_RIP] = 0x4321;
    context.uc_mcontext.gregs[REG_RBX] = 0xbb;
    context.uc_mcontext.gregs[REG_R15] = 0xf0f;
    /* On the thread's own stack; the handler had another one. */
    context.uc_mcontext.gregs[REG_RSP] = (greg_t)(uintptr_t)(stack + 1);
    assert_int_equal(step_out(&stepper, needed), EVPROF_STEP_OK);
    assert_int_equal(stepper.regs.pc, 0x4321);
    assert_int_equal(stepper.regs.r[RBX], 0xbb);
    assert_int_equal(stepper.regs.r[15], 0xf0f);
    assert_int_equal(stepper.regs.r[SP], (uintptr_t)(stack + 1));
    assert_int_equal(stepper.regs.known, EVPROF_REGS_ALL);
    assert_true(stepper.is_exact);
    assert_int_equal(stepper.window.low, (uintptr_t)stack);
    assert_int_equal(stepper.window.high, (uintptr_t)(stack + WORDS));
    /* On the same one: the window stays, up to its ends. */
    const uintptr_t low = stepper.window.low;
    context.uc_mcontext.gregs[REG_RSP] = (greg_t)(uintptr_t)&context;
    assert_int_equal(step_out(&stepper, needed), EVPROF_STEP_OK);
    assert_int_not_equal(stepper.window.low, low);
    assert_int_equal(stepper.window.high, stepper.window.low + needed);
    context.uc_mcontext.gregs[REG_RSP] =
        (greg_t)((uintptr_t)&context + needed - 1);
    assert_int_equal(step_out(&stepper, needed), EVPROF_STEP_OK);
    assert_int_not_equal(stepper.window.low, low);
    /* A frame that is not all there. */
    assert_int_equal(step_out(&stepper, needed - 1), EVPROF_STEP_UNKNOWN);
    assert_int_equal(step_out(&stepper, 8), EVPROF_STEP_UNKNOWN);
    assert_false(stepper.is_exact);
}

/* A description may say that a frame is the kernel's. */
static void
test_described_signal_frame(void **state)
{
    (void)state;
    section_t s = { .size = 0 };
    section_put_cie(&s, BYTES(1, 'z', 'R', 'S', 0, 1, 0x78, RA, 1, 0));
    section_put_fde(&s,
                    BYTES(0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0));
    evprof_stepper_t stepper = make_stepper();
    stepper.window.low = (uintptr_t)&context;
    stepper.window.high = (uintptr_t)(&context + 1);
    stepper.window.limit = stepper.window.high;
    stepper.regs.r[SP] = (uintptr_t)&context - EVPROF_SIGNAL_CONTEXT;
    stepper.bounds =
        (evprof_stack_bounds_t){ (uintptr_t)stack, (uintptr_t)(stack + WORDS) };
    context.uc_mcontext.gregs[REG_RIP] = 0x4321;
    context.uc_mcontext.gregs[REG_RSP] = (greg_t)(uintptr_t)stack;
    assert_int_equal(step_by(&s, &stepper, 0), EVPROF_STEP_OK);
    assert_int_equal(stepper.regs.pc, 0x4321);
    assert_true(stepper.is_exact);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_empty_frame),
        cmocka_unit_test(test_return_addresses),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_wanted_registers),
        cmocka_unit_test(test_unknown_frame_pointer),
        cmocka_unit_test(test_copied_tables),
        cmocka_unit_test(test_signal_frames),
        cmocka_unit_test(test_described_signal_frame),
    };
    return cmocka_run_group_tests_name("unwind rules", tests, NULL, NULL);
}
